"""posted COUNT LONGEST [SLOTS]: numbered messages of up to LONGEST bytes both ways at once, by
post and take: to a program on the next core, then through a pair on this core.

Whoever has nothing to do announces it and waits for the doorbell of its end, and for
nothing else. The other program runs this too, with `other` behind the arguments."""

import sys

import cpu
import micropython
import ump

import poly

PATTERN = bytes(range(251))


class End:
    """One end of a channel, and a ledger of what it sent and got."""

    def __init__(self, channel, bell, count, longest, room):
        self.channel = channel
        self.bell = bell
        self.count = count
        self.longest = longest
        self.out = bytearray(PATTERN * (longest // 251 + 2))
        self.got = bytearray(room)
        self.sent = self.received = 0
        self.out_of_here = False  # nothing is left to push

    def length(self, number):
        return number * 7919 % (self.longest + 1)

    def check(self, length):
        number = self.received
        right = length == self.length(number) and self.channel.kind == number % 63
        if right and length:
            right = self.marked(number, 0) and self.marked(number, length - 1)
            if length > 2:
                right = right and self.marked(number, length // 2)
        if not right:
            raise ValueError("message %d: %d bytes" % (number, length))
        self.received += 1

    def marked(self, number, at):
        return self.got[at] == self.mark(number, at)

    def mark(self, number, at):
        return number % 251 if at == 0 else (at % 251) ^ (number & 127)

    def make(self, number):
        length = self.length(number)
        if length:
            self.out[length // 2] = self.mark(number, length // 2)
            self.out[length - 1] = self.mark(number, length - 1)
            self.out[0] = self.mark(number, 0)
        return length

    def step(self):
        """All that can be done now; False: asleep until the bell rings, or done."""
        channel = self.channel
        while not self.done():
            moved = False
            if self.sent < self.count:
                if channel.post(self.out, self.make(self.sent), self.sent % 63):
                    self.sent += 1
                    moved = True
            elif not self.out_of_here:
                self.out_of_here = self.pushed()
            # Who has sent its last and received its last may have left already.
            length = channel.take(self.got) if self.received < self.count else -1
            if length >= 0:
                self.check(length)
            elif not moved:
                return channel.arm()
        return False

    def pushed(self):
        try:
            return self.channel.push()
        except ump.ChannelDied:
            return True  # its status says whether it got all

    def done(self):
        return self.out_of_here and self.received == self.count


def serve(ends):
    for end in ends.values():
        while end.step():
            pass
    while not all(end.done() for end in ends.values()):
        bell = cpu.take_bell()
        if bell in ends:
            if ends[bell].step():
                cpu.latch(bell)  # more came: after all others
        elif bell < 0:
            cpu.wait()


def told(where, ends):
    print(where, *(("sent %d received %d" % (end.sent, end.received)) for end in ends.values()))


def on_the_next_core(count, longest, slots):
    arguments = (str(count), str(longest), "other")
    core = (poly.core() + 1) % poly.cores()
    with poly.spawn(core, "posted", arguments, slots=slots) as child:
        ends = {child.bell: End(child.channel, child.bell, count, longest, ump.MESSAGE_MAX)}
        serve(ends)
        told("ump", ends)
        return child.wait()


def on_this_core(count, longest, slots):
    kernel = cpu.this()
    bells = kernel.doorbells.take(), kernel.doorbells.take()
    try:
        channels = ump.Channel.pair(slots, bells[0], bells[1], longest)
        ends = {}
        for side in (0, 1):
            ends[bells[side]] = End(channels[side], bells[side], count, longest, longest)
        both = list(ends.values())
        micropython.heap_lock()
        try:
            for _ in range(count // 2):
                for end in both:
                    end.step()
        finally:
            micropython.heap_unlock()
        serve(ends)
        told("pair", ends)
    finally:
        for bell in bells:
            kernel.doorbells.release(bell)


def main():
    count, longest = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3:] == ["other"]:
        bell = cpu.this().parent.bell
        serve({bell: End(poly.parent(), bell, count, longest, ump.MESSAGE_MAX)})
    else:
        slots = int(sys.argv[3])
        print("status", on_the_next_core(count, longest, slots))
        on_this_core(count, longest, slots)


main()
