"""Swallows whatever interrupts it, and keeps MicroPython's queue of callbacks full."""

import micropython


def again(argument):
    try:
        while True:
            micropython.schedule(again, None)
    except RuntimeError:
        pass


again(None)
print("flooding")
while True:
    try:
        while True:
            pass
    except BaseException:
        print("swallowed")
