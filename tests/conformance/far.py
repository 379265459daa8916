"""far: the other core's side of a link (links.py); it does what it is told, and nothing else
unless it was told that it is free: then it serves its ends all the time."""

import cpu
import ump
from ends import Side

import poly
from poly.port import default_port

kernel = cpu.this()
side = Side(default_port())
channel = poly.parent()
held = []  # (bell, offset, length)
buffer = bytearray(ump.MESSAGE_MAX)
free = False


def hear():
    """What it is told next."""
    while True:
        length = channel.take(buffer)
        if length >= 0:
            channel.disarm()
            return eval(bytes(buffer[:length]))
        if not (free and side.serve()) and not channel.arm():
            cpu.wait()


def connect(view, offset, slots, longest, core, peer_bell):
    length = ump.Channel.region_bytes(slots)
    cpu.map(offset, length)
    bell = kernel.doorbells.take()
    held.append((bell, offset, length))
    end = ump.Channel(offset, slots, 1, bell, core, peer_bell, False, longest)
    return side.add(view, "UMP", end, longest, bell, core), bell


words = hear()
while words[0] != "end":
    what, rest = words[0], words[1:]
    if what == "connect":
        answer = connect(*rest)
    elif what == "do":
        answer = side.do(*rest)
    elif what == "free":
        answer = free = True
    elif what == "nested":
        answer = side.nested
    else:
        answer = side.serve()
    channel.send(repr(answer).encode())
    words = hear()
for end in side.ends:
    end.let_go()
for bell, offset, length in held:
    kernel.doorbells.release(bell)
    cpu.unmap(offset, length)
