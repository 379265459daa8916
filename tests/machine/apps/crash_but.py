"""crash_but CORE: every core that runs this crashes, at about one time, but this one."""

import sys
import time

import uctypes

import poly

time.sleep_ms(100)
if poly.core() != int(sys.argv[1]):
    uctypes.bytearray_at(0, 1)[0] = 1
