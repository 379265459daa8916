"""What every transport keeps to (SPEC TRN-1 to TRN-6, UMP-7, UMP-8, IDL-7), and what ports tell
of it (packets.py): one function a rule.

A rule takes a link (links.py) and raises AssertionError where it is broken. What is called
clogged: the far side is not served. `check(link, rule, arguments)` runs one and sees to it
that nothing was done from within something else and that each end was told once.
"""

import packets
from ends import message

CLOSED_ONCE = ("closed", ["Misuse"], 1)
DEAD_ONCE = ("dead", ["PeerDied"], 1)
TRN_BUSY = ("raised", "Busy")
MISUSE = ("raised", "Misuse")
RINGS = (2, 8, 64)


def same(found, wanted):
    assert found == wanted, "%r, not %r" % (found, wanted)


# --- order and credit --------------------------------------------------------------


def messages_arrive_in_order(link, slots):
    """TRN-5: FIFO, whole, both ways, of all lengths."""
    near, far = link.connect("plain", "plain", slots)
    lengths = (2, 59, 60, 61, 119, 120, 121, 0, 300, 1000, 4096)
    sent = []
    back = []
    for number in range(100):
        length = lengths[number % len(lengths)]
        entry = (number if length else -1, length)
        link.send(near, number, length)
        sent.append(entry)
        if number % 3 == 0:
            link.send_back(far, number, length)
            back.append(entry)
    link.settle()
    same(link.far(far, "received"), sent)
    same(link.near(near, "received"), back)
    same(link.near(near, "counters"), (len(sent), len(back)))
    same(link.far(far, "counters"), (len(back), len(sent)))


def no_credit_is_refused_and_nothing_is_lost(link, slots):
    """TRN-4: with a clogged peer a send is refused when the ring is full, and changes nothing."""
    near, far = link.connect("plain", "plain", slots)
    same(link.near(near, "credit"), slots)
    accepted = link.near(near, "send_many", 0, slots + 5, 60)
    same(accepted, slots)
    same(link.near(near, "credit"), 0)
    for _ in range(3):
        same(link.near(near, "send", 999, 60), False)
    same(link.far(far, "received"), [])
    link.settle()
    same(link.far(far, "received"), [(number, 60) for number in range(slots)])
    same(link.near(near, "credit"), slots)
    same(link.near(near, "send", 500, 60), True)
    link.settle()
    same(link.far(far, "received")[-1], (500, 60))


def on_credit_fires_once(link, slots):
    """TRN-4: once, when there is credit; not from within; a second registration is refused."""
    near, far = link.connect("plain", "plain", slots)
    link.near(near, "on_credit")
    same(link.near(near, "get", "credit_calls"), 0)
    link.settle()
    same(link.near(near, "get", "credit_calls"), 1)
    link.near(near, "send_many", 0, slots, 60)
    same(link.near(near, "on_credit"), None)
    same(link.near(near, "on_credit"), MISUSE)
    for _ in range(5):
        link.side.serve()
    same(link.near(near, "get", "credit_calls"), 1)
    link.settle()
    same(link.near(near, "get", "credit_calls"), 2)
    link.near(near, "send_many", 0, slots, 60)
    link.settle()
    same(link.near(near, "get", "credit_calls"), 2)


def continuations_run_in_order(link, slots):
    """TRN-4: each when its message was accepted, not from within the send; then Busy."""
    near, far = link.connect("binding", "binding", slots)
    for arg in range(3 * slots):
        link.until(lambda: link.near(near, "can_send"))
        ran = len(link.near(near, "seen")[1])
        same(link.near(near, "tell", arg), None)
        same(len(link.near(near, "seen")[1]), ran)
        same(link.near(near, "tell", 999), TRN_BUSY)
    link.settle()
    same(link.near(near, "seen"), ([], list(range(3 * slots))))
    same(link.far(far, "seen"), (list(range(3 * slots)), []))


