"""The exact k most frequent of what several nodes counted, with few words sent. Pure.

The three-phase uniform threshold algorithm (TPUT): P. Cao and Z. Wang, "Efficient
top-K query calculation in distributed networks", PODC 2004. A node has three
questions, each asked (ask_*) before any answer is read (words(), a list of (word,
count)), so that all nodes work on it at the same time.
"""

import heapq

from programs.table import with_room

TABLE_WORDS = 1024  # in one of the dictionaries of Told
SPARE = 2  # entries for each, to be quick


def top(nodes, number):
    """[(count, word)], highest count first, ties by word; exact.

    1. Every node's own first `number` give a count that the last of the result
       reaches at least.
    2. A word of the result is seen on some node as often as that count's share, so
       all words so frequent on some node hold the result; bounds drop most of them.
    3. What is missing for the rest is asked for; no answer about a word is a zero.
    """
    for node in nodes:
        node.ask_top(number)
    floor = Told([node.words() for node in nodes]).rank(number)
    share = max(1, -(-floor // len(nodes)))

    for node in nodes:
        node.ask_at_least(share)
    told = Told([node.words() for node in nodes])
    wanted = told.reaching(told.rank(number), share - 1)

    for index, node in enumerate(nodes):
        node.ask_totals([word for word in wanted if not told.by(index, word)])
    for index, node in enumerate(nodes):
        told.add(index, node.words())
    ranked = smallest([(-told.count(word), word) for word in wanted], number)
    return [(-count, word) for count, word in ranked]


class Told:
    """What each node told of many words: the sums of the counts, and by whom.

    A value is the sum, then a bit for each node. The words lie in many dictionaries, by
    hash: of MicroPython's 16 bits, so a large one would search long, and want its
    memory in one piece.
    """

    def __init__(self, parts):
        """`parts`: a list of (word, count) from each node."""
        self.nodes = len(parts)
        words = sum([len(part) for part in parts])
        self.tables = [with_room(SPARE * min(words, TABLE_WORDS))
                       for _ in range(words // TABLE_WORDS + 1)]  # fmt: skip
        for index, part in enumerate(parts):
            self.add(index, part)

    def table(self, word):
        return self.tables[hash(word) % len(self.tables)]

    def add(self, index, part):
        """What node `index` tells for the first time."""
        for word, count in part:
            table = self.table(word)
            table[word] = table.get(word, 0) + (count << self.nodes | 1 << index)

    def by(self, index, word):
        """Whether node `index` told it."""
        return self.table(word)[word] >> index & 1

    def count(self, word):
        return self.table(word)[word] >> self.nodes

    def rank(self, number):
        """The count that place `number` has; 0 if there are fewer."""
        best = []  # a heap of the highest so far
        for table in self.tables:
            for value in table.values():
                count = value >> self.nodes
                if len(best) < number:
                    heapq.heappush(best, count)
                elif count > best[0]:
                    heapq.heappop(best)
                    heapq.heappush(best, count)
        return best[0] if len(best) == number else 0

    def reaching(self, floor, untold):
        """The words with so high a count, if who told none had `untold`."""
        found = []
        for table in self.tables:
            for word, value in table.items():
                told = bin(value & (1 << self.nodes) - 1).count("1")
                if (value >> self.nodes) + (self.nodes - told) * untold >= floor:
                    found.append(word)
        return found


def smallest(items, number):
    """So many of the smallest of a list, which loses them. Not by a sort: MicroPython's
    takes quadratic time for equal items."""
    heapq.heapify(items)
    return [heapq.heappop(items) for _ in range(min(number, len(items)))]
