"""The exact k most frequent of what several nodes counted, with few words sent. Pure.

The three-phase uniform threshold algorithm (TPUT): P. Cao and Z. Wang, "Efficient
top-K query calculation in distributed networks", PODC 2004. A node has three
questions, each asked (ask_*) before any answer is read (words(), a list of (word,
count)), so that all nodes work on it at the same time.
"""

import heapq

from programs.table import SPARE, with_room


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
    floor = rank(sums([node.words() for node in nodes]), number)
    share = max(1, -(-floor // len(nodes)))

    for node in nodes:
        node.ask_at_least(share)
    parts = [node.words() for node in nodes]
    known = sums(parts)
    floor = rank(known, number)
    told = tellers(parts, len(known))
    parts = None  # large
    wanted = []
    for word, count in known.items():
        missing = len(nodes) - bin(told[word]).count("1")
        if count + missing * (share - 1) >= floor:
            wanted.append(word)

    for index, node in enumerate(nodes):
        node.ask_totals([word for word in wanted if not told[word] & 1 << index])
    for node in nodes:
        for word, count in node.words():
            known[word] += count
    ranked = smallest([(-known[word], word) for word in wanted], number)
    return [(-count, word) for count, word in ranked]


def smallest(items, number):
    """So many of the smallest of a list, which loses them. Not by a sort: MicroPython's
    takes quadratic time for equal items."""
    heapq.heapify(items)
    return [heapq.heappop(items) for _ in range(min(number, len(items)))]


def sums(parts):
    """{word: sum of its counts} over several [(word, count)]."""
    total = with_room(SPARE * sum([len(part) for part in parts]))
    for part in parts:
        for word, count in part:
            total[word] = total.get(word, 0) + count
    return total


def tellers(parts, words):
    """{word: in which of the parts it is, a bit for each}."""
    told = with_room(SPARE * words)
    for index, part in enumerate(parts):
        for word, _ in part:
            told[word] = told.get(word, 0) | 1 << index
    return told


def rank(counts, number):
    """The count that place `number` has; 0 if there are fewer."""
    if len(counts) < number:
        return 0
    return -smallest([-count for count in counts.values()], number)[-1]
