"""select.poll over the channels to all other cores, and standard input."""

import select
import sys

import poly

others = [core for core in range(poly.cores()) if core != poly.core()]
children = {core: poly.spawn(core, "answer", slots=4) for core in others}
poll = select.poll()
for child in children.values():
    poll.register(child.channel, select.POLLIN)
poll.register(sys.stdin, select.POLLIN)
assert poll.poll(0) == [(sys.stdin, select.POLLIN)]  # it has ended: who reads need not wait
poll.unregister(sys.stdin)
assert poll.poll(0) == [] and poll.poll(20) == []
seen = 0
for number in range(300):
    for child in children.values():
        child.channel.send(b"%d" % number)
    missing = len(children)
    while missing:
        for channel, flags in poll.poll(5000):
            assert flags == select.POLLIN, flags
            assert channel.recv() == b"%d" % number
            missing -= 1
            seen += 1
for child in children.values():
    poll.modify(child.channel, select.POLLOUT)
ready = poll.poll(0)
assert len(ready) == len(children), ready
for child in children.values():
    child.channel.send(b"", 1)
    child.wait(5000)
    poll.modify(child.channel, select.POLLIN)
assert len(poll.poll(0)) == len(children)  # a dead channel is ready: its reader must hear of it
for child in children.values():
    child.close()
print("polled", seen)
