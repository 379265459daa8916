"""Export a service, then fill the heap (or, `locked`, lock it) and serve nothing."""

import sys

import micropython
from echo_session import Echo
from interfaces import echo

import poly


def fill():
    held = []
    size = 1 << 16
    while size:
        try:
            held.append(bytearray(size))
        except MemoryError:
            size //= 2
    return held


if len(sys.argv) == 1:
    service = poly.export(echo, Echo, "crowded")
    print("exported")
elif sys.argv[1] == "locked":
    micropython.heap_lock()
else:
    print("filled")
    held = fill()
while True:
    pass
