"""fixed_memory KIND COUNT: so many messages (tests/conformance/fixed.py) between ends on this
core, then to a core beside, with the heaps locked: how many came, how many of them were wrong,
and by how many bytes the heaps grew."""

import sys

import cpu
import ump
from fixed import LONGEST, Sender, locked, receive, receiver

import poly
from poly.port import default_port
from poly.transport import Transport

SLOTS = 64
WARM_UP = 200  # messages that come first: what is allocated once, is now
what, count = sys.argv[1], int(sys.argv[2])
kernel = cpu.this()
port = default_port()


def ignore(reason):
    pass


def both(sender, session, count):
    sender.run(port, count)
    receive(port, session, count)


def here():
    bells = kernel.doorbells.take(), kernel.doorbells.take()
    channels = ump.Channel.pair(SLOTS, bells[0], bells[1], LONGEST)
    ends = [
        Transport("fixed", "LMP", channels[side], LONGEST, bells[side], port, 0, ignore)
        for side in (0, 1)
    ]
    sender, session = Sender(ends[0], what), receiver(ends[1], what)
    both(sender, session, WARM_UP)
    session.handled = 0
    grown = locked(lambda: both(sender, session, count))
    print("LMP", session.handled, session.wrong, grown)
    for side in (0, 1):
        ends[side].fail("over")
        kernel.doorbells.release(bells[side])


def there():
    length = ump.Channel.region_bytes(SLOTS)
    offset = kernel.arena.allocate(length)
    cpu.map(offset, length)
    cpu.zero(offset, length)
    bell = kernel.doorbells.take()
    core = (poly.core() + 1) % poly.cores()
    arguments = [what, str(count), str(offset), str(SLOTS), str(poly.core()), str(bell)]
    with poly.spawn(core, "fixed_far", arguments) as child:
        peer_bell = int(child.channel.recv())
        channel = ump.Channel(offset, SLOTS, 0, bell, core, peer_bell, False, LONGEST)
        end = Transport("fixed", "UMP", channel, LONGEST, bell, port, core, ignore)
        sender = Sender(end, what)
        sender.run(port, WARM_UP)
        child.channel.recv()
        grown = locked(lambda: sender.run(port, count))
        print("UMP", child.channel.recv().decode(), grown)
        end.fail("over")
        child.wait()
    cpu.unmap(offset, length)
    kernel.arena.release(offset)
    kernel.doorbells.release(bell)


here()
there()
