"""Stand-in for the C module `calls` (stubs/calls.pyi) under CPython: the same surface, in
which nothing goes the straight path, so that all of it is left to the kernel's Python."""

from collections.abc import Callable
from typing import Any

from idl_channel import TypedEnd

MAX = 64
GENERATIONS = 1023
SERVED_AT_ONCE = 32


class Call:
    """As calls.Call; a task of CPython's asyncio polls it."""

    def __init__(self, source: Any = None) -> None:
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.source = source
        self.port: Any = None
        self.key: Any = None
        self.kind = 0
        self.abandoned = False
        self.on_abandon: Callable[[], None] | None = None

    def finish(self, value: Any = None, error: BaseException | None = None) -> None:
        if not self.done:
            self.done, self.value, self.error = True, value, error
            if self.port is not None:
                self.port.complete(self)

    def result(self) -> Any:
        if not self.done:
            raise RuntimeError("not done yet")
        if self.error is not None:
            raise self.error
        return self.value

    def __iter__(self) -> "Call":
        return self

    __await__ = __iter__

    def __next__(self) -> None:
        if self.done:
            raise StopIteration(self.result())

    def throw(self, error: BaseException) -> None:
        self.abandon()
        raise error

    def abandon(self) -> None:
        self.abandoned = True
        if self.on_abandon is not None and self.port is None:
            told, self.on_abandon = self.on_abandon, None
            told()


class Calls:
    """As calls.Calls."""

    def __init__(self, limit: int) -> None:
        self.slots: list[tuple[int, int, Call] | None] = [None] * limit
        self.generations = [0] * limit
        self.late_count = 0

    def reserve(self) -> int:
        for index, slot in enumerate(self.slots):
            if slot is None:
                return (self.generations[index] % GENERATIONS + 1) * MAX + index
        return 0

    def put(self, tag: int, response: int, call: Call) -> None:
        self.generations[tag % MAX] = tag // MAX
        self.slots[tag % MAX] = (tag, response, call)

    def take(self, tag: int, response: int) -> Call | None:
        index = tag % MAX
        slot = self.slots[index] if index < len(self.slots) else None
        if slot is None or slot[0] != tag or response not in (0, slot[1]):
            return None
        self.slots[index] = None
        self.late_count += slot[2].abandoned
        return slot[2]

    def late(self) -> int:
        return self.late_count

    def take_any(self) -> Call | None:
        for index, slot in enumerate(self.slots):
            if slot is not None:
                self.slots[index] = None
                return slot[2]
        return None


def plain(number: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function that is decorated does all that the C stub does."""
    return lambda function: function


def this_core() -> Any:
    from host_core import here  # not for tests that run no kernel: it replaces modules

    return here.core


def use(sources: list[Any] | None, port: Any) -> None:
    core = this_core()
    core.sources, core.port = sources, port


def serve(port: Any) -> bool:
    import cpu

    core = this_core()
    did = core.due = False
    for _ in range(SERVED_AT_ONCE):
        bell = cpu.take_bell()
        if bell < 0:
            break
        source = core.sources[bell]
        if source is None:
            continue
        if source.port is port:
            source.serve()
            did = True
        else:
            source.port.rang(source)
    else:
        return True  # more may have rung
    return did


def attend() -> bool | None:
    port = this_core().port
    return None if port is None else port.serve()


def due() -> None:
    core = this_core()
    core.due = core.event = True


def do(call: Call) -> Any:
    import cpu

    try:
        while not call.done:
            port = this_core().port
            if port is None or not port.serve() and not call.done:
                cpu.wait()
    except BaseException:
        call.abandon()
        raise
    return call.result()


class End(TypedEnd):
    """As calls.End, over a stand-in of ump.Channel."""

    QUANTUM_BYTES, MESSAGE_COST = 2048, 128

    def __init__(self, channel: Any, buffer: bytearray, bell: int, transport: Any) -> None:
        super().__init__()
        self.channel = channel
        self.buffer = buffer
        self.bell = bell
        self.transport = transport
        self.port: Any = None
        self.receiver: Callable[..., None] | None = None
        self.sent = self.received = 0

    def meet(self, other: "End") -> None:
        """Nothing goes straight to the other."""

    def receive(self) -> None:
        done = False
        try:
            self._receive()
            done = True
        finally:
            if not done:
                self.latch()

    def _receive(self) -> None:
        left = self.QUANTUM_BYTES
        self.channel.disarm()
        while self.live and not self.paused:
            length = self.channel.take(self.buffer)
            if length < 0:
                if not self.channel.arm():
                    return
                continue
            left -= length + self.MESSAGE_COST
            if self.channel.kind:
                self.transport.special(self.channel.kind, length)
            else:
                self.received += 1
                assert self.receiver is not None
                self.receiver(self.buffer, length, ())
            if left <= 0:
                self.latch()
                return

    def latch(self) -> None:
        import cpu

        cpu.latch(self.bell)

    def serve(self) -> None:
        self.transport.serve()