def register_send_waits_for_credit(link, slots):
    """TRN-4, IDL-5: Flounder's register_send on a clogged channel."""
    near, far = link.connect("binding", "binding", slots)
    count = 0
    while link.near(near, "tell", count) is None:
        count += 1
        link.side.serve()
    same(count, slots)
    same(link.near(near, "register"), None)
    same(link.near(near, "register"), MISUSE)
    link.side.serve()
    assert "credit" not in link.near(near, "seen")[1]
    link.settle()
    same(link.near(near, "seen")[1], list(range(slots)) + ["credit"])
    same(link.far(far, "seen")[0], list(range(slots)))


def sends_wait_their_turn(link, slots):
    """TRN-4: awaited sends are done in order, and what is plain does not overtake."""
    near, far = link.connect("client", "server", slots)
    for arg in range(slots + 20):
        link.near(near, "tell", arg)
    done = link.near(near, "results")
    same(done[:slots], [("value", None)] * slots)
    same(done[slots:], [None] * 20)
    link.settle()
    same(link.near(near, "results"), [("value", None)] * (slots + 20))
    same(link.far(far, "seen"), list(range(slots + 20)))


# --- trains ------------------------------------------------------------------------


def trains_may_be_longer_than_the_ring(link, slots):
    """UMP-8: they begin with one credit and go on as credits return; both ways at once."""
    length = 65535
    near, far = link.connect("plain", "plain", slots, length)
    same(link.near(near, "send", 1, length), True)
    same(link.far(far, "send", 2, length), True)
    link.settle()
    same(link.far(far, "received"), [(1, length)])
    same(link.near(near, "received"), [(2, length)])


def nothing_comes_between_the_parts_of_a_train(link, slots):
    """UMP-8: until it is all in the ring, all else is refused."""
    near, far = link.connect("plain", "plain", slots)
    length = (slots + 3) * 60
    same(link.near(near, "send", 1, min(length, 4096)), True)
    refused = 0
    for number in range(2, 40):
        while not link.near(near, "send", number, 2 + number):
            refused += 1
            link.serve()
    assert refused or length > 4096
    link.settle()
    same([entry[0] for entry in link.far(far, "received")], list(range(1, 40)))


# --- many channels of one port -----------------------------------------------------


def a_flood_leaves_others_their_turn(link, slots):
    """TRN-5: within a level, by quanta."""
    flood, far_flood = link.connect("plain", "plain", 64)
    quiet, far_quiet = link.connect("plain", "plain", slots)
    same(link.far(far_flood, "send_many", 0, 64, 60), 64)
    same(link.far(far_quiet, "send", 1, 60), True)
    while (quiet, 1) not in link.side.order:
        link.serve()
    before = link.side.order.index((quiet, 1))
    link.settle()
    same(len(link.side.order), 65)
    assert before < 64, "the quiet one came last"


def higher_levels_come_first(link, slots):
    """TRN-5: and lower ones are not starved."""
    lower, far_lower = link.connect("plain", "plain", slots, level=3)
    higher, far_higher = link.connect("plain", "plain", slots, level=0)
    same(link.far(far_lower, "send", 1, 60), True)
    same(link.far(far_higher, "send", 2, 60), True)
    link.settle()
    same(link.side.order, [(higher, 2), (lower, 1)])
    number = 3
    while (lower, 3) not in link.side.order:
        link.far(far_higher, "send", number, 60)
        if number == 3:
            link.far(far_lower, "send", 3, 60)
        number += 1
        link.serve()
        assert number < 200, "starved"


def many_channels_keep_apart(link, slots):
    """TRN-1: what one carries, no other does."""
    ends = [link.connect("plain", "plain", slots) for _ in range(6)]
    for number in range(20):
        for place, (near, _) in enumerate(ends):
            link.send(near, number * 16 + place, 2 + 9 * place)
    link.settle()
    for place, (near, far) in enumerate(ends):
        wanted = [(number * 16 + place, 2 + 9 * place) for number in range(20)]
        same(link.far(far, "received"), wanted)
        same(link.near(near, "received"), [])


def another_port_may_serve_it(link, slots):
    """PORT-1, IDL-5 (change_port): from then on, and the old one does not."""
    from poly.port import Port

    near, far = link.connect("plain", "plain", slots)
    other = Port()
    link.side.ends[near].transport.change_port(other)
    same(link.far(far, "send", 1, 60), True)
    for _ in range(5):
        link.serve()
    same(link.near(near, "received"), [])
    while other.serve():
        pass
    same(link.near(near, "received"), [(1, 60)])
    link.side.ends[near].transport.change_port(link.side.port)
    same(link.far(far, "send", 2, 60), True)
    link.settle()
    same(link.near(near, "received"), [(1, 60), (2, 60)])


