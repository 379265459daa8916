"""A send that is interrupted in the middle of its train: the other end never sees that
message, and the next comes whole. The other end interrupts once the ring is full."""

import select
import sys
import time

import cpu

import poly
from poly.core import INTERRUPT

ROUNDS = 100
SLOTS = 4
TRAIN = bytes(20000)


def interrupt():
    channel = poly.parent()
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    for _ in range(ROUNDS):
        # The train stands in the ring, which is not read: its sender waits for credit.
        poll.poll()
        time.sleep_ms(1)
        cpu.this().monitor.stop(0, INTERRUPT)
        message = channel.recv()
        channel.send(b"%d %d" % (len(message), channel.kind))


def send():
    child = poly.spawn(1, "interrupted_sender", ("other",), slots=SLOTS)
    interrupted = 0
    for number in range(ROUNDS):
        try:
            child.channel.send(TRAIN, 2)
        except KeyboardInterrupt:
            interrupted += 1
        length = 1 + number * 3
        child.channel.send(bytes(length), 3)
        answer = child.channel.recv()
        if answer != b"%d 3" % length:
            raise ValueError("%s instead of %d" % (answer, length))
    print("%s interrupted, status %d" % (interrupted == ROUNDS, child.wait(5000)))
    child.close()


if sys.argv[1:]:
    interrupt()
else:
    send()
