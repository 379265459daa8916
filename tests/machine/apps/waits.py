"""waits WAITER PLACE ORDER USE...: who waits is woken, whatever the program is the first to use
meanwhile (or before). Prints "ok". Its child on core 1 sends back what it is sent."""

import asyncio
import io
import select
import sys
import time

import cpu
import interfaces.echo
import micropython
from calls import Call

import poly

SOON_MS = 60


class After(io.IOBase):
    """Readable once its time has come; nothing but the clock makes it so."""

    def __init__(self, delay_ms):
        self.end_ms = time.ticks_add(time.ticks_ms(), delay_ms)

    def ioctl(self, request, flags):
        if request != 3:
            return -1
        return flags & 1 if time.ticks_diff(time.ticks_ms(), self.end_ms) >= 0 else 0


class Echo:
    def __init__(self, session):
        pass

    def say(self, text):
        return text

    def increase(self, number):
        return number + 1


# --- first uses ------------------------------------------------------------------------


def use_nothing():
    pass


def use_spawn():
    poly.spawn(2, "waits", ("quiet",)).wait()


def use_do():
    call = Call()
    call.finish(7)
    assert poly.do(call) == 7


def use_a_service():
    poly.do(poly.export(interfaces.echo, Echo, "waits").close() or ready())


def ready():
    call = Call()
    call.finish()
    return call


USES = {
    "nothing": use_nothing,
    "port": poly.Port,
    "timer": lambda: poly.Port().timer(5),
    "interrupt": lambda: poly.Port().interrupt(),
    "domain": lambda: poly.Domain("other"),
    "region": lambda: poly.Region(4096),
    "connect": lambda: poly.connect(interfaces.echo, "nobody", timeout_ms=20),
    "export": lambda: poly.export(interfaces.echo, Echo, "waits"),
    "service": use_a_service,
    "names": poly.services,
    "spawn": use_spawn,
    "status": lambda: poly.status(0),
    "do": use_do,
    "loop": asyncio.new_event_loop,
}

# --- who waits: what asyncio or select waits for, and what wakes it ---------------------


class Channel:
    events = select.POLLIN

    def __init__(self):
        self.child = poly.spawn(1, "waits", ("child",))
        self.stream = self.child.channel

    def wake(self):
        self.stream.send(b"back")

    async def wait(self):
        assert await poly.recv(self.stream) == b"back"


class Credit(Channel):
    """The ring is full, of messages that the child takes some time later."""

    events = select.POLLOUT

    def __init__(self):
        super().__init__()
        while self.stream.try_send(b"back", 1):
            pass

    def wake(self):
        pass

    async def wait(self):
        await poly.send(self.stream, b"more", 1)


class Input:
    events = select.POLLIN
    stream = sys.stdin

    def wake(self):
        assert cpu.feed(b"x") == 1

    async def wait(self):
        assert await asyncio.StreamReader(self.stream).read(1) == "x"


class Flag:
    """Set by a callback that is scheduled."""

    events = select.POLLIN

    def __init__(self):
        self.stream = asyncio.ThreadSafeFlag()

    def wake(self):
        micropython.schedule(self.set, None)

    def set(self, _):
        self.stream.set()

    async def wait(self):
        await self.stream.wait()


class Clock:
    events = select.POLLIN

    def __init__(self):
        self.stream = After(SOON_MS)

    def wake(self):
        pass

    async def wait(self):
        yield asyncio.core._io_queue.queue_read(self.stream)


class Sleep:
    def wake(self):
        pass

    async def wait(self):
        await asyncio.sleep_ms(SOON_MS)


class Event:
    def __init__(self):
        self.event = asyncio.Event()

    def wake(self):
        self.event.set()

    async def wait(self):
        await self.event.wait()


class Timer:
    def __init__(self):
        self.port = poly.Port()
        self.port.timer(SOON_MS, key="timer")

    def wake(self):
        pass

    async def wait(self):
        assert (await self.port.next()).key == "timer"


class Interrupt:
    def __init__(self):
        self.port = poly.Port()
        self.interrupt = self.port.interrupt("bell")

    def wake(self):
        cpu.ring(cpu.core(), self.interrupt.bell)

    async def wait(self):
        assert (await self.port.next()).key == "bell"


class Posted(Interrupt):
    """Plain select.poll() of a port."""

    events = select.POLLIN

    def __init__(self):
        super().__init__()
        self.stream = self.port


WAITERS = {
    "channel": Channel,
    "credit": Credit,
    "input": Input,
    "flag": Flag,
    "clock": Clock,
    "sleep": Sleep,
    "event": Event,
    "timer": Timer,
    "interrupt": Interrupt,
    "posted": Posted,
}

# --- where it waits ------------------------------------------------------------------------


def use(names):
    return [USES[name]() for name in names]


async def wait_in_a_task(make, before, names):
    kept = use(names) if before else []
    waiter = make()
    waiting = asyncio.create_task(waiter.wait())
    await asyncio.sleep_ms(5)
    if not before:
        kept = use(names)
    await asyncio.sleep_ms(5)
    waiter.wake()
    await asyncio.wait_for(waiting, 5)
    return kept


def in_a_loop(make, before, names):
    asyncio.run(wait_in_a_task(make, before, names))


def in_a_second_loop(make, before, names):
    """After one that an error has ended."""

    async def fail():
        raise KeyboardInterrupt

    try:
        asyncio.run(fail())
    except KeyboardInterrupt:
        pass
    in_a_loop(make, before, names)


def in_do(make, before, names):
    """Plain code waits for a call that the task finishes."""
    call = Call()

    async def finish():
        kept = await wait_in_a_task(make, before, names)
        call.finish(kept)

    poly.Port()  # of whoever has made the call
    asyncio.create_task(finish())
    poly.do(call)


class First(io.IOBase):
    """Uses, then wakes, when it is asked for the first time: while select waits."""

    def __init__(self, names, waiter):
        self.names = names
        self.waiter = waiter

    def ioctl(self, request, flags):
        if request == 3 and self.waiter:
            waiter, self.waiter = self.waiter, None
            self.kept = use(self.names)
            waiter.wake()
        return 0


def in_poll(make, before, names):
    kept = use(names) if before else []
    waiter = make()
    poller = select.poll()
    poller.register(waiter.stream, waiter.events)
    first = First([] if before else names, waiter)
    poller.register(first, select.POLLIN)
    ((stream, event),) = poller.poll(5000)
    assert stream is waiter.stream and event & waiter.events
    if stream is sys.stdin:
        assert stream.read(1) == "x"
    return kept


PLACES = {"loop": in_a_loop, "second": in_a_second_loop, "do": in_do, "poll": in_poll}


async def start(make, names):
    await wait_in_a_task(make, False, names)
    print("woken")


def at_a_prompt(waiter, *names):
    """Begins to wait; says so once it is woken."""
    asyncio.create_task(start(WAITERS[waiter], names))


def be_a_child(parent):
    time.sleep_ms(SOON_MS)
    try:
        while True:
            message = parent.recv()
            if parent.kind == 0:
                parent.send(message)
    except OSError:
        pass  # the waiter's program is over


arguments = sys.argv[1:]
if arguments == ["child"]:
    be_a_child(poly.parent())
elif arguments and arguments != ["quiet"]:
    waiter, place, order, *names = arguments
    PLACES[place](WAITERS[waiter], order == "before", names)
    print("ok")
