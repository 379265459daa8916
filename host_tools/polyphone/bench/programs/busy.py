# busy.py KIND: a core that never waits, and never ends by itself. pings.py asks it.
import asyncio
import sys

import poly

DEPTH = 40  # of recursion
LARGE = 1 << 4000


def loop():
    while True:
        pass


def big_integers():
    a, b = 1, 1
    while True:
        a, b = b, a + b
        if b > LARGE:
            a, b = 1, 1


def strings():
    text = ""
    while True:
        text = text[-2000:] + f"{len(text)}, "


def collections():
    kept = {}
    number = 0
    while True:
        number += 1
        kept[number % 500] = [number] * (number % 100)  # the heap fills and is collected


def descend(depth):
    return 0 if depth == 0 else 1 + descend(depth - 1)


def recursion():
    while True:
        descend(DEPTH)


def overflow():
    while True:
        try:
            descend(1_000_000)
        except RuntimeError:
            pass


def squares(count):
    for number in range(count):
        yield number * number


def generators():
    while True:
        sum(squares(1000))


# Loops of C that call Python without a jump in it.
def functions_of_c():
    numbers = list(range(1000))
    while True:
        sum(map(lambda number: number + 1, numbers))
        sorted(numbers[:100], key=lambda number: -number)
        max(numbers, key=lambda number: number)


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    def __getattr__(self, name):
        raise AttributeError(name)


def objects():
    points = [Point(x) for x in range(1000)]
    names = ["y"] * len(points)
    while True:
        points.count(Point(-1))
        list(map(hasattr, points, names))


def swallow():
    while True:
        try:
            while True:
                {}["no such key"]
        except BaseException:
            pass


async def turns():
    while True:
        await asyncio.sleep_ms(0)


async def tasks():
    await asyncio.gather(*(turns() for _ in range(5)))


KINDS = {
    "loop": loop,
    "big_integers": big_integers,
    "strings": strings,
    "collections": collections,
    "recursion": recursion,
    "overflow": overflow,
    "generators": generators,
    "functions_of_c": functions_of_c,
    "objects": objects,
    "swallow": swallow,
    "tasks": lambda: asyncio.run(tasks()),
}

if __name__ == "__main__":
    poly.parent().send(b"busy")
    KINDS[sys.argv[1]]()
