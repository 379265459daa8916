"""watcher CORE STATE: spawns `trouble` there, restarts the core unless it dies by itself, and
counts how often it is told."""

import sys
import time

import cpu

import poly

core = int(sys.argv[1])
state = sys.argv[2]
before = cpu.generation(core)
child = poly.spawn(core, "trouble", (state,))
finish, told = child.finish, []


def counted(status):
    told.append(status)
    finish(status)


child.finish = counted
child.channel.recv()
time.sleep_ms(60)
if state not in ("fault", "overflow"):
    poly.restart(core)
try:
    child.wait(5000)
except poly.PeerDied as died:
    print("watcher: died in generation %d" % (died.generation - before))
child.close()
status = poly.status(core)
while poly.status((core + 1) % poly.cores()).name:
    time.sleep_ms(5)
print("watcher: told", told, "generation +%d" % (status.generation - before), "%r" % status.name)
