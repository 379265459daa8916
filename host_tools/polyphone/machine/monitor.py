"""QEMU's monitor: its machine protocol (QMP), over a pair of connected sockets.

A pair has no name that could be too long or stay behind, and has QEMU's last words, which
say why it ended, when it is gone. Any thread may ask; one at a time does. The client's event
loop runs while somebody does, and at no other time: no thread is there for it.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from qemu.qmp import EventListener, ExecuteError, QMPClient, QMPError, Runstate

from polyphone import process
from polyphone.errors import UserError

TIMEOUT_S = 3.0
START_S = 30.0  # a hang detector
TURNS = 8  # of the loop, in which what has come is heard

Result = TypeVar("Result")

logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())  # errors are told by us


class Monitor:
    """Our end of it; `theirs` is a descriptor for QEMU to inherit."""

    def __init__(self) -> None:
        self._socket, self._theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._client, self._ends = self._run(_client())
        self.greeted = False  # QEMU has come up
        self.ended_by = ""  # QEMU's word for why it ended, where it is not the machine that did

    @property
    def theirs(self) -> int:
        return self._theirs.fileno()

    def started(self) -> None:
        """QEMU has its end: with it goes the only other one. Waits until QEMU has come up, or
        has ended."""
        self._theirs.close()
        try:
            self._run(self._client.connect(self._socket), START_S)
        except (TimeoutError, QMPError, OSError):
            pass  # it has ended, maybe as soon as it had come up
        self.greeted = self._client.greeting is not None

    def ask(self, command: str, arguments: Sequence[dict[str, Any]]) -> list[Any]:
        """QEMU's answers to the command with each of these. UserError: it refuses or has
        ended, or they do not come in time."""
        try:
            return self._run(self._ask(command, arguments), TIMEOUT_S)
        except TimeoutError:
            raise UserError(f"QEMU did not do {command} within {TIMEOUT_S:g} s") from None
        except ExecuteError as error:
            raise UserError(f"QEMU: {error}") from None
        except (QMPError, OSError, EOFError) as error:
            raise UserError(f"QEMU did not do {command}: {error}") from None

    async def _ask(self, command: str, arguments: Sequence[dict[str, Any]]) -> list[Any]:
        return [await self._client.execute(command, each) for each in arguments]

    def hear(self, ended: bool = False) -> None:
        """Take what QEMU has said so far; all of it, if it has `ended`."""
        try:
            self._run(self._hear(ended), TIMEOUT_S)
        except TimeoutError:
            pass

    async def _hear(self, ended: bool) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        while ended and self._client.runstate == Runstate.RUNNING:
            await self._client.runstate_changed()
        while not self._ends.empty():
            shutdown: Any = (await self._ends.get())["data"]
            if not shutdown["guest"]:
                self.ended_by = shutdown["reason"]

    def close(self) -> None:
        """May be called again."""
        if self._loop.is_closed():
            return
        try:
            self._run(self._client.disconnect(), TIMEOUT_S)
        except (TimeoutError, QMPError, OSError, EOFError):
            pass  # it has ended
        finally:
            self._loop.close()
            self._theirs.close()
            self._socket.close()

    def _run(self, steps: Coroutine[Any, Any, Result], timeout_s: float | None = None) -> Result:
        with self._lock:

            def cancel() -> None:  # once the loop runs there is a task
                self._loop.call_soon_threadsafe(lambda: task.cancel())

            with process.deferred(cancel):
                task = self._loop.create_task(steps)
                return self._loop.run_until_complete(asyncio.wait_for(task, timeout_s))


async def _client() -> tuple[QMPClient, EventListener]:
    """Made where the loop runs, to which older Pythons bind it."""
    client, ends = QMPClient(), EventListener("SHUTDOWN")
    client.register_listener(ends)
    return client, ends
