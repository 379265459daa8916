"""What cores hold, counted by a program on each of them (apps/census.py); the folder of
the programs that the tests run."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from polyphone.machine.console import Console

APPS = Path(__file__).parent / "apps"
# New names in a program's text stay in MicroPython's table of strings for ever, and
# lines typed stay in the histories: so much may come in one test.
HEAP_NOISE_BYTES = 12 * 1024
CENSUS = re.compile(
    r"census (\d+): heap (\d+) regions (\d+) bells (\d+) children (\d+) links (\d+)"
    r" modules (\d+) tasks (\d+)"
)


class Holding(NamedTuple):
    """What one core holds."""

    heap: int
    regions: int
    bells: int
    children: int
    links: int
    modules: int
    tasks: int


def take_census(console: Console, cores: Iterable[int] | None = None) -> dict[int, Holding]:
    """Of these cores, or all, one after the other: what runs the census is no part of it."""
    cores = range(console.machine.setup.cores) if cores is None else cores
    output = console.command("; ".join(f"run /rom/census.py @{core}" for core in cores))
    found = [[int(number) for number in numbers] for numbers in CENSUS.findall(output)]
    assert found, output
    return {core: Holding(*holding) for core, *holding in found}


def but_heap(census: dict[int, Holding]) -> dict[int, Holding]:
    """A census without the heaps, which are never twice the same to the byte."""
    return {core: held._replace(heap=0) for core, held in census.items()}


def growth(before: dict[int, Holding], after: dict[int, Holding]) -> dict[int, int]:
    """By how many bytes the heap of each core has grown."""
    return {core: after[core].heap - before[core].heap for core in before}
