"""Dictionaries with room for what they will hold. Pure.

MicroPython's tables hash to 16 bits, put what collides into the next free entry, and
to grow they need a free piece of memory larger than themselves. With many words that
are alike, a table that grows as it fills has few free entries where they are wanted.
"""

ROOM_MAX = 65537  # entries: as many as there are hashes, and prime
ROOM_MIN = 1024


class Room:
    """Nothing, but with a length: dict.fromkeys() makes a table of that many entries."""

    def __init__(self, entries):
        self.entries = entries

    def __len__(self):
        return self.entries

    def __iter__(self):
        return iter(())


def with_room(entries):
    """An empty dictionary of so many entries (at most ROOM_MAX); of fewer if memory has
    no free piece of that length. Raises MemoryError below ROOM_MIN."""
    entries = min(ROOM_MAX, entries)
    while True:
        try:
            return dict.fromkeys(Room(entries))
        except MemoryError:
            if entries < ROOM_MIN:
                raise
        entries //= 2
