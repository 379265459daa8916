"""Sorts of all kinds: run sorts [SEED]. Says the same under CPython, line by line."""

import sys

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython

    def heap_lock():
        pass

    heap_unlock = heap_lock

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1


def random(below):
    global seed
    seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
    return (seed >> 8) % below


def log2_up(n):
    bits = 0
    while 1 << bits < n:
        bits += 1
    return bits


class Item:
    compared = 0
    raises_at = 0
    at_compare = None

    def __init__(self, key, place):
        self.key = key
        self.place = place

    def __lt__(self, other):
        Item.compared += 1
        if Item.compared == Item.raises_at:
            raise RuntimeError("no more")
        if Item.at_compare:
            Item.at_compare()
        return 1 if self.key < other.key else ()  # any truth will do


def key_of(item):
    return item.key


def digest(items):
    value = 0
    for item in items:
        value = (value * 31 + item.key * 7 + item.place) % 1000003
    return value


def killer(n):
    """What makes a quicksort of three medians quadratic (McIlroy's), roughly."""
    half = n // 2
    return [i + (0 if i & 1 else half) for i in range(half)] + [2 * i for i in range(n - half)]


def kinds(n):
    return (
        ("random", [random(1 << 20) for _ in range(n)]),
        ("few", [random(5) for _ in range(n)]),
        ("sorted", list(range(n))),
        ("reversed", list(range(n, 0, -1))),
        ("equal", [7] * n),
        ("organ", list(range(n // 2)) + list(range(n - n // 2, 0, -1))),
        ("saw", [i % 10 for i in range(n)]),
        ("nearly", list(range(n - 1)) + [3] if n else []),
        ("killer", killer(n)),
    )


def sort_all(n):
    for name, keys in kinds(n):
        for reverse in (False, True):
            plain, locked = list(keys), list(keys)
            items = [Item(key, place) for place, key in enumerate(keys)]
            by_key = list(items)
            keyed_locked = list(items)
            plain.sort(reverse=reverse)
            heap_lock()
            locked.sort(reverse=reverse)
            keyed_locked.sort(key=key_of, reverse=reverse)
            heap_unlock()
            asked = []
            by_key.sort(key=lambda item: asked.append(item.place) or item.key, reverse=reverse)
            Item.compared = 0
            items.sort(reverse=reverse)
            bounded = Item.compared <= n * log2_up(n) + n
            assert sorted(keys, reverse=reverse) == plain == locked
            assert asked == list(range(n)), asked
            print(n, name, reverse, digest(items), digest(by_key), digest(keyed_locked), bounded)


def raise_everywhere(n):
    """An error in any comparison loses no item and doubles none."""
    for at in range(1, 4 * n):
        items = [Item(random(n), place) for place in range(n)]
        Item.compared, Item.raises_at = 0, at
        try:
            items.sort()
        except RuntimeError:
            pass
        assert sorted(item.place for item in items) == list(range(n)), at
    Item.raises_at = 0
    calls = [0]

    def key(item):
        calls[0] += 1
        return item.key if calls[0] < n // 2 else 1 // 0

    items = [Item(n - place, place) for place in range(n)]
    try:
        items.sort(key=key)
    except ZeroDivisionError:
        print("key raised:", [item.place for item in items] == list(range(n)))


def sort_while(items, change):
    """How that ends, and how long the list was at the first comparison."""
    seen = []

    def at_compare():
        seen.append(len(items))
        change(items)

    Item.at_compare = at_compare
    try:
        items.sort()
        return "sorted", seen[0]
    except ValueError as error:
        return str(error), seen[0]
    finally:
        Item.at_compare = None


def change_meanwhile(n):
    for name, change in (
        ("append", lambda items: items.append(None)),
        ("extend", lambda items: items.extend([0] * 50)),
        ("insert and pop", lambda items: (items.insert(0, 1), items.append(2), items.pop())),
    ):
        items = [Item(random(n), place) for place in range(n)]
        print(name, sort_while(items, change))
        assert sorted(item.place for item in items) == list(range(n))


for length in (0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 1000):
    sort_all(length)
for _ in range(100):
    sort_all(random(40))
raise_everywhere(40)
change_meanwhile(30)
