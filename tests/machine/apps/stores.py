"""Every way to store into memory that cores share: run stores. On another core a second writer
owns the bytes around what is stored, and counts those of its own that it did not find again."""

import io
import struct
import sys
import time

import cpu
import framebuf
import micropython
import uctypes
import ump

import poly

PAGE = 4096
PLACE = 2048 + 64  # of what is stored, in the middle of three pages
ROUND_MS = 400


class Ways:
    """Each stores at `at` and returns how many bytes may change there."""

    def __init__(self, memory, address):
        self.memory = memory
        self.address = address
        self.array = uctypes.bytearray_at(address, len(memory))
        kernel = cpu.this()
        self.bells = kernel.doorbells.take(), kernel.doorbells.take()
        self.ends = ump.Channel.pair(8, *self.bells)
        self.ends[0].send(bytes(400))  # from now on slots are taken several at a time
        self.ends[1].recv()
        self.data = bytes(range(1, 250))

    def close(self):
        for side in range(2):
            self.ends[side].close()
            cpu.this().doorbells.release(self.bells[side])

    def slice(self, at):
        self.memory[at : at + 8] = self.data[:8]
        return 8

    def slice_of_bytearray(self, at):
        self.array[at : at + 13] = self.data[:13]
        return 13

    def slice_of_itself(self, at):
        self.memory[at : at + 40] = self.memory[at + 1 : at + 41]
        return 40

    def items(self, at):
        self.memory[at] = 1
        self.array[at + 1] = 2
        return 2

    def pack(self, at):
        struct.pack_into("<hIQ", self.memory, at + 1, -2, 3, 1 << 63)
        struct.pack_into(">HqdB", self.array, at + 15, 2, -3, 0.5, 5)
        struct.pack_into("7s", self.memory, at + 34, self.data[:3])
        return 41

    def fields(self, at):
        fields = {"a": uctypes.UINT8, "b": uctypes.UINT16 | 2, "c": uctypes.UINT32 | 4}
        fields["d"] = uctypes.INT64 | 8
        fields["e"] = uctypes.FLOAT64 | 16
        fields["f"] = uctypes.BFUINT16 | 24 | 3 << uctypes.BF_POS | 5 << uctypes.BF_LEN
        for layout, shift in ((uctypes.NATIVE, 0), (uctypes.BIG_ENDIAN, 27)):
            record = uctypes.struct(self.address + at + shift, fields, layout)
            record.a = record.b = record.c = record.d = 77
            record.e = 0.25
            record.f = 9
        return 27 + 26

    def stream(self, at):
        io.BytesIO(self.data).readinto(self.memory[at : at + 100])
        return 100

    def short_stream(self, at):
        io.BytesIO(self.data[:5]).readinto(self.memory[at : at + 100])
        return 5

    def message(self, at):
        self.ends[0].send(self.data[:9])
        self.ends[1].recv_into(self.memory[at : at + 400])
        return 9

    def train(self, at):
        """It ends in the midst of a slot."""
        self.ends[0].send(self.data[:121])
        self.ends[1].recv_into(self.memory[at : at + 400])
        return 121

    def taken(self, at):
        self.ends[0].send(self.data[:241])
        self.ends[1].try_recv_into(self.memory[at : at + 400])
        return 241

    def ring(self, at):
        micropython.RingIO(self.memory[at : at + 33]).write(self.data[:32])
        return 33

    def picture(self, at):
        picture = framebuf.FrameBuffer(self.memory[at : at + 66], 11, 3, framebuf.RGB565)
        picture.fill(0x1234)
        return 66


NAMES = [name for name in dir(Ways) if name[0] != "_" and name != "close"]


def check_around(ways, name):
    """Nothing else changes, whatever was there, wherever it is."""
    memory = ways.memory
    for at in range(PLACE, PLACE + 8):
        for fill in (0, 0xFF, 0x5A):
            memory[PAGE // 2 : PAGE] = bytes([fill]) * (PAGE // 2)
            length = getattr(ways, name)(at)
            for place in range(PAGE // 2, PAGE):
                if not at <= place < at + length and memory[place] != fill:
                    print(name, "at", at, "changes byte", place - at, "of", length)
                    return


def neighbour(offset, parent):
    """On the other core: keep writing around a place, and look for what is lost."""
    cpu.map(offset, 3 * PAGE)
    memory = cpu.shared(offset, 3 * PAGE)
    message = parent.recv()
    while message:
        length = int(message)
        mine = [PLACE - 8, PLACE - 3, PLACE - 2, PLACE - 1]
        mine += [
            PLACE + length + behind for behind in (0, 1, 2, 3, 5, 7, 60, 300, 1500, 4096, 6000)
        ]
        lost = written = 0
        for at in mine:
            memory[at] = 0
        parent.send(b"ready")
        while parent.try_recv() is None:
            for value in range(1, 100):
                for at in mine:
                    if memory[at] != value - 1:
                        lost += 1
                    memory[at] = value
            for at in mine:
                memory[at] = 0
            written += 99 * len(mine)
        parent.send(b"%d %d" % (lost, written))
        message = parent.recv()
    cpu.unmap(offset, 3 * PAGE)


def work(core):
    region = poly.Region(3 * PAGE)
    memory = region.memory
    address = uctypes.addressof(memory)
    offset = region.offset
    ways = Ways(memory, address)
    for name in NAMES:
        check_around(ways, name)
    with poly.spawn(core, "stores", [str(offset)]) as child:
        for name in NAMES:
            way = getattr(ways, name)
            length = way(PLACE)
            child.channel.send(b"%d" % length)
            child.channel.recv()
            start = time.ticks_ms()
            while time.ticks_diff(time.ticks_ms(), start) < ROUND_MS:
                for _ in range(20):
                    way(PLACE)
            child.channel.send(b"stop")
            lost, written = map(int, child.channel.recv().split())
            if lost:
                print(name, "takes", lost, "of", written, "bytes from the other writer")
        child.channel.send(b"")
        child.wait()
    # The pages around are not mapped: whatever touches them traps.
    cpu.unmap(offset, PAGE)
    cpu.unmap(offset + 2 * PAGE, PAGE)
    for name in NAMES:
        getattr(ways, name)(PAGE + PLACE)
    memory[PAGE : PAGE + 8] = memory[2 * PAGE - 8 : 2 * PAGE] = b"12345678"
    cpu.map(offset, PAGE)
    cpu.map(offset + 2 * PAGE, PAGE)
    ways.close()
    region.close()
    print(len(NAMES), "ways to store")


def cost():
    memory, data = memoryview(bytearray(2058)), bytes(8)
    memory[0:8] = data
    start = cpu.instructions()
    for _ in range(100):
        memory[0:8] = data
    print((cpu.instructions() - start) // 100)


if poly.parent():
    neighbour(int(sys.argv[1]), poly.parent())
elif len(sys.argv) > 1 and sys.argv[1] == "cost":
    cost()
else:
    work(2)