# --- who calls whom ----------------------------------------------------------------


def nobody_is_entered_from_within_a_send(link, slots):
    """TRN-3: a receiver that sends back at once; check() looks at what was nested."""
    near, far = link.connect("plain", "plain", slots)
    link.far(far, "set", "replies", True)
    for number in range(3 * slots):
        link.send(near, number, 60)
        link.settle()
    wanted = [(number, 60) for number in range(3 * slots)]
    same(link.near(near, "received"), wanted)
    for inside, what in link.nested():
        same((inside, what), ("receive", "send"))  # the reply, by the receiver itself
    link.side.nested = []


def calls_are_answered_in_order(link, slots):
    """CALL-1, TRN-3: results, and errors for the calls whose method failed."""
    near, far = link.connect("client", "server", slots)
    for arg in range(30):
        link.near(near, "ask", arg)
    link.until(lambda: None not in link.near(near, "results"))
    wanted = [("value", arg + 1) for arg in range(30)]
    wanted[13] = "ServerFailed"
    same(link.near(near, "results"), wanted)
    same(link.far(far, "seen"), list(range(30)))


def a_call_may_be_answered_at_once(link, slots):
    """CALL-3: by the other end on this core, unless it would overtake something."""
    near, far = link.connect("client", "server", slots)
    link.meet(near, far)
    for arg in (20, 13, 30):
        link.near(near, "ask", arg)
        link.settle()
    link.near(near, "tell", 40)
    link.near(near, "ask", 41)
    same(link.far(far, "seen")[:3], [20, 13, 30])
    link.settle()
    same(link.far(far, "seen"), [20, 13, 30, 40, 41])
    results = [("value", 21), "ServerFailed", ("value", 31), ("value", None), ("value", 42)]
    same(link.near(near, "results"), results)
    same(link.near(near, "counters"), (5, 4))
    same(link.far(far, "counters"), (4, 5))
    link.far(far, "close")
    link.settle()
    same(link.near(near, "ask", 50), MISUSE)
    same(link.near(near, "ending"), CLOSED_ONCE)


def capabilities_come_with_their_message(link, slots):
    """IDL-7: never before or after it."""
    near, far = link.connect("plain", "plain", slots)
    irefs = ((0, 3, 9), (0, 15, 65535))
    for number in range(10):
        caps = irefs[: number % 3]
        link.send(near, number, 100, caps)
    link.settle()
    same(link.far(far, "received"), [(number, 100) for number in range(10)])
    same(link.far(far, "received_caps"), [irefs[0], irefs[0], irefs[1]] * 3)


# --- close -------------------------------------------------------------------------


def either_end_may_close(link, slots, who):
    """TRN-6: what was accepted arrives, then both are closed; no new sends."""
    near, far = link.connect("plain", "plain", slots)
    same(link.near(near, "send_many", 0, slots, 60), slots)
    same(link.far(far, "send_many", 0, slots, 60), slots)
    if who != "far":
        link.near(near, "close")
        same(link.near(near, "send", 99, 60), MISUSE)
        same(link.near(near, "state"), "closing")
    if who != "near":
        link.far(far, "close")
        same(link.far(far, "send", 99, 60), MISUSE)
    link.settle()
    wanted = [(number, 60) for number in range(slots)]
    same(link.far(far, "received"), wanted)
    same(link.near(near, "received"), wanted)
    same(link.near(near, "ending"), CLOSED_ONCE)
    same(link.far(far, "ending"), CLOSED_ONCE)
    assert link.near(near, "fault") in link.CLOSED, link.near(near, "fault")
    for _ in range(2):
        link.near(near, "close")  # harmless
        same(link.near(near, "send", 99, 60), MISUSE)
    same(link.near(near, "ending"), CLOSED_ONCE)


