"""Calls, and the ends of channels that carry them: the straight path of typed messages.

What consists of plain numbers is packed, sent, dispatched and unpacked here; all else,
and whatever does not go straight, is left to poly.views and poly.transport.
"""

from typing import Any, Callable, Optional

import ump

MAX: int  # calls of one client at one time

class Call:
    """What is under way and will be done, exactly once; await it, or do() it."""

    done: bool
    value: Any
    error: Optional[Exception]
    source: Any  # who completes it
    port: Any  # whose complete(call) is called at its end; None: nobody's
    key: Any
    abandoned: bool  # the last task that awaited it was cancelled
    # Called once when whoever waited for it was cancelled or interrupted, and neither a port
    # nor another task gets what it comes to, or has come to at that moment.
    on_abandon: Optional[Callable[[], None]]
    kind: int  # of the packet that it makes there (poly.port)
    def __init__(self, source: Any = None) -> None: ...
    def finish(self, value: Any = None, error: Optional[Exception] = None) -> None:
        """Complete it; what comes after the first time is dropped."""
    def result(self) -> Any:
        """The value, or the error raised. RuntimeError before it is done."""
    def remove(self, task: Any) -> None:
        """This task (of asyncio) is cancelled and waits no more."""

    def send(self, value: None) -> None:
        """As of a coroutine, so that a call may become a task."""
    def throw(self, error: BaseException) -> None:
        """As into a coroutine: raised where the call is awaited."""

class Calls:
    """At most `limit` (1..MAX) calls of one client, each named by a tag: index + generation."""

    def __init__(self, limit: int) -> None: ...
    def reserve(self) -> int:
        """A tag for the next call, which put() makes its own; 0: all are in use."""
    def put(self, tag: int, response: int, call: Call) -> None: ...
    def take(self, tag: int, response: int) -> Optional[Call]:
        """The call that waits for this response (0: any) under this tag, which is free then."""
    def take_any(self) -> Optional[Call]: ...
    def late(self) -> int:
        """How many calls were taken that nobody waited for any more (Call.abandoned)."""

class End:
    """The end of a channel of typed messages; `transport` is its poly.transport.Transport."""

    live: bool  # it receives
    due: bool  # its transport has more to do than to receive: transport.serve() is called
    queued: bool  # messages wait for credit: none may overtake them
    blocked: bool  # messages and calls wait for a handler: none is dispatched here
    paused: bool  # so many wait that it receives no more
    handling: int  # methods under way that were called from here, of calls
    port: Any  # that serves it
    receiver: Any  # function(buffer, length, capabilities) for what is not dispatched here
    sent: int  # messages, modulo 2**32
    received: int
    def __init__(
        self, channel: ump.Channel, buffer: bytearray, bell: int, transport: Any
    ) -> None: ...
    def typed(
        self,
        view: Any,
        description: dict[int, Any],
        accepts: tuple[int, ...],
        methods: dict[int, str],
        target: Any,
        calls: Optional[Calls],
        open: Optional[set[int]],
    ) -> None:
        """Have messages of plain numbers dispatched: to the target's methods, and responses
        to the calls. `open` holds the tags of calls that are not answered."""
    def meet(self, other: "End") -> None:
        """The two are the ends of one channel on this core: calls of plain numbers go
        straight to the other's methods when nothing else is under way."""
    def receive(self) -> None:
        """Take and dispatch what is there, up to a quantum; then its bell is rung again.
        Raises ump.ChannelDied, and what a view raises."""
    def serve(self) -> None:
        """As when its bell rang."""

def plain(number: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a view's method that sends message `number`, of plain numbers: through
    `self._end` if that can be, else the function does it."""

def use(sources: Optional[list[Any]], port: Any) -> None:
    """What serve() and do() serve: who listens, by doorbell, and the port of do()."""

def serve(port: Any) -> bool:
    """Serve what rang and belongs to this port, a bounded number; whether there was any.
    What belongs to others is given to their port.rang()."""

def attend() -> Optional[bool]:
    """Have the port of do() do what is ready, through its serve() where that is needed;
    whether there was anything. None: there is no port."""

def due() -> None:
    """The port has something to do that does not ring: a wait ends, do() calls port.serve()."""

def do(call: Call) -> Any:
    """Wait for a call in plain code, serving the port meanwhile; its result. Tasks of asyncio
    run meanwhile too (port.run_tasks()), unless it is one of them that waits."""
