"""Goal: sorting gives what CPython gives, and takes a time in proportion to n log n whatever the
order was. Method: one program runs under both and prints the same; instructions are counted."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone.machine.console import Console, Result

COUNT = """
import cpu, random

def cost(items, **options):
    start = cpu.instructions()
    items.sort(**options)
    return (cpu.instructions() - start) // len(items)

n = {n}
half = n // 2
least = cost(list(range(n)))
print("sorted", least)
print("random", cost([random.getrandbits(30) for _ in range(n)]))
print("reversed", cost(list(range(n, 0, -1))))
print("equal", cost([5] * n))
print("organ", cost(list(range(half)) + list(range(half, 0, -1))))
print("saw", cost([i % 100 for i in range(n)]))
print("last", cost(list(range(n - 1)) + [0]))
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sorts_do_what_those_of_cpython_do(shell: Console, seed: int) -> None:
    expected = subprocess.run(
        [sys.executable, str(APPS / "sorts.py"), str(seed)], capture_output=True, text=True
    )
    assert expected.returncode == 0
    assert shell.run(f"run sorts {seed}", timeout_s=60) == Result(expected.stdout, 0)


@pytest.mark.modes("exact")
def test_no_order_makes_a_sort_slow(
    exec: Callable[..., Result], programs: Callable[[dict[str, str | bytes]], Path]
) -> None:
    costs = {}
    for n in (2000, 32000):
        apps = programs({"count.py": COUNT.format(n=n)})
        for line in exec("run count", apps=apps).output.splitlines():
            name, cost = line.split()
            costs[name, n] = int(cost)
    print(costs)
    for (name, n), cost in costs.items():
        assert cost < 2000, (name, n, cost)  # instructions for each item
        assert cost <= 2 * costs[name, 2000], (name, n, cost)
