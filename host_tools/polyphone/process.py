"""What a command started ends with the command, whatever ends that.

    with ending_on_signals(): ...      SIGTERM, SIGHUP, SIGQUIT raise Signalled, once
    start(["make"], end=SIGTERM)       a process that gets this signal when we are gone
    with held(file): ...               a lock that nobody else has, nor what we start

A signal that cannot be caught is left to the kernel: each process that is started here
has asked it for a signal at its parent's end.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
CAUGHT = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Signalled(BaseException):
    """A signal asks this command to end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Have the signals that ask for an end raise Signalled (SIGINT: KeyboardInterrupt) in the
    main thread. The first does; what follows is ignored, so that nothing disturbs cleaning up.
    What is ignored from the start (nohup) stays so."""

    def raise_once(number: int, frame: FrameType | None) -> None:
        for other in caught:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else Signalled(number)

    caught = [
        each for each in (*CAUGHT, signal.SIGINT) if signal.getsignal(each) != signal.SIG_IGN
    ]
    before = {each: signal.signal(each, raise_once) for each in caught}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def end_with(parent: int, number: signal.Signals = signal.SIGTERM) -> None:
    """From now on this process gets signal `number` when process `parent`, which started it,
    ends; also if that has happened already."""
    LIBC.prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def start(
    command: Sequence[str | Path], end: signal.Signals = signal.SIGKILL, **options: Any
) -> "subprocess.Popen[Any]":
    """subprocess.Popen() of a command that gets signal `end` when this process ends."""
    # The kernel sends it when the thread that forked ends, which for this one is the process.
    assert threading.current_thread() is threading.main_thread(), "processes start in the main one"
    return subprocess.Popen(command, preexec_fn=_ending_with(os.getpid(), end), **options)


def _ending_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    return lambda: end_with(parent, number)


def try_hold(folder: Path) -> int | None:
    """Lock a folder; the descriptor that holds it until it is closed. None: another one does.

    The lock ends with this process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def held(file: Path) -> Iterator[int]:
    """Have a lock file to ourselves, waiting for it; the descriptor that holds it. A process
    that inherits it holds the lock until it ends, too."""
    with open(file, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
