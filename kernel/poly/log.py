"""The kernel log: the last lines of what happened on this core, in fixed room."""

import time

from poly import limits


class Log:
    """A ring of (milliseconds since the start, text)."""

    def __init__(self, entries=limits.LOG_ENTRIES):
        self.ring = [None] * entries
        self.count = 0  # entries ever added

    def add(self, text):
        self.ring[self.count % len(self.ring)] = (time.ticks_ms(), text[: limits.LOG_CHARS])
        self.count += 1

    def entries(self):
        """What is still there, oldest first."""
        room = len(self.ring)
        for at in range(max(0, self.count - room), self.count):
            yield self.ring[at % room]
