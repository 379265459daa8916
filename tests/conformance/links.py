"""Channels for the rules: two sides, each with its ends, and a way to let them run.

    link = Local() / Bound() / Remote(core)
    near, far = link.connect("plain", "plain", slots=2)     an index on either side
    link.near(near, "send", 1, 60); link.far(far, "received")

Neither side does anything but when it is told to, or within settle() and until(): a side
that is not served is a clogged one. The far side of a Remote is `far.py` on another core,
which is told over the channel that poly.spawn gives; after set_free() it serves its ends all
the time, while this side does what it does.
"""

import sys
import time

import cpu
import ump
from ends import Side

import poly
from poly import limits, service
from poly.connecting import Connecting
from poly.errors import PeerDied
from poly.port import Port, default_port

HANG_MS = 20_000
LONGEST = 4096


class Link:
    """What all kinds have."""

    DIRECT = False  # whether a call may be answered at once, by an end that is not served
    CLOSED = ("closed",)  # what a channel may say of its end after a close

    def __init__(self):
        self.kernel = cpu.this()
        self.side = Side(default_port())
        self.bells = []

    def near(self, index, what, *arguments):
        return self.side.do(index, what, *arguments)

    def bell(self, level=None):
        """One of this core's doorbells, of a priority other than the usual one if told so."""
        doorbells = self.kernel.doorbells
        bell = doorbells.take() if level is None else doorbells.take(level)
        self.bells.append(bell)
        return bell

    def send(self, index, *words):
        """Have a near end send this, as soon as there is credit."""
        self.until(lambda: self.near(index, "send", *words))

    def send_back(self, index, *words):
        """Have a far end send this."""
        self.until(lambda: self.far(index, "send", *words))

    def settle(self):
        """Let both sides run until neither has anything to do."""
        idle = 0
        while idle < 3:
            idle = 0 if self.serve() else idle + 1

    def until(self, condition):
        """Let both run until it holds."""
        start_ms = time.ticks_ms()
        while not condition():
            self.serve()
            if time.ticks_diff(time.ticks_ms(), start_ms) > HANG_MS:
                raise AssertionError("nothing came of it")

    def serve(self):
        did = self.side.serve()
        return self.serve_far() or did

    def died(self):
        """What the monitor does when a peer has died."""
        for end in self.side.ends:
            if hasattr(end, "die"):
                end.die(self.death())

    def death(self):
        return PeerDied(self.peer, cpu.generation(self.peer))

    def close(self):
        for end in self.side.ends:
            end.let_go()
        for bell in self.bells:
            self.kernel.doorbells.release(bell)


class Local(Link):
    """Both ends on this core, the far one served by a port of its own."""

    KIND = "LMP"
    DEATHS = ("die",)

    def __init__(self):
        super().__init__()
        self.there = Side(Port())
        self.peer = self.kernel.number

    def connect(self, near, far, slots=64, longest=LONGEST, level=None):
        bells = self.bell(level), self.bell()
        channels = ump.Channel.pair(slots, *bells, longest)
        a = self.side.add(near, self.KIND, channels[0], longest, bells[0], self.peer)
        b = self.there.add(far, self.KIND, channels[1], longest, bells[1], self.peer)
        return a, b

    def meet(self, near, far):
        self.side.ends[near].transport.end.meet(self.there.ends[far].transport.end)

    def far(self, index, what, *arguments):
        return self.there.do(index, what, *arguments)

    def serve_far(self):
        return self.there.serve()

    def nested(self):
        return self.side.nested + self.there.nested

    def kill(self, how):
        self.died()

    def close(self):
        super().close()
        for end in self.there.ends:
            end.let_go()


class Conformance:
    """As a generated module, for the binding: any view stands behind it."""

    class INTERFACE:
        name = "conformance"
        hash = "0123456789abcdef"
        description = {}

        def __init__(self, longest):
            self.frame_bytes = longest

    def __init__(self, longest):
        self.INTERFACE = self.INTERFACE(longest)


class Bound(Local):
    """Both ends on this core, and in one domain, as poly.export() and poly.connect() bind
    them: calls of plain numbers go straight to the other end (CALL-3)."""

    KIND = "loopback"
    DIRECT = sys.implementation.name == "micropython"  # simulated cores have no straight path
    CLOSED = ("closed", "peer died")  # the monitor may tell it before the peer's FIN is taken

    def __init__(self):
        super().__init__()
        self.domain = poly.Domain("conformance")

    def connect(self, near, far, slots=64, longest=LONGEST, level=limits.PRIORITY):
        interface = Conformance(longest)
        ends = []

        def open_view(session, binding):
            ends.append(self.there.take(far, service.open_end(session, binding)))

        def make_view(transport):
            return self.side.take(near, transport)

        ring = (slots, limits.PRIORITY if level is None else level)
        exported = service.publish(self.domain, interface, open_view, None, 1, None)
        client = Connecting(self.domain, interface, make_view, None, False, ring)
        client.begin(exported.iref, HANG_MS)
        index = poly.do(client.call)
        cpu.undisturbed(exported.withdraw, None)
        assert near == "bare" or self.side.ends[index].transport.kind == self.KIND
        return index, ends[0]

    def meet(self, near, far):
        """They have."""

    def close(self):
        super().close()
        self.domain.end()


class Remote(Link):
    """The far ends are on another core."""

    KIND = "UMP"
    DEATHS = ("die", "end", "restart")

    def __init__(self, core):
        super().__init__()
        self.peer = core
        self.regions = []
        self.child = poly.spawn(core, "far")
        self.dead = False

    def tell(self, *words):
        self.child.channel.send(repr(words).encode())
        return eval(self.child.channel.recv())

    def connect(self, near, far, slots=64, longest=LONGEST, level=None):
        length = ump.Channel.region_bytes(slots)
        offset = self.kernel.arena.allocate(length)
        cpu.map(offset, length)
        cpu.zero(offset, length)
        self.regions.append((offset, length))
        bell = self.bell(level)
        own = self.kernel.number
        index, peer_bell = self.tell("connect", far, offset, slots, longest, own, bell)
        channel = ump.Channel(offset, slots, 0, bell, self.peer, peer_bell, False, longest)
        return self.side.add(near, self.KIND, channel, longest, bell, self.peer), index

    def meet(self, near, far):
        """Only ends on one core can."""

    def far(self, index, what, *arguments):
        return self.tell("do", index, what, *arguments)

    def set_free(self):
        self.tell("free")

    def poke(self, index, at, word):
        """Change a word of a channel's region as the far side may, and ring."""
        region = cpu.shared(*self.regions[index])
        region[at : at + 4] = word.to_bytes(4, "little")
        cpu.latch(self.side.ends[index].bell)

    def serve_far(self):
        return not self.dead and self.tell("serve")

    def nested(self):
        return self.side.nested + self.tell("nested")

    def kill(self, how):
        if how == "end":
            self.child.channel.send(b"('end',)")
        elif how == "restart":
            cpu.restart(self.peer)
        if how != "die":
            self.dead = True
            try:
                self.child.wait(HANG_MS)
            except PeerDied:
                pass
        self.died()

    def close(self):
        super().close()
        if not self.dead:
            self.child.channel.send(b"('end',)")
            self.child.wait(HANG_MS)
        self.child.close()
        for offset, length in self.regions:
            cpu.unmap(offset, length)
            self.kernel.arena.release(offset)
