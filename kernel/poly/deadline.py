"""A point in time until which somebody is willing to wait."""

import time

import cpu


class Deadline:
    """`timeout_ms` from now; None: never."""

    def __init__(self, timeout_ms):
        self.timeout_ms = timeout_ms
        if timeout_ms is not None:
            self.end_ms = time.ticks_add(time.ticks_ms(), timeout_ms)

    def left_ms(self):
        """Milliseconds left, at least 0; -1: no end."""
        if self.timeout_ms is None:
            return -1
        return max(0, time.ticks_diff(self.end_ms, time.ticks_ms()))

    def wait(self, at_most_ms=None):
        """Sleep until something happened on this core; False when the time is over."""
        left_ms = self.left_ms()
        if left_ms == 0:
            return False
        if at_most_ms is not None and (left_ms < 0 or at_most_ms < left_ms):
            left_ms = at_most_ms
        cpu.wait(left_ms)
        return True
