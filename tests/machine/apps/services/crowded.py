"""crowded CORE: connect to a service of a core whose heap is full; then look up a name there."""

import sys

from echo_session import refused
from interfaces import echo

import poly

core = int(sys.argv[1])
# Where the heap is full, every attempt looks through all of it.
for how, timeout_ms in (("bare", 5000), ("full", 5000), ("locked", 200)):
    with poly.spawn(core, "crowd", [how]) as child:
        iref = eval(child.channel.recv())
        options = {"timeout_ms": timeout_ms}
        refused(lambda iref=iref, options=options: poly.do(poly.connect(echo, iref, **options)))
        refused(lambda core=core: poly.do(poly.connect(echo, (core, 15, 0))))
        child.kill()
        child.wait()
