"""A receive that is interrupted in the middle of a train: the message comes whole all the
same, also if it was to go into a buffer that is used for something else meanwhile. A callback
holds the sender in its train until the other end was interrupted."""

import sys
import time

import cpu
import micropython

import poly
from poly.core import INTERRUPT
from servers import messages

ROUNDS = 100
SLOTS = 4
IGNORE = 9


def receive():
    channel = poly.parent()
    room = bytearray(30000)
    other_use = bytes(30000)
    for number in range(ROUNDS):
        message = None
        while message is None:
            try:
                if number & 1:
                    message = channel.recv()
                else:
                    message = bytes(room[: channel.recv_into(room)])
                if channel.kind == IGNORE:
                    message = None
            except KeyboardInterrupt:
                room[:] = other_use
                channel.send(b"interrupted", 5)
        whole = message == bytes([number]) * (20000 + number)
        channel.send(b"whole" if whole else b"not whole", 6)


class Sender:
    def __init__(self):
        self.child = poly.spawn(1, "interrupted_receiver", ("other",), slots=SLOTS)
        self.channel = self.child.channel
        self.interrupted = 0
        self.sending = False
        self.again = self.hold

    def in_train(self):
        """Whether a send is under way for sure: there is credit, and no other may start."""
        while not self.channel.credits():
            time.sleep_ms(1)
        return not self.channel.try_send(b"", IGNORE)

    def hold(self, _):
        """Runs between bytecodes, and while a send waits for credit."""
        if not self.sending:
            return
        if not self.in_train():
            micropython.schedule(self.again, None)
            return
        cpu.this().monitor.send(1, messages.STOP, bytes((INTERRUPT,)))
        while self.channel.try_recv() != b"interrupted":
            time.sleep_ms(1)
        self.interrupted += 1

    def run(self):
        for number in range(ROUNDS):
            message = bytes([number]) * (20000 + number)
            self.sending = True
            micropython.schedule(self.again, None)
            self.channel.send(message)
            self.sending = False
            answer = self.channel.recv()
            if answer != b"whole":
                raise ValueError("message %d: %s" % (number, answer))
        print("%s interrupted, status %d" % (self.interrupted > 0, self.child.wait(5000)))
        self.child.close()


if sys.argv[1:]:
    receive()
else:
    Sender().run()