def a_train_goes_before_the_close(link, slots):
    """TRN-6, UMP-8: closing waits for what was accepted and has no credit yet."""
    near, far = link.connect("plain", "plain", slots)
    same(link.near(near, "send", 1, 4096), True)
    link.near(near, "close")
    link.settle()
    same(link.far(far, "received"), [(1, 4096)])
    same(link.near(near, "ending"), CLOSED_ONCE)
    same(link.far(far, "ending"), CLOSED_ONCE)


def who_does_not_close_may_go_on_sending(link, slots):
    """TRN-6: one end has closed, the other still answers; then it closes too."""
    near, far = link.connect("plain", "plain", slots)
    link.far(far, "set", "closes_back", False)
    link.near(near, "close")
    link.settle()
    same(link.far(far, "get", "peer_closed"), 1)
    same(link.near(near, "state"), "closing")
    for number in range(3 * slots):
        link.send_back(far, number, 60)
    link.settle()
    same(len(link.near(near, "received")), 3 * slots)
    link.far(far, "close")
    link.settle()
    same(link.near(near, "ending"), CLOSED_ONCE)
    same(link.far(far, "ending"), CLOSED_ONCE)


def admitted_calls_are_answered_before_the_close(link, slots):
    """TRN-6: calls that wait for credit too."""
    near, far = link.connect("client", "server", slots)
    calls = min(slots + 3, 64)
    for arg in range(20, 20 + calls):
        link.near(near, "ask", arg)
    link.near(near, "close")
    same(link.near(near, "ask", 1), MISUSE)
    link.settle()
    same(link.near(near, "results"), [("value", arg + 1) for arg in range(20, 20 + calls)])
    same(link.near(near, "ending"), CLOSED_ONCE)
    same(link.far(far, "ending"), CLOSED_ONCE)


def a_server_that_closes_ends_each_call_once(link, slots):
    """TRN-6, CALL-1: calls that cross its close end by an answer or an error, all of them."""
    near, far = link.connect("client", "server", slots)
    for arg in range(20, 20 + slots):
        link.near(near, "ask", arg)
    link.far(far, "close")
    link.settle()
    for place, result in enumerate(link.near(near, "results")):
        assert result in (("value", 21 + place), "PeerBroke"), result
    same(link.near(near, "ending"), CLOSED_ONCE)
    same(link.far(far, "ending"), CLOSED_ONCE)


# --- death -------------------------------------------------------------------------

STEPS = ("fresh", "asked", "answered", "full", "train", "closing", "credit")


def death_is_told_once(link, slots, how, step):
    """TRN-6, CALL-1: to the end and each outstanding call, whatever was under way."""
    calls, far_calls = link.connect("client", "server", slots)
    plain, far_plain = link.connect("plain", "plain", slots)
    asked = {"fresh": 0, "asked": 1, "answered": 1, "full": slots + 5}.get(step, 2)
    for arg in range(20, 20 + asked):
        link.near(calls, "ask", arg)
    if step != "fresh":
        link.side.serve()  # from now on it sleeps until something rings
    if step == "answered":
        link.serve_far()  # its answers lie in the ring
        link.far(far_plain, "send", 7, 60)
    elif step == "train":
        link.near(plain, "send", 1, 4096)
        link.far(far_plain, "send", 1, 4096)
        link.side.serve()
    elif step == "closing":
        link.near(calls, "close")
        link.near(plain, "close")
        link.side.serve()
    elif step == "credit":
        link.near(plain, "send_many", 0, slots, 60)
        link.near(plain, "on_credit")
    link.kill(how)
    while link.side.serve():
        pass
    results = link.near(calls, "results")
    same(len(results), asked)
    if link.DIRECT or step == "answered":
        same(results, [("value", arg + 1) for arg in range(20, 20 + asked)])
    else:
        same(results, ["PeerDied"] * asked)
    if step == "answered":
        same(link.near(plain, "received"), [(7, 60)])
    for end in (calls, plain):
        same(link.near(end, "ending"), DEAD_ONCE)
        link.near(end, "die", link.death())
    while link.side.serve():
        pass
    for end in (calls, plain):
        same(link.near(end, "ending"), DEAD_ONCE)
    for end, what in ((plain, ("send", 1, 60)), (calls, ("ask", 1))):
        same(link.near(end, *what), ("raised", "PeerDied"))
    same(link.near(plain, "get", "credit_calls"), 0)
    same(link.near(plain, "fault"), "peer died")


