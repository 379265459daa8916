"""Goal: what a task, a program or a prompt waits for ends its wait, whatever it is and whatever
the program is the first to use meanwhile. Method: pairs of waiter and first use in fresh programs,
places and orders chosen from a seed; streams by time; programs that CPython runs too."""

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from holding import APPS

from polyphone.machine.console import Console, CoreRepl, Result

WAITERS = ("channel", "credit", "input", "flag", "clock", "sleep", "event", "timer", "interrupt")
STREAMS = ("channel", "credit", "input", "flag", "clock", "posted")
USES = ("nothing", "port", "timer", "interrupt", "domain", "region", "connect", "export")
USES += ("service", "names", "spawn", "status", "do", "loop")
TASKS = ("loop", "second", "do")
SEED = 20


def pairs(waiter: str, randoms: random.Random) -> Iterator[str]:
    """Commands in which this waiter meets each first use, and one with several of them."""
    places = (TASKS if waiter in WAITERS else ()) + (("poll",) if waiter in STREAMS else ())
    for number, use in enumerate(USES):
        order = "before" if randoms.random() < 0.25 else "while"
        yield f"run waits {waiter} {places[number % len(places)]} {order} {use}"
    for place in places:
        yield f"run waits {waiter} {place} while {' '.join(randoms.sample(USES, 4))}"


@pytest.mark.parametrize("waiter", sorted({*WAITERS, *STREAMS}))
def test_who_waits_is_woken_whatever_is_used_first(
    machine: Callable[..., Console], tmp_path: Path, waiter: str
) -> None:
    shutil.copy(APPS / "waits.py", tmp_path)
    console = machine(cores=4, apps=tmp_path)
    console.expect_prompt()
    randoms = random.Random(SEED)
    for command in pairs(waiter, randoms):
        core = randoms.choice((0, 3))
        result = console.run(f"{command} @{core}" if core else command)
        assert result.status == 0 and result.lines[-1].endswith("ok"), (command, core, result)
