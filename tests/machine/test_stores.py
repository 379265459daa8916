"""Goal: a store writes the bytes that it is asked to, once, and no other: cores share memory.
Method: every way to store, with guards around, a second writer on another core, unmapped pages."""

from collections.abc import Callable

import pytest

from polyphone.machine.console import Console, Result


def test_two_writers_of_a_region_lose_nothing(shell: Console) -> None:
    assert shell.run("run stores @1", timeout_s=120) == Result("[1] 13 ways to store\n", 0)


@pytest.mark.modes("exact")
def test_a_slice_store_costs_what_the_slice_costs(exec: Callable[..., Result]) -> None:
    assert int(exec("run stores cost").output) < 1000
