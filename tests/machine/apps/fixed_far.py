"""fixed_far WHAT COUNT OFFSET SLOTS CORE BELL: receives for fixed_memory.py."""

import sys

import cpu
import ump
from fixed import LONGEST, locked, receive, receiver

import poly
from poly.port import default_port
from poly.transport import Transport

WARM_UP = 200
what = sys.argv[1]
count, offset, slots, core, peer_bell = [int(text) for text in sys.argv[2:]]
kernel = cpu.this()
port = default_port()
cpu.map(offset, ump.Channel.region_bytes(slots))
bell = kernel.doorbells.take()
channel = ump.Channel(offset, slots, 1, bell, core, peer_bell, False, LONGEST)
end = Transport("fixed", "UMP", channel, LONGEST, bell, port, core, lambda reason: None)
session = receiver(end, what)
poly.parent().send(b"%d" % bell)
receive(port, session, WARM_UP)
session.handled = 0
poly.parent().send(b"ready")
grown = locked(lambda: receive(port, session, count))
poly.parent().send(b"%d %d %d" % (session.handled, session.wrong, grown))

end.fail("over")
kernel.doorbells.release(bell)
cpu.unmap(offset, ump.Channel.region_bytes(slots))
