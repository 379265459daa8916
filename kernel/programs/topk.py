"""The exact k most frequent of what several nodes counted, with few words sent. Pure.

The three-phase uniform threshold algorithm (TPUT): P. Cao and Z. Wang, "Efficient
top-K query calculation in distributed networks", PODC 2004. A node has three
questions, each asked (ask_*) before any answer is read (words()), so that all
nodes work on it at the same time.
"""


def top(nodes, number):
    """[(count, word)], highest count first, ties by word; exact.

    1. Every node's own first `number` give a count that the last of the result
       reaches at least.
    2. A word of the result is seen on some node as often as that count's share, so
       all words so frequent on some node hold the result; bounds drop most of them.
    3. What is missing for the rest is asked for.
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
    wanted = []
    for word, count in known.items():
        missing = sum([word not in part for part in parts])
        if count + missing * (share - 1) >= floor:
            wanted.append(word)

    for node, part in zip(nodes, parts):
        node.ask_totals([word for word in wanted if word not in part])
    for node, part in zip(nodes, parts):
        part.update(node.words())
    ranked = sorted([(-sum([part[word] for part in parts]), word) for word in wanted])
    return [(-count, word) for count, word in ranked[:number]]


def sums(parts):
    """{word: sum of its counts} over several {word: count}."""
    total = {}
    for part in parts:
        for word, count in part.items():
            total[word] = total.get(word, 0) + count
    return total


def rank(counts, number):
    """The count that place `number` has; 0 if there are fewer."""
    ranked = sorted(counts.values(), reverse=True)
    return ranked[number - 1] if len(ranked) >= number else 0
