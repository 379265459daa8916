"""partner STATE: the other end of a program in trouble; counts how often it is told."""

import sys

import ump

import poly

channel = poly.parent()
channel.send(b"there")
told = 0
message = bytes(200)
for _ in range(2):  # the second time it must still be dead
    try:
        while told == 0:
            if sys.argv[1] == "receive":
                channel.send(message)
            else:
                channel.recv()
        channel.send(b"")
    except ump.ChannelDied:
        told += 1
print("partner: told %d" % (told - 1))
