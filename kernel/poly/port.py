"""Ports: the only thing that a program waits on. SPEC PORT-1 to PORT-6.

A port serves what is attached to it (ends of channels, timers, doorbells) and queues
packets: completions, posts, expiries. Packets are made here and in watch.py only. Room for a
packet is reserved when what leads to it starts, so a port never overflows: the start is
refused instead. Each core has one default port, in which asyncio's loop sleeps; it is
served whenever anything on this core waits in a port or a loop.
"""

import io
import time
from collections import namedtuple

import calls
import cpu
from calls import Call

from poly import limits
from poly.deadline import Deadline
from poly.errors import Exhausted, Misuse

COMPLETION, POST, TIMER, INTERRUPT, DEATH, CREDIT = range(6)  # kinds of packets
POLL, READABLE = 3, 1  # MP_STREAM_POLL, and its flag for "there is something"


class Packet(namedtuple("Packet", ("source", "kind", "key", "status", "value"))):
    """What happened: to whom, what, under which key. `status` of a failure: the error."""

    def result(self):
        """The value, or the error raised."""
        if isinstance(self.status, Exception):
            raise self.status
        return self.value


class Ports:
    """What the ports of a core have in common: who listens to which doorbell."""

    def __init__(self):
        self.sources = [None] * cpu.DOORBELLS
        self.timers = []  # (time, Timer) of all ports, the next first
        self.endings = []  # children whose end somebody waits for
        self.awaited = []  # ports whose packets tasks await: the loop serves these too
        self.default = Port(shared=self)
        self.use()

    def use(self):
        """From now on these are the core's. What rang while others were may have been lost."""
        calls.use(self.sources, self.default)
        self.set_alarm()
        for bell, source in enumerate(self.sources):
            if source is not None:
                cpu.latch(bell)
        calls.due()

    def close(self):
        """The program is over: what is attached yet is served no more."""
        for source in self.sources:
            if isinstance(source, Interrupt):
                source.close()

    def rest(self):
        """Be the core's no more, until use()."""
        calls.use(None, None)
        cpu.alarm(-1)

    def tell_endings(self):
        """Tell who waits for the end of a child; whether any has ended."""
        before = len(self.endings)
        self.endings = [child for child in self.endings if not child.tell_end()]
        return len(self.endings) != before

    def start_timer(self, end_ms, timer):
        at = len(self.timers)
        while at and time.ticks_diff(self.timers[at - 1][0], end_ms) > 0:
            at -= 1
        self.timers.insert(at, (end_ms, timer))
        self.set_alarm()

    def stop_timer(self, timer):
        self.timers = [entry for entry in self.timers if entry[1] is not timer]
        self.set_alarm()

    def set_alarm(self):
        """Have the core woken when the next timer expires."""
        if self.timers:
            cpu.alarm(max(time.ticks_diff(self.timers[0][0], time.ticks_ms()), 0))
        else:
            cpu.alarm(-1)

    def expire(self):
        """Whether any timer's time had come."""
        now_ms = time.ticks_ms()
        expired = False
        try:
            while self.timers and time.ticks_diff(self.timers[0][0], now_ms) <= 0:
                expired = True
                end_ms, timer = self.timers.pop(0)
                timer.expire(end_ms)
        finally:  # an interrupt may end it
            if expired:
                self.set_alarm()
        return expired


def ports():
    """This core's."""
    kernel = cpu.this()
    if kernel.ports is None:
        kernel.ports = Ports()
    return kernel.ports


def default_port():
    """The port that asyncio's loop sleeps in."""
    return ports().default


