"""A terminal that is closed ends the command that was started on it.

The kernel tells only the leader of the session. Where that is `make`, or a script, which waits
for the command, nobody tells the command: so it looks itself.
"""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from polyphone import process

POLL_S = 0.2  # how soon it is seen
STREAMS = (0, 1)


@contextmanager
def ending_with_terminal() -> Iterator[None]:
    """Have this process sent SIGHUP when a terminal that is its standard input or output is
    gone, as the kernel sends it to the leader."""
    terminals = select.poll()
    there = [stream for stream in STREAMS if os.isatty(stream)]
    for stream in there:
        terminals.register(stream, 0)  # a hang-up is told all the same
    if not there:
        yield
        return
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(terminals, over), daemon=True)
    # It takes no signals, which would escape those who have the main thread block them.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, process.CAUGHT)
    watch.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(terminals: select.poll, over: threading.Event) -> None:
    while not over.wait(POLL_S):
        if terminals.poll(0):
            os.kill(os.getpid(), signal.SIGHUP)
            return
