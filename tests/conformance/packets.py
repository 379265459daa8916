"""What ports tell of channels (SPEC PORT-3, PORT-4): a rule is a function as in rules.py."""

from poly.errors import Exhausted, Misuse, PeerDied
from poly.events import Busy
from poly.port import COMPLETION, CREDIT, DEATH, Port


def same(found, wanted):
    assert found == wanted, "%r, not %r" % (found, wanted)


def packets_of(link, port):
    """All that are there once nothing is under way: (key, kind, class of the status)."""
    while link.side.serve():
        pass
    found = []
    packet = port.wait(0)
    while packet is not None:
        status = packet.status and type(packet.status)
        found.append((packet.key, packet.kind, status))
        packet = port.wait(0)
    return found


def view_of(link, index):
    return link.side.ends[index].view


def refused(error, function, *arguments):
    try:
        function(*arguments)
    except error as found:
        return str(found)
    raise AssertionError("not refused")


def a_death_is_one_packet(link, slots, how):
    """PORT-3: for each watch of the channel, after its calls' completions; to a watch that
    starts later, at once."""
    calls, _ = link.connect("client", "server", slots)
    binding, _ = link.connect("binding", "binding", slots)
    port, other = Port(), Port()
    port.death(view_of(link, calls), "calls")
    port.death(view_of(link, binding), "binding")
    other.death(view_of(link, calls), "again")
    taken_back = other.death(view_of(link, binding), "never")
    taken_back.cancel()
    port.add(link.side.ends[calls].calls[link.near(calls, "ask", 20)], "call")
    if not link.DIRECT:
        same(packets_of(link, port), [])
    link.kill(how)
    got = packets_of(link, port)
    wanted = [
        ("binding", DEATH, PeerDied),
        ("call", COMPLETION, None if link.DIRECT else PeerDied),
        ("calls", DEATH, PeerDied),
    ]
    same(sorted(got, key=str), wanted)
    assert got.index(wanted[1]) < got.index(wanted[2]), got
    same(packets_of(link, other), [("again", DEATH, PeerDied)])
    for end in (calls, binding):
        link.near(end, "die", link.death())
    same(packets_of(link, port), [])
    port.death(view_of(link, calls), "late")
    same(packets_of(link, port), [("late", DEATH, PeerDied)])
    taken_back.cancel()
    same((port.promised, other.promised), (0, 0))


def a_close_is_one_packet(link, slots):
    """PORT-3: the end of a channel that was closed tells a watch too, and nobody waits on."""
    near, far = link.connect("client", "server", slots)
    port = Port()
    watch = port.death(view_of(link, near), "closed")
    link.far(far, "close")
    link.settle()
    packet = port.wait(0, source=view_of(link, near))
    same((packet.key, packet.kind, type(packet.status)), ("closed", DEATH, Misuse))
    watch.cancel()
    same((port.wait(0), port.promised), (None, 0))


def fill(binding, slots):
    """Send until it is refused."""
    tx = binding.tx
    for number in range(slots):
        tx.basic(number)
    refused(Busy, tx.basic, slots)


def credit_is_a_packet_when_asked_for(link, slots):
    """PORT-3, TRN-4: one for each time that a port asked, none while there is no credit."""
    near, far = link.connect("binding", "binding", slots)
    binding = view_of(link, near)
    port = Port()
    for key in range(3):
        fill(binding, slots)
        port.credit(binding, key)
        refused(Misuse, port.credit, binding, "second")
        same(packets_of(link, port), [])
        link.settle()
        same(packets_of(link, port), [(key, CREDIT, None)])
        link.settle()
        same(packets_of(link, port), [])
    same(link.far(far, "seen")[0], list(range(slots)) * 3)
    same(port.promised, 0)
    port.credit(binding, "at once")
    same(packets_of(link, port), [("at once", CREDIT, None)])


def credit_may_be_taken_back(link, slots):
    """PORT-3: no packet, queued or to come; then it may be asked for anew."""
    near, far = link.connect("binding", "binding", slots)
    binding = view_of(link, near)
    port = Port(depth=1)
    fill(binding, slots)
    port.credit(binding, "never").cancel()
    watch = port.credit(binding, "queued")
    refused(Exhausted, port.death, binding)
    link.settle()
    watch.cancel()
    same((port.wait(0), port.promised), (None, 0))
    fill(binding, slots)
    port.credit(binding, "asked anew")
    link.settle()
    same(packets_of(link, port), [("asked anew", CREDIT, None)])


def credit_ends_with_the_channel(link, slots, how):
    """PORT-3: one packet, with the error; the end is told beside it."""
    near, far = link.connect("binding", "binding", slots)
    binding = view_of(link, near)
    port = Port()
    fill(binding, slots)
    port.credit(binding, "credit")
    port.death(binding, "death")
    link.kill(how)
    wanted = [("credit", CREDIT, PeerDied), ("death", DEATH, PeerDied)]
    same(sorted(packets_of(link, port), key=str), wanted)
    refused(PeerDied, port.credit, binding)
    same(port.promised, 0)


def a_client_has_credit_when_nothing_waits(link, slots):
    """PORT-3: messages that wait their turn go first."""
    near, far = link.connect("client", "server", slots)
    client = view_of(link, near)
    port = Port()
    for arg in range(slots + 2):
        link.near(near, "tell", arg)
    port.credit(client, "credit")
    same(packets_of(link, port), [])
    link.settle()
    same(link.near(near, "results"), [("value", None)] * (slots + 2))
    same(packets_of(link, port), [("credit", CREDIT, None)])


def cases(deaths):
    """(rule, arguments) of all."""
    by_slots = (
        a_close_is_one_packet,
        credit_is_a_packet_when_asked_for,
        credit_may_be_taken_back,
        a_client_has_credit_when_nothing_waits,
    )
    found = [(rule, (slots,)) for rule in by_slots for slots in (2, 8)]
    for how in deaths:
        found.append((a_death_is_one_packet, (8, how)))
        found.append((credit_ends_with_the_channel, (8, how)))
    return found