class Port(io.IOBase):
    """`depth` packets at most, with those that are still to come. select.poll takes it too."""

    announces_itself = True  # a packet ends a wait: nobody need ask again

    def __init__(self, depth=limits.PACKETS, shared=None):
        self.depth = depth
        self.promised = 0  # packets reserved: queued, and still to come
        self._shared = shared or ports()
        self._packets = []
        self._waiting = []  # (Call, source) of who awaits a packet, the first first
        self._rang = []  # sources whose bell was taken while another port was served
        self._deferred = []

    # --- what it serves ------------------------------------------------------------

    def attach(self, bell, source):
        """From now on source.serve() runs when this doorbell rang and the port is served."""
        if self._shared.sources[bell] is not None:
            raise Misuse("doorbell %d: somebody listens to it already" % bell)
        self._shared.sources[bell] = source

    def detach(self, bell):
        self._shared.sources[bell] = None

    def defer(self, callback):
        """Run callback() when the port is served next, not from within here."""
        self._deferred.append(callback)
        calls.due()

    def rang(self, source):
        """The doorbell of one of its sources was taken; it is served with the port."""
        if source not in self._rang:
            self._rang.append(source)
            calls.due()

    def serve(self):
        """Do all that is ready, a bounded number of sources; whether there was any."""
        did = calls.serve(self)
        for _ in range(len(self._rang)):
            self._rang.pop(0).serve()
            did = True
        if self._shared.timers and self._shared.expire():
            did = True
        for _ in range(len(self._deferred)):  # not what these defer
            self._deferred.pop(0)()
            did = True
        if self is self._shared.default and self._shared.endings:
            did = self._shared.tell_endings() or did
        if self is self._shared.default and self._shared.awaited:
            for port in list(self._shared.awaited):
                did = port.serve() or did
        return did

    def serve_all(self):
        """This port, and the default one; whether there was anything to do."""
        default = self._shared.default
        did = self.serve()
        return default is not self and default.serve() or did

    # --- waiting -------------------------------------------------------------------

    def wait(self, timeout_ms=None, source=None):
        """The next packet (of that source); None when the time is over. 0 only looks."""
        deadline = Deadline(timeout_ms)
        while True:
            packet = self._take(source)
            if packet is not None:
                return packet
            if not self.serve_all() and not deadline.wait():
                return None

    def next(self, source=None):
        """Await it: the next packet (of that source)."""
        call = Call(self)
        packet = self._take(source)
        if packet is not None:
            call.finish(packet)
            return call
        self._waiting.append((call, source))
        if self is not self._shared.default and self not in self._shared.awaited:
            self._shared.awaited.append(self)
        return call

    def __aiter__(self):
        """Over packets, until none is queued and none is to come."""
        return self

    def __anext__(self):
        if not self.promised:
            raise StopAsyncIteration
        return self.next()

    def ioctl(self, request, _):
        if request != POLL:
            return -1
        self.serve_all()
        return READABLE if self._packets else 0

    # --- packets -------------------------------------------------------------------

    def add(self, call, key=None):
        """Have a packet for the end of a call or a child, at once if it is done."""
        if not isinstance(call, Call):
            if not hasattr(call, "exit"):
                raise Misuse("a call or a child is wanted, not %r" % (call,))
            call = call.exit()
        if call.done:
            self._promise()
            self._put(completion(call, key))
        elif call.port is not None:
            raise Misuse("a call completes in one port")
        else:
            self._promise()
            call.port, call.key = self, key

    def complete(self, call):
        """Called by a call that finishes."""
        self._put(completion(call, call.key))

    def post(self, status=None, key=None, value=None):
        """A packet of the user's own."""
        self._promise()
        self._put(Packet(None, POST, key, status, value))

    def timer(self, delay_ms, key=None, period_ms=0):
        """A Timer: a packet after that time, then (if not 0) in each period."""
        self._promise()
        return Timer(self, delay_ms, key, period_ms)

    def interrupt(self, key=None):
        """An Interrupt: a packet whenever its doorbell rings (cpu.ring, from any core)."""
        self._promise()
        return Interrupt(self, key)

    def death(self, view, key=None):
        """A Watch: a packet when the channel of a client, session or binding has ended, or a
        child.

        Its status is the error that whoever uses the channel gets: PeerDied, PeerBroke, or
        Misuse if it was closed. For a child it is None, or PeerDied if its core died, and the
        value is its exit status.
        """
        if not hasattr(view, "_watch"):
            raise Misuse("a client, session, binding or child is wanted, not %r" % (view,))
        return self._new_watch(DEATH, view, key)

    def credit(self, view, key=None):
        """A Watch: a packet when a send would be accepted, for who was refused (Busy).

        Its status is None, or the error if the channel ends before. Misuse if this view has
        one already, or a continuation of register_send().
        """
        if not hasattr(view, "register_send"):
            raise Misuse("a client, session or binding is wanted, not %r" % (view,))
        return self._new_watch(CREDIT, view, key)

    def _new_watch(self, kind, view, key):
        from poly.watch import Watch

        self._promise()
        try:
            return Watch(self, kind, view, key)
        except BaseException:
            self.promised -= 1
            raise

    def run_tasks(self, call):
        """Called by calls.do(): run asyncio's loop until the call is done."""
        from asyncio import core

        task = core.create_task(until_done(call))
        try:
            core.run_until_complete(task)
        except BaseException:
            task.cancel()
            raise

    def _promise(self):
        if self.promised == self.depth:
            raise Exhausted("port: %d of %d packets reserved" % (self.promised, self.depth))
        self.promised += 1

    def _put(self, packet):
        call = self._waiter(packet.source)
        if call is not None:
            self._taken(packet)
            call.finish(packet)
        else:
            self._packets.append(packet)
            calls.due()

    def _waiter(self, source):
        """The first that awaits a packet of this source, which then waits no more; None."""
        self._waiting = [entry for entry in self._waiting if not entry[0].abandoned]
        first = None
        for entry in self._waiting:
            if entry[1] is None or entry[1] is source:
                self._waiting.remove(entry)
                first = entry[0]
                break
        if not self._waiting and self in self._shared.awaited:
            self._shared.awaited.remove(self)
        return first

    def _take(self, source):
        for at, packet in enumerate(self._packets):
            if source is None or source is packet.source:
                del self._packets[at]
                self._taken(packet)
                return packet
        return None

    def _taken(self, packet):
        if packet.kind in (TIMER, INTERRUPT):
            packet.source.taken()  # these keep their reservation
        else:
            self.promised -= 1

    def _drop(self, source):
        """A source is gone, and the packet reserved for it."""
        self._packets = [packet for packet in self._packets if packet.source is not source]
        self.promised -= 1

    def _take_back(self, packet):
        """Drop it, if it is queued."""
        for at, queued in enumerate(self._packets):
            if queued is packet:
                del self._packets[at]
                self.promised -= 1
                return


