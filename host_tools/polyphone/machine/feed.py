"""A machine's serial line fed from a descriptor, with an end: what comes in is framed.

    with Feed(0) as feed:
        machine.start(stdin=feed.line)
        feed.start()

Read only as the machine takes it. Its UART takes some bytes unasked; so the pipe to QEMU has
room for one piece, begins with more bytes that mean nothing, and is empty once somebody in
the machine reads. Until then nothing is taken from the descriptor: what no program
wants is left to whoever has it next. kernel/cpu/boot.h has the frames.
"""

import errno
import fcntl
import os
import select
import socket
import stat
import threading

ESCAPE, BEGIN, END = b"\x10", b"\x01", b"\x04"
NOTHING = bytes(64)  # UARTs have FIFOs of 16 or 32
PIECE_BYTES = 1024  # escaped it still is one page
PAGE_BYTES = 4096
F_SETPIPE_SZ = 1031  # fcntl has it from Python 3.10 on
NULL_DEVICE = os.makedev(1, 3)
GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


def framed(piece: bytes) -> bytes:
    """The bytes on the line that stand for these; none: for the end."""
    return piece.replace(ESCAPE, ESCAPE * 2) if piece else ESCAPE + END


def has_ended(descriptor: int) -> bool:
    """Whether there is nothing in it and never will be, as far as that is known without
    reading: it is closed, or at the end of a file, or nobody writes any more."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return True
    if stat.S_ISREG(status.st_mode):
        return os.lseek(descriptor, 0, os.SEEK_CUR) >= status.st_size
    if stat.S_ISCHR(status.st_mode):
        return status.st_rdev == NULL_DEVICE
    if stat.S_ISSOCK(status.st_mode):
        with socket.socket(fileno=os.dup(descriptor)) as peer:
            try:
                return not peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except OSError as error:
                return error.errno != errno.EAGAIN
    events = dict(_poll({descriptor: select.POLLIN}, 0)).get(descriptor, 0)
    return bool(events & GONE) and not events & select.POLLIN


class Feed:
    """What comes in at `source`, on its way to a machine that is told of framed input."""

    def __init__(self, source: int) -> None:
        self._source = source
        self.line, self._pipe = os.pipe()  # `line`: for QEMU to read
        self._stopped, self._stop = os.pipe()
        fcntl.fcntl(self._pipe, F_SETPIPE_SZ, PAGE_BYTES)
        os.write(self._pipe, NOTHING + ESCAPE + BEGIN)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """QEMU has the line."""
        os.close(self.line)
        self.line = -1
        self._thread.start()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *error: object) -> None:
        os.write(self._stop, b"x")
        if self._thread.ident is not None:
            self._thread.join()
        for descriptor in (self.line, self._pipe, self._stopped, self._stop):
            if descriptor >= 0:
                os.close(descriptor)

    def _run(self) -> None:
        piece = b"more"
        while piece and self._ready(self._pipe, select.POLLOUT):  # it is empty
            if not self._ready(self._source, select.POLLIN):
                return
            try:
                piece = os.read(self._source, PIECE_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                piece = b""  # a terminal that is gone
            try:
                os.write(self._pipe, framed(piece))
            except BrokenPipeError:
                return

    def _ready(self, descriptor: int, event: int) -> bool:
        """Wait for it; False: there is no use any more."""
        wanted = {self._stopped: select.POLLIN, self._pipe: 0}
        found = dict(_poll({**wanted, descriptor: event}, None))
        if self._stopped in found or found.get(self._pipe, 0) & GONE:
            return False
        return True


def _poll(wanted: dict[int, int], timeout_ms: int | None) -> list[tuple[int, int]]:
    poller = select.poll()
    for descriptor, events in wanted.items():
        poller.register(descriptor, events)
    return poller.poll(timeout_ms)