# --- hostile -----------------------------------------------------------------------


def a_wrong_kind_ends_its_channel_alone(link, slots, kind):
    """UMP-7: and no other."""
    near, far = link.connect("plain", "bare", slots)
    beside, far_beside = link.connect("client", "server", slots)
    same(link.far(far, "post", bytes(message(1, 60))), True)
    same(link.far(far, "post", b"abc", kind), True)
    link.near(beside, "ask", 1)
    link.settle()
    same(link.near(near, "received"), [(1, 60)])
    same(link.near(near, "ending")[0], "dead")
    same(len(link.near(near, "ending")[1]), 1)
    same(link.near(near, "ending")[2], 1)
    same(link.near(beside, "results"), [("value", 2)])
    same(link.near(near, "send", 1, 60), ("raised", "PeerBroke"))


def what_follows_a_close_is_harmless(link, slots):
    """TRN-6, UMP-7: a peer that goes on after its FIN; the end is told once."""
    near, far = link.connect("plain", "bare", slots)
    beside, far_beside = link.connect("client", "server", slots)
    for data, kind in ((b"", FIN), (bytes(message(1, 60)), 0), (b"", FIN), (b"abc", 0)):
        link.far(far, "post", data, kind)
    link.near(beside, "ask", 1)
    link.settle()
    state, told, released = link.near(near, "ending")
    assert state in ("closed", "dead"), state
    same((len(told), released), (1, 1))
    same(link.near(near, "get", "peer_closed"), 1)
    same(link.near(beside, "results"), [("value", 2)])


FIN = 2  # kind of the message that closes
LINE = 64
FIRST_SLOT, HEADER = 3 * LINE, 60
CONSUMED = 0


def header(last, length, sequence):
    """Of a slot of the ring's first round: epoch, last, kind, length, sequence."""
    return 1 | last << 1 | length << 8 | sequence << 16


# What a peer may write into the region, and what comes of it: (slot, word) of the ring that
# it sends on. Longest message: 100 bytes.
BAD_SLOTS = (
    ("peer sent a bad length", ((0, header(1, 61, 0)),)),
    ("peer sent a bad length", ((0, header(1, 255, 0)),)),
    ("peer sent a bad length", ((0, header(0, 59, 0)),)),  # a train cut short
    ("peer sent a bad sequence number", ((0, header(1, 4, 1)),)),
    ("peer sent a bad sequence number", ((0, header(0, 60, 0)), (1, header(1, 4, 2)))),
    ("peer sent an overlong train", ((0, header(0, 60, 0)), (1, header(1, 41, 1)))),
    ("peer sent an overlong train", ((0, header(0, 60, 0)), (1, header(0, 60, 1)))),
)


def a_bad_slot_ends_its_channel_alone(link, slots, which):
    """UMP-7: with the reason; what came before it was received."""
    reason, words = BAD_SLOTS[which]
    near, far = link.connect("plain", "bare", slots, 100)
    beside, far_beside = link.connect("client", "server", slots)
    ring = FIRST_SLOT + slots * LINE
    for slot, word in words:
        link.poke(near, ring + FIRST_SLOT + slot * LINE + HEADER, word)
    check_broken(link, near, beside, reason)


def a_bad_count_ends_its_channel_alone(link, slots, count):
    """UMP-7: of slots that were consumed; seen by the next send that needs it."""
    near, far = link.connect("plain", "bare", slots, 100)
    beside, far_beside = link.connect("client", "server", slots)
    link.poke(near, CONSUMED, count)
    while link.near(near, "send", 1, 60) is True:
        link.side.serve()
    check_broken(link, near, beside, "peer acknowledged what was not sent")


def a_call_finds_a_bad_count(link, slots):
    """UMP-7: where a call of plain numbers is the send that sees it."""
    near, far = link.connect("client", "bare", slots)
    link.poke(near, CONSUMED, slots + 9)
    asked = 0
    found = link.near(near, "ask", 1)
    while isinstance(found, int) and asked < 60:
        asked += 1
        found = link.near(near, "ask", 1)
    same(found, ("raised", "PeerBroke"))
    link.settle()
    same(link.near(near, "ending"), ("dead", ["PeerBroke"], 1))
    same(link.near(near, "results"), ["PeerBroke"] * asked)