def completion(call, key):
    return Packet(call.source, call.kind, key, call.error, call.value)


class Timer:
    """From Port.timer(). Its packet's value: how often it expired since the last."""

    def __init__(self, port, delay_ms, key, period_ms):
        self.port = port
        self.key = key
        self.period_ms = period_ms
        self.expired = 0
        self.live = True
        end_ms = time.ticks_add(time.ticks_ms(), delay_ms)
        port._shared.start_timer(end_ms, self)

    def expire(self, end_ms):
        """Called when its time has come."""
        self.expired += 1
        if self.expired == 1:
            self.port._put(Packet(self, TIMER, self.key, None, 1))
        if self.period_ms:
            self.port._shared.start_timer(time.ticks_add(end_ms, self.period_ms), self)

    def taken(self):
        again, self.expired = self.expired - 1, 0
        if again > 0:
            self.expired = again
            self.port._put(Packet(self, TIMER, self.key, None, again))
        elif not self.period_ms:
            self._end()

    def cancel(self):
        """No packet of it comes any more."""
        if self.live:
            self.port._shared.stop_timer(self)
            self._end()

    def _end(self):
        self.live = False
        self.port._drop(self)


class Interrupt:
    """From Port.interrupt(): whoever rings `bell` of this core makes a packet.

    Level: rung while its packet waits to be taken, it comes again after that (PORT-6).
    """

    def __init__(self, port, key):
        self.port = port
        self.key = key
        self._queued = False
        self._again = False
        cpu.undisturbed(self._begin, cpu.this().doorbells)

    def _begin(self, doorbells):
        self.bell = doorbells.take()
        self.port.attach(self.bell, self)

    def serve(self):
        if self._queued:
            self._again = True
        else:
            self._queued = True
            self.port._put(Packet(self, INTERRUPT, self.key, None, None))

    def taken(self):
        self._queued = False
        if self._again:
            self._again = False
            self.serve()

    def close(self):
        """Give the doorbell back."""
        cpu.undisturbed(self._end, cpu.this().doorbells)
        self.port._drop(self)

    def _end(self, doorbells):
        if self.bell:
            self.port.detach(self.bell)
            doorbells.release(self.bell)
            self.bell = 0


async def until_done(call):
    try:
        await call
    except Exception:
        pass  # do() raises it
