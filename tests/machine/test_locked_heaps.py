"""Goal: messages take no memory. Method: 100,000 of each kind between ends on one core (LMP) and
on two (UMP), with the heaps of both locked: frames posted and taken, plain numbers from a
client's stub to a server's method, and trains."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone import paths
from polyphone.machine.console import Result

COUNT = 100_000
FILES = (
    paths.ROOT / "tests" / "conformance" / "fixed.py",
    APPS / "fixed_memory.py",
    APPS / "fixed_far.py",
)


@pytest.mark.parametrize("kind", ["frames", "typed", "trains"])
def test_messages_pass_while_the_heap_is_locked(
    exec: Callable[..., Result], tmp_path: Path, kind: str
) -> None:
    """IDL-8, TRN-1: received, wrong ones, bytes by which the heaps grew"""
    for file in FILES:
        shutil.copy(file, tmp_path)
    result = exec(f"run fixed_memory {kind} {COUNT}", cores=2, apps=tmp_path)
    assert result == Result(f"LMP {COUNT} 0 0\nUMP {COUNT} 0 0 0\n", 0)
