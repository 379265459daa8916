"""Goal: what a task, a program or a prompt waits for ends its wait, whatever it is and whatever
the program is the first to use meanwhile. Method: pairs of waiter and first use in fresh programs,
places and orders chosen from a seed; streams by time; programs that CPython runs too."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from holding import APPS

from polyphone.machine.console import Console, Result

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


# --- streams by time ---------------------------------------------------------------------

RULES = ("poll", "ipoll", "selected", "loop", "loop_with_port", "many", "errors_are_the_waiters")
RULES += ("no_stream_can_be_registered", "a_cancelled_task_leaves_the_other_direction")


@pytest.mark.modes("stress", "exact")
@pytest.mark.parametrize("core", [0, 2])
def test_streams_in_python_are_asked_again(
    exec: Callable[..., Result], tmp_path: Path, core: int
) -> None:
    shutil.copy(APPS / "by_time.py", tmp_path)
    commands = "; ".join(f"run by_time {rule} @{core}" for rule in RULES)
    result = exec(commands, cores=3, apps=tmp_path)
    lines = [line.removeprefix(f"[{core}] ") for line in result.output.splitlines()]
    assert lines == ["ok"] * len(RULES)


@pytest.mark.parametrize("core", [0, 1])
def test_a_task_at_a_prompt_is_woken_by_a_stream(
    machine: Callable[..., Console], tmp_path: Path, core: int
) -> None:
    for app in ("by_time.py", "waits.py"):
        shutil.copy(APPS / app, tmp_path)
    console = machine(cores=3, apps=tmp_path)
    console.expect_prompt()
    console.command(f"repl {core}", prompt=">>> ")
    console.command("import sys; sys.path.append('/rom')", prompt=">>> ")
    console.command("import by_time, waits", prompt=">>> ")
    console.send("by_time.start()\r")
    console.expect(r"read b'x'\r\n")
    for waiter, use in (("clock", "port"), ("flag", "loop"), ("sleep", "domain")):
        console.send(f"waits.at_a_prompt('{waiter}', '{use}')\r")
        console.expect(r"woken\r\n")


# --- loops of asyncio ------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["", "port"])
def test_tasks_that_have_ended_do_as_in_cpython(
    exec: Callable[..., Result], tmp_path: Path, port: str
) -> None:
    shutil.copy(APPS / "ended.py", tmp_path)
    cpython = [sys.executable, "-W", "ignore", str(tmp_path / "ended.py")]
    wanted = subprocess.run(cpython, capture_output=True, text=True, timeout=60, check=True)
    result = exec(f"run ended {port}", apps=tmp_path)
    assert result.output.splitlines() == wanted.stdout.splitlines()