def check_broken(link, near, beside, reason):
    """That one channel is dead for this reason, told once, and the one beside is not."""
    for number in range(3):
        link.near(beside, "ask", number + 1)
        link.settle()
    same(link.near(near, "ending"), ("dead", ["PeerBroke"], 1))
    assert link.near(near, "reason").endswith(reason), link.near(near, "reason")
    same(link.near(near, "send", 1, 60), ("raised", "PeerBroke"))
    same(link.near(beside, "results"), [("value", number + 2) for number in range(3)])


# --- a peer that is served at any time ------------------------------------------------


def with_a_free_peer(link, rule, slots):
    """That rule, while the other core serves its ends all the time."""
    link.set_free()
    rule(link, slots)


# --- running them ------------------------------------------------------------------

BY_SLOTS = (
    messages_arrive_in_order,
    no_credit_is_refused_and_nothing_is_lost,
    on_credit_fires_once,
    continuations_run_in_order,
    register_send_waits_for_credit,
    sends_wait_their_turn,
    nothing_comes_between_the_parts_of_a_train,
    calls_are_answered_in_order,
    who_does_not_close_may_go_on_sending,
    admitted_calls_are_answered_before_the_close,
    a_server_that_closes_ends_each_call_once,
)
FREE = (  # whose peer may be served at any time
    messages_arrive_in_order,
    continuations_run_in_order,
    calls_are_answered_in_order,
    who_does_not_close_may_go_on_sending,
    admitted_calls_are_answered_before_the_close,
    a_server_that_closes_ends_each_call_once,
    nobody_is_entered_from_within_a_send,
    capabilities_come_with_their_message,
    trains_may_be_longer_than_the_ring,
    a_train_goes_before_the_close,
)
WITH_EIGHT = (
    what_follows_a_close_is_harmless,
    a_flood_leaves_others_their_turn,
    higher_levels_come_first,
    many_channels_keep_apart,
    another_port_may_serve_it,
    nobody_is_entered_from_within_a_send,
    a_call_may_be_answered_at_once,
    capabilities_come_with_their_message,
)


def cases(deaths, shares):
    """(name, rule, arguments) of all: `deaths` are the ways in which a link's far side dies,
    `shares` says whether the peer can write into what both share."""
    found = []
    for slots in RINGS:
        found += [(rule, (slots,)) for rule in BY_SLOTS]
    found += [(rule, (8,)) for rule in WITH_EIGHT]
    for slots in (2, 64):
        found.append((trains_may_be_longer_than_the_ring, (slots,)))
        found.append((a_train_goes_before_the_close, (slots,)))
        found += [(either_end_may_close, (slots, who)) for who in ("near", "far", "both")]
    found += [(death_is_told_once, (8, how, step)) for how in deaths for step in STEPS]
    found += [(a_wrong_kind_ends_its_channel_alone, (8, kind)) for kind in (1, 3, 40, 62)]
    found += packets.cases(deaths)
    if shares:
        found += [(a_bad_slot_ends_its_channel_alone, (8, at)) for at in range(len(BAD_SLOTS))]
        found += [(a_bad_count_ends_its_channel_alone, (8, count)) for count in (9, 0xFFFFFF00)]
        found.append((a_call_finds_a_bad_count, (8,)))
        found += [(with_a_free_peer, (rule, slots)) for rule in FREE for slots in (2, 8)]
    return [(name_of(rule, arguments), rule, arguments) for rule, arguments in found]


def name_of(rule, arguments):
    parts = [getattr(part, "__name__", str(part)) for part in arguments]
    return "%s(%s)" % (rule.__name__, ", ".join(parts))


def check(make, rule, arguments):
    """Run one over a new link, which is given back."""
    link = make()
    try:
        rule(link, *arguments)
        if not getattr(link, "dead", False):
            same([entry for entry in link.nested() if entry[0] == "send"], [])
    finally:
        link.close()
