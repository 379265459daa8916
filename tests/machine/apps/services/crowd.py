"""crowd bare|full|locked: fill the heap, or lock it; before that, if not bare, export a
service, which is not served."""

import sys

import micropython
from echo_session import Echo
from interfaces import echo

import poly


def fill():
    """All of the heap, to the last bytes."""
    held = []
    size = 1 << 20
    while size >= 16:
        try:
            held = [held, bytearray(size)]
        except MemoryError:
            size //= 2
    return held


channel = poly.parent()
iref = (poly.core(), 0, 0)
if sys.argv[1] != "bare":
    service = poly.export(echo, Echo)
    iref = service.iref
told = str(iref).encode()
if sys.argv[1] == "locked":
    micropython.heap_lock()
else:
    held = fill()
channel.send(told)
while True:
    pass
