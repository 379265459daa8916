"""by_time RULE: a stream in Python is asked again, and what it raises goes to who waits for it."""

import asyncio
import io
import select
import sys
import time

import poly
from poly import limits

POLL = 3
SOON_MS = 50


class After(io.IOBase):
    """Readable once its time has come; nothing but the clock makes it so."""

    def __init__(self, delay_ms=SOON_MS):
        self.asked = 0
        self.start_ms = time.ticks_ms()
        self.delay_ms = delay_ms

    def passed_ms(self):
        return time.ticks_diff(time.ticks_ms(), self.start_ms)

    def ioctl(self, request, flags):
        if request != POLL:
            return -1
        self.asked += 1
        return flags & 1 if self.passed_ms() >= self.delay_ms else 0

    def read(self, size=-1):
        return b"x"


class Complaint(Exception):
    pass


class Failing(After):
    """Asking it raises, or returns an error's number, when its time has come."""

    def __init__(self, number=0):
        super().__init__()
        self.number = number

    def ioctl(self, request, flags):
        if super().ioctl(request, flags) <= 0:
            return 0
        if self.number:
            return -self.number
        raise Complaint("asked")


class Ready(io.IOBase):
    """Writable at once, readable never."""

    def ioctl(self, request, flags):
        return flags & select.POLLOUT if request == POLL else -1


def check(stream):
    """It was asked at least as often as limits.py says, and the core slept in between."""
    assert stream.passed_ms() >= SOON_MS
    assert 2 <= stream.asked <= stream.passed_ms() // limits.RETRY_MS + 5, stream.asked


def registered(stream):
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    return poller


def poll():
    for arguments in ((), (-1,), (None,), (5000,)):
        stream = After()
        assert registered(stream).poll(*arguments) == [(stream, select.POLLIN)]
        check(stream)
    assert registered(After(10_000)).poll(20) == [] == registered(After(10_000)).poll(0)


def ipoll():
    stream = After()
    assert [(found, event) for found, event in registered(stream).ipoll()] == [(stream, 1)]
    check(stream)


def selected():
    for limit in ((), (5,)):
        stream = After()
        assert select.select([stream], [], [], *limit) == ([stream], [], [])
        check(stream)


async def read(stream):
    return await asyncio.StreamReader(stream).read(1)


def loop():
    stream = After()
    assert asyncio.run(read(stream)) == b"x"
    check(stream)
    stream = After()
    assert asyncio.run(asyncio.wait_for(read(stream), 5)) == b"x"
    check(stream)
    try:
        asyncio.run(asyncio.wait_for_ms(read(After(10_000)), 20))
        raise AssertionError("too soon")
    except asyncio.TimeoutError:
        pass


def loop_with_port():
    kept = poly.Port(), poly.Domain("other")
    loop()
    return kept


def many():
    """Beside streams that tell, timers and each other."""

    async def main():
        with poly.spawn(1, "by_time", ("child",)) as child:
            port = poly.Port()
            port.timer(20, key="timer")
            streams = [After(delay_ms) for delay_ms in (30, 10, 20)]
            waiting = [read(stream) for stream in streams]
            found = await asyncio.gather(port.next(), poly.recv(child.channel), *waiting)
            assert found[0].key == "timer" and found[1:] == [b"sent"] + [b"x"] * 3

    asyncio.run(main())


def errors_are_the_waiters():
    """The loop goes on, with all others that wait."""

    async def main():
        other = asyncio.create_task(read(After(2 * SOON_MS)))
        for stream, error in ((Failing(), Complaint), (Failing(7), OSError)):
            try:
                await read(stream)
                raise AssertionError("no error")
            except error as raised:
                assert raised.args == ((7,) if stream.number else ("asked",)), raised.args
        try:
            await read(object())
            raise AssertionError("no stream")
        except OSError:
            pass
        assert await other == b"x"

    asyncio.run(main())
    try:
        registered(Failing()).poll()
        raise AssertionError("no error")
    except Complaint:
        pass


def no_stream_can_be_registered():
    poller = select.poll()
    for thing in (object(), 7, "text", None):
        try:
            poller.register(thing)
            raise AssertionError("registered")
        except OSError:
            pass
    assert poller.poll(0) == []


def a_cancelled_task_leaves_the_other_direction():
    """Of two tasks that wait for one stream."""

    class Both(After):
        def ioctl(self, request, flags):
            return flags if super().ioctl(request, 1) > 0 else 0

    async def wait_for(what, stream):
        yield what(stream)
        return "woken"

    async def main():
        queue = asyncio.core._io_queue
        for first, second in ((queue.queue_read, queue.queue_write),) * 2:
            stream = Both()
            tasks = [asyncio.create_task(wait_for(one, stream)) for one in (first, second)]
            await asyncio.sleep_ms(5)
            tasks[0].cancel()
            assert await asyncio.wait_for(tasks[1], 5) == "woken"
            assert not queue.map

    asyncio.run(main())


def start():
    """At a prompt: says so when it is ready."""

    async def tell():
        print("read", await read(After()))

    asyncio.create_task(tell())


def waits_for_what_tells():
    """For a channel, a port, a flag and input, all in one poll and in a loop: nobody asks."""
    flag = asyncio.ThreadSafeFlag()
    port = poly.Port()

    async def main():
        print("waiting")
        await asyncio.gather(flag.wait(), port.next(), read(sys.stdin))

    asyncio.run(main())


RULES = (poll, ipoll, selected, loop, loop_with_port, many, errors_are_the_waiters)
RULES += (no_stream_can_be_registered, a_cancelled_task_leaves_the_other_direction)

if sys.argv[1:] == ["child"]:
    time.sleep_ms(20)
    poly.parent().send(b"sent")
    poly.parent().recv()
elif sys.argv[1:] == ["tells"]:
    waits_for_what_tells()
elif len(sys.argv) > 1:
    {rule.__name__: rule for rule in RULES}[sys.argv[1]]()
    print("ok")
