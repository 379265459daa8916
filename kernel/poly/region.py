"""What a core hands out: regions of its own arena of the shared window, and doorbells.

Every region lies in its arena, no two overlap, and all start on a page. Only the
core that owns the arena allocates from it; the tables are in its private RAM.
"""

import cpu

from poly import limits
from poly.errors import Exhausted, Misuse


def pages(length):
    """Bytes of the whole pages that hold so many. Raises Misuse for none."""
    if length <= 0:
        raise Misuse("a region of %d bytes" % length)
    return -(-length // limits.PAGE_BYTES) * limits.PAGE_BYTES


def in_arena(core, offset, length):
    """Whether these bytes lie where a core hands out regions."""
    start, room = cpu.arena(core)
    return start <= offset <= start + room - length


class Arena:
    """First-fit allocation of whole pages; the table is sorted by offset.

    The monitor's callback releases regions: all others use it undisturbed by that.
    """

    def __init__(self, offset, length, regions=limits.REGIONS):
        self.offset = offset
        self.length = length
        self.limit = regions
        self.taken = []  # (offset, length), ascending

    def allocate(self, length):
        """Offset of a new region of at least `length` bytes. Raises Exhausted."""
        length = pages(length)
        if len(self.taken) == self.limit:
            raise Exhausted("arena: %d of %d regions in use" % (self.limit, self.limit))
        start = self.offset
        at = 0
        while at < len(self.taken) and self.taken[at][0] - start < length:
            start = self.taken[at][0] + self.taken[at][1]
            at += 1
        if at == len(self.taken) and self.offset + self.length - start < length:
            raise Exhausted(
                "arena: no room for %d bytes in one piece, %d of %d in use"
                % (length, self.used_bytes(), self.length)
            )
        self.taken.insert(at, (start, length))
        return start

    def release(self, offset):
        """Take a region back."""
        at = 0
        while at < len(self.taken):
            if self.taken[at][0] == offset:
                self.taken.pop(at)
                return
            at += 1
        raise Misuse("arena: no region at 0x%x" % offset)

    def used_bytes(self):
        return sum(region[1] for region in self.taken)


class Doorbells:
    """Numbers of the doorbells of this core that belong to no monitor, in levels of priority."""

    def __init__(self, levels):
        self.levels = levels  # (first, limit), the one that is served first before the others
        self.taken = []  # ascending

    def take(self, level=limits.PRIORITY):
        """The lowest free number of a level. Raises Exhausted."""
        first, limit = self.levels[level]
        bell = first
        at = 0
        while at < len(self.taken) and self.taken[at] <= bell:
            if self.taken[at] == bell:
                bell += 1
            at += 1
        if bell >= limit:  # the next level begins there, and may be in use
            count = limit - first
            raise Exhausted("doorbells of level %d: %d of %d in use" % (level, count, count))
        self.taken.insert(at, bell)
        return bell

    def release(self, bell):
        if bell not in self.taken:
            raise Misuse("doorbell %d is not in use" % bell)
        self.taken.remove(bell)
