"""QEMU's monitor: its machine protocol (QMP), over a pair of connected sockets.

A pair has no name that could be too long or stay behind, and has QEMU's last words, which
say why it ended, when it is gone. Any thread may ask; one at a time does.
"""

import json
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from polyphone.errors import UserError

TIMEOUT_S = 3.0


class Monitor:
    """Our end of it; `theirs` is a descriptor for QEMU to inherit."""

    def __init__(self) -> None:
        self._socket, self._theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._rest = b""
        self._sent = 0
        self.greeted = False  # QEMU has come up
        self.ended_by = ""  # QEMU's word for why it ended, where it is not the machine that did
        # It waits in the socket until QEMU takes it; without it there is neither answer nor news.
        self._send("qmp_capabilities", {})

    @property
    def theirs(self) -> int:
        return self._theirs.fileno()

    def started(self) -> None:
        """QEMU has its end: with it goes the only other one."""
        self._theirs.close()

    def ask(self, command: str, arguments: Sequence[dict[str, Any]]) -> list[Any]:
        """QEMU's answers to the command with each of these. UserError: it refuses or has
        ended, or they do not come in time."""
        with self._lock:
            until = time.monotonic() + TIMEOUT_S
            try:
                return [self._answer(self._send(command, each), until) for each in arguments]
            except TimeoutError:
                text = f"QEMU did not do {command} within {TIMEOUT_S:g} s"
                raise UserError(text) from None
            except OSError as error:
                raise UserError(f"QEMU did not do {command}: {error}") from None

    def hear(self) -> None:
        """Take what QEMU has said so far."""
        with self._lock:
            try:
                self._socket.setblocking(False)
                while self._read():
                    pass
            except OSError:
                pass

    def close(self) -> None:
        self._theirs.close()
        self._socket.close()

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        self._sent += 1
        message = {"execute": command, "arguments": arguments, "id": self._sent}
        self._socket.sendall(json.dumps(message).encode() + b"\n")
        return self._sent

    def _answer(self, number: int, until: float) -> Any:
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            messages = self._read()
            if messages is None:
                raise UserError("QEMU has ended")
            for message in messages:
                if message.get("id") == number:
                    if "error" in message:
                        raise UserError(f"QEMU: {message['error']['desc']}")
                    return message["return"]

    def _read(self) -> list[dict[str, Any]] | None:
        """The next messages that are whole; None at the end."""
        data = self._socket.recv(1 << 16)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = [json.loads(line) for line in lines if line.strip()]
        for message in messages:
            self.greeted |= "QMP" in message
            if message.get("event") == "SHUTDOWN" and not message["data"]["guest"]:
                self.ended_by = message["data"]["reason"]
        return messages
