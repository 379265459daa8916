"""Counting words of a text that comes in pieces. Pure.

What is done for each word is done by MicroPython's C code, but for one look-up and
one store. A new table is begun when one is well filled.
"""

import re

from programs.table import ROOM_MAX, with_room
from programs.topk import smallest
from programs.utf8 import first_fault

ENTRY_BYTES = 16
TABLE_PART = 8  # of a core's memory is a table at most
BETWEEN = re.compile(b"[^a-z\x80-\xff]+")
BETWEEN_ONE = re.compile(b"[^a-z\x80-\xff]")
NOTHING = b""  # what a split finds before the first word


class BadText(Exception):
    """The text is not UTF-8."""


class Tally:
    """add() pieces of text, then ask."""

    def __init__(self, memory_bytes):
        """`memory_bytes`: of the core."""
        self.room = min(ROOM_MAX, memory_bytes // TABLE_PART // ENTRY_BYTES)
        self.counts = with_room(self.room)
        self.tables = [self.counts]
        self.piece_count = 0
        self.byte_count = 0
        self.word_count = None  # known once closed
        self.best = []  # answer to the lowest at_least() so far
        self.best_least = None

    def add(self, piece):
        """Count a piece of text; it begins and ends between words."""
        counts = self.counts
        get = counts.get
        for word in words_of(piece.lower()):
            counts[word] = get(word, 0) + 1
        self.piece_count += 1
        self.byte_count += len(piece)
        if len(counts) * 8 > self.room * 5:
            self.counts = with_room(self.room)
            self.tables.append(self.counts)

    def close(self):
        """Check the words, which ends the adding. Raises BadText."""
        if self.word_count is None:
            self.word_count = 0
            for counts in self.tables:
                if NOTHING in counts:
                    del counts[NOTHING]
                self.word_count += sum(counts.values())
                for word in counts:
                    if not word.isalpha() and first_fault(word) >= 0:
                        raise BadText

    def at_least(self, least):
        """[(word, count)] of the words counted `least` times or more."""
        self.close()
        if self.best_least is None or least < self.best_least:
            self.best = self.search(least)
            self.best_least = least
        return [pair for pair in self.best if pair[1] >= least]

    def search(self, least):
        # A word that often in all is at least so often in one of the tables.
        share = -(-least // len(self.tables))
        found = []
        for index, counts in enumerate(self.tables):
            earlier = self.tables[:index]
            for word, count in counts.items():
                if count >= share and highest(earlier, word) < share:
                    count = self.total(word)
                    if count >= least:
                        found.append((word, count))
        return found

    def total(self, word):
        """How often a word was counted."""
        self.close()
        return sum([counts.get(word, 0) for counts in self.tables])

    def totals(self, words):
        """[(word, how often it was counted)] of those that were."""
        found = []
        for word in words:
            count = self.total(word)
            if count:
                found.append((word, count))
        return found

    def top(self, number):
        """[(word, count)] of so many of the most frequent words, ties by word."""
        self.close()
        least = max(1, self.word_count // 1024)
        found = self.at_least(least)
        while len(found) < number and least > 1:
            least = max(1, least // 4)
            found = self.at_least(least)
        ranked = smallest([(-count, word) for word, count in found], number)
        return [(word, -count) for count, word in ranked]


def highest(tables, word):
    """Of its counts in several tables."""
    return max([0] + [counts.get(word, 0) for counts in tables])


def words_of(text):
    """The words of a text in lower case, and NOTHING here and there."""
    try:
        return BETWEEN.split(text)
    except RuntimeError:
        # It recurses as deep as a run of such bytes is long: without the + it does not.
        return BETWEEN_ONE.sub(b" ", text).split()
