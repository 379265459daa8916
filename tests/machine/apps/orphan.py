"""orphan NAME CORE: starts a program there, waits until it runs, crashes its own core."""

import sys
import time

import uctypes

import poly

child = poly.spawn(int(sys.argv[2]), sys.argv[1])
while poly.status(child.core).name != child.name or poly.status(child.core).running_ms < 100:
    time.sleep_ms(5)
uctypes.bytearray_at(0, 1)[0] = 1
