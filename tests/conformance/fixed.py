"""Messages with the heap locked, at both ends: what a sender and a receiver do for each.

A run is (transport, view, length): frames of `length` bytes of idctest.basic through
try_send ("frames"), the same by the stub of a client ("typed"), and trains ("trains").
"""

import gc

import cpu
import micropython
from interfaces import idctest

TRAIN = 300  # bytes: six slots
LONGEST = idctest.FRAME_BYTES


class Count:
    """A session, and a view that only counts."""

    def __init__(self):
        self.handled = 0
        self.wrong = 0

    def basic(self, arg):
        if arg != self.handled:
            self.wrong += 1
        self.handled += 1

    def basic_rpc(self, arg):
        return arg

    def receive(self, buffer, length, caps):
        if length != TRAIN or buffer[0] != self.handled & 255:
            self.wrong += 1
        self.handled += 1

    def peer_closes(self):
        pass

    def ended(self, error):
        pass


def receiver(transport, what):
    """The Count of an end that takes messages of such a run."""
    count = Count()
    if what == "trains":
        transport.open(count, count.receive)
    else:
        count.view = idctest.Server(transport, count)
    return count


class Sender:
    """Sends numbered messages when there is credit; allocates nothing after its making."""

    def __init__(self, transport, what):
        self.transport = transport
        self.what = what
        self.buffer = bytearray(LONGEST)
        self.credit = False
        self.credit_came = self.note_credit
        if what == "trains":
            transport.open(Count(), None)
            self.length = TRAIN
        else:
            self.client = idctest.Client(transport)
            self.length = idctest.pack_basic(self.buffer, 0)
        self.send = getattr(self, "send_" + what)

    def send_typed(self, number):
        if not self.transport.credit():
            return False
        self.client.basic(number)
        return True

    def send_frames(self, number):
        idctest.pack_basic(self.buffer, number)
        return self.transport.try_send(self.buffer, self.length)

    def send_trains(self, number):
        self.buffer[0] = number & 255
        return self.transport.try_send(self.buffer, TRAIN)

    def note_credit(self):
        self.credit = True

    def run(self, port, count):
        """Send so many, serving the port where credit is awaited."""
        for number in range(count):
            while not self.send(number):
                self.credit = False
                self.transport.on_credit(self.credit_came)
                while not self.credit:
                    if not port.serve():
                        cpu.wait()


def receive(port, session, count):
    """Serve the port until so many have come."""
    while session.handled < count:
        if not port.serve():
            cpu.wait()


def locked(function):
    """Bytes by which the heap has grown when this has run with the heap locked."""
    gc.collect()
    micropython.heap_lock()
    before = gc.mem_alloc()
    try:
        function()
        grown = gc.mem_alloc() - before
    finally:
        micropython.heap_unlock()
    return grown
