"""Counting words of a text that comes in pieces. Pure.

What costs is done once for each distinct token, not for each word: a token is a run
of anything but white space, in lower case; only in the end are tokens taken apart
into words.

MicroPython's tables degrade to linear search when they are full, grow only then, and
hash to 16 bits. So tables here are made with room, and a new one is begun when one is
well filled.
"""

import gc

from programs.utf8 import first_fault

ROOM = 65537  # entries of a table: as many as there are hashes
ENTRY_BYTES = 16
TABLE_PART = 8  # of a core's memory is a table at most
TEXT_PART = 40  # of it is text between two collections; its tokens take 15 times as much
EDGES = b",.\"'!?-):;("  # the frequent marks around words: few, for it is a linear search
INNER = (b"'", b"-", b".", b",")  # the frequent marks within tokens


class BadText(Exception):
    """The text is not UTF-8."""


class Room:
    """Nothing, but with a length: dict.fromkeys() makes a table of that many entries."""

    def __init__(self, entries):
        self.entries = entries

    def __len__(self):
        return self.entries

    def __iter__(self):
        return iter(())


class Tally:
    """add() pieces of text, then ask."""

    def __init__(self, memory_bytes):
        """`memory_bytes`: of the core."""
        self.room = min(ROOM, memory_bytes // TABLE_PART // ENTRY_BYTES)
        self.collect_bytes = memory_bytes // TEXT_PART
        self.counts = dict.fromkeys(Room(self.room))
        self.tables = [self.counts]
        self.piece_count = 0
        self.byte_count = 0
        self.uncollected = 0
        self.word_count = None  # known once folded
        self.best = {}  # answer to the lowest at_least() so far
        self.best_least = None

    def add(self, piece):
        """Count a piece of text; it begins and ends between words."""
        counts = self.counts
        get = counts.get
        for token in piece.lower().split():
            counts[token] = get(token, 0) + 1
        self.piece_count += 1
        self.byte_count += len(piece)
        self.uncollected += len(piece)
        if self.uncollected >= self.collect_bytes:
            # Before the heap is full: or the tokens that stay lie all over it, and
            # no room is left in one piece for the next text.
            self.uncollected = 0
            gc.collect()
        if len(counts) * 8 > self.room * 5:
            self.counts = dict.fromkeys(Room(self.room))
            self.tables.append(self.counts)

    def fold(self):
        """Take the tokens apart into words, which ends the adding. Raises BadText."""
        if self.word_count is None:
            self.word_count = 0
            for counts in self.tables:
                self.word_count += sum(counts.values()) + fold(counts)

    def at_least(self, least):
        """{word: count} of the words counted `least` times or more."""
        self.fold()
        if self.best_least is None or least < self.best_least:
            self.best = self.search(least)
            self.best_least = least
        return {word: count for word, count in self.best.items() if count >= least}

    def search(self, least):
        # A word that often in all is at least so often in one of the tables.
        share = -(-least // len(self.tables))
        found = {}
        for counts in self.tables:
            for word, count in counts.items():
                if count >= share and word not in found and is_word(word):
                    count = self.total(word)
                    if count >= least:
                        found[word] = count
        return found

    def total(self, word):
        """How often a word was counted."""
        self.fold()
        return sum([counts.get(word, 0) for counts in self.tables])

    def top(self, number):
        """{word: count} of so many of the most frequent words, ties as they come."""
        self.fold()
        least = max(1, self.word_count // 1024)
        found = self.at_least(least)
        while len(found) < number and least > 1:
            least = max(1, least // 4)
            found = self.at_least(least)
        ranked = sorted([(-count, word) for word, count in found.items()])
        return {word: -count for count, word in ranked[:number]}


def fold(counts):
    """Add the words within its tokens to a table; how many more words than tokens there are.

    A token stays in the table: one that is no word is told from words by is_word().
    """
    more = 0
    get = counts.get
    tokens = list(counts)
    plain = list(map(bytes.isalpha, tokens))
    plain.append(False)
    at = plain.index(False)
    while at < len(tokens):
        token = tokens[at]
        count = counts[token]
        word = token[:-1]  # two of three have one mark, at their end
        if not (word.isalpha() and token[-1] < 128):
            word = token.strip(EDGES)
            if not word.isalpha():
                words = words_of(token)
                more += (len(words) - 1) * count
                for word in words:
                    if word != token:
                        counts[word] = get(word, 0) + count
                word = None
        if word is not None:
            counts[word] = get(word, 0) + count
        at = plain.index(False, at + 1)
    return more


def words_of(token):
    """The words of a token, in order. Raises BadText."""
    words = []
    text = token
    for mark in INNER:
        text = text.replace(mark, b" ")
    for part in text.split():
        if part.isalpha():
            words.append(part)
        else:
            runs_of(part, words)
    return words


def runs_of(text, words):
    """Append the words of a text to a list, found byte by byte. Raises BadText."""
    start = 0
    checked = False
    for at in range(len(text)):
        byte = text[at]
        if byte >= 128:
            if not checked and first_fault(text) >= 0:
                raise BadText
            checked = True
        elif not 97 <= byte <= 122:
            if at > start:
                words.append(text[start:at])
            start = at + 1
    if start < len(text):
        words.append(text[start:])


def is_word(token):
    """Whether a token is one word and nothing else."""
    return token.isalpha() or words_of(token) == [token]
