"""What a command started ends with the command, whatever ends that.

    with ending_on_signals(): ...      SIGTERM, SIGHUP, SIGQUIT, SIGINT raise Signalled, once
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
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
CAUGHT = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)
_cancels: list[Callable[[], None]] = []  # what a signal does now, see deferred(); the last
AGAIN_S = 0.01  # how soon an exception that was lost is raised again


class Signalled(KeyboardInterrupt):
    """A signal asks this command to end; `number` says which. A KeyboardInterrupt, because
    libraries let that one pass."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Have the signals that ask for an end raise Signalled in the main thread. The first does;
    what follows changes nothing, so that it does not disturb cleaning up. What is ignored from
    the start (nohup) stays so.

    Where Python drops the exception (it cannot leave a __del__, nor what runs around a fork),
    or somebody catches it, the first signal raises it again: so SIGALRM is taken meanwhile."""
    first = 0
    raised: weakref.ref[Signalled] | None = None

    def lost(_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    def error() -> Signalled:
        # Not in the frame that raises it, whose variables the traceback would keep, and it.
        nonlocal raised
        made = Signalled(first)
        raised = weakref.ref(made, lost)
        return made

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal first
        first = first or number
        if raised is not None and raised() is not None:
            return
        if _cancels:
            _cancels[-1]()
        else:
            raise error()

    def unraisable(what: Any) -> None:
        if not isinstance(what.exc_value, Signalled):
            tell(what)

    caught = [each for each in CAUGHT if signal.getsignal(each) != signal.SIG_IGN]
    tell, sys.unraisablehook = sys.unraisablehook, unraisable
    before = {each: signal.signal(each, ask) for each in (*caught, signal.SIGALRM)}
    try:
        yield
    finally:
        raised = None  # it is not lost from here on
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each, handler in before.items():
            signal.signal(each, handler)
        sys.unraisablehook = tell


@contextmanager
def deferred(cancel: Callable[[], None]) -> Iterator[None]:
    """Around steps of the main thread in which an exception out of nowhere would do harm (an
    event loop's): a signal calls `cancel`, which is to end them soon, and Signalled is raised
    after them. In other threads, where nothing is raised, this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def ask() -> None:
        nonlocal asked
        asked = True
        cancel()

    _cancels.append(ask)
    try:
        yield
    finally:
        _cancels.pop()
        if asked:
            signal.raise_signal(signal.SIGALRM)  # of ending_on_signals()


def end_with(parent: int, number: signal.Signals = signal.SIGTERM) -> None:
    """From now on this process gets signal `number` when process `parent`, which started it,
    ends; also if that has happened already."""
    LIBC.prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


class _Child(subprocess.Popen[Any]):
    """One that gets signal `end` when a signal leaves its `with`, which waits for it."""

    end = signal.SIGKILL

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Signalled):
            self.send_signal(self.end)
        super().__exit__(kind, error, traceback)


def start(
    command: Sequence[str | Path], end: signal.Signals = signal.SIGKILL, **options: Any
) -> "subprocess.Popen[Any]":
    """subprocess.Popen() of a command that gets signal `end` when this process ends."""
    # The kernel sends it when the thread that forked ends, which for this one is the process.
    assert threading.current_thread() is threading.main_thread(), "processes start in the main one"
    # A signal waits meanwhile: the child has our handlers until it is another program.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    child = None
    try:
        begin = _beginning(os.getpid(), end, mask)
        child = _Child(command, preexec_fn=begin, **options)
        child.end = end
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return child
    except Signalled:
        if child is not None:  # nobody else knows of it
            child.send_signal(end)
            child.wait()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _beginning(parent: int, number: signal.Signals, mask: set[Any]) -> Callable[[], None]:
    def begin() -> None:
        for each in CAUGHT:
            if signal.getsignal(each) != signal.SIG_IGN:
                signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        end_with(parent, number)

    return begin


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
