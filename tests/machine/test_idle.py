"""Goal: an idle machine does nothing at all: no core executes an instruction.
Method: QEMU logs what it executes, and shows all registers, over more than a second."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone.machine.console import Console, CoreRepl

WINDOW_S = 1.2  # of host time: how long nothing may happen
MOMENT_S, MOMENTS = 0.1, 20  # in one of which it has come to rest


def executed(console: Console, folder: Path, window_s: float = WINDOW_S) -> int:
    """How many blocks of instructions the cores execute in the window. Its log goes there."""
    log = folder / f"log{len(list(folder.iterdir()))}"
    monitor = console.machine.monitor_command
    monitor(f"logfile {log}")
    monitor("log exec,nochain")
    time.sleep(window_s)
    monitor("log none")
    text = log.read_text() if log.exists() else ""
    return len(re.findall(r"^Trace ", text, re.MULTILINE))


def assert_idle(console: Console, folder: Path) -> None:
    """It comes to rest, some instructions after its last word, and then executes nothing."""
    assert any(executed(console, folder, MOMENT_S) == 0 for _ in range(MOMENTS))
    assert executed(console, folder) == 0


@pytest.mark.modes("stress", "single")
@pytest.mark.parametrize("cores", [1, 4, 16])
def test_a_machine_at_its_prompt_executes_nothing(
    machine: Callable[..., Console], tmp_path: Path, cores: int
) -> None:
    console = machine(cores=cores, mem="4M")
    console.expect_prompt()
    assert_idle(console, tmp_path)
    assert console.run("run hello @all").status == 0
    assert_idle(console, tmp_path)  # nor after work


def test_the_log_would_show_what_is_executed(
    machine: Callable[..., Console], tmp_path: Path
) -> None:
    """The check of the check: a program that sleeps a little executes a little."""
    console = machine(cores=2, apps=APPS)
    console.expect_prompt()
    console.send("run loop @1\r")
    console.expect(r"loop\r\n")
    assert executed(console, tmp_path) > 100
    console.send("\x03")
    console.expect_prompt()


@pytest.mark.parametrize("name", ["sleeper", "reader", "waiter"])
def test_programs_that_wait_execute_nothing(
    machine: Callable[..., Console], tmp_path: Path, name: str
) -> None:
    console = machine(cores=3, apps=APPS)
    console.expect_prompt()
    console.command("repl 0", prompt=">>> ")
    console.send(f"import poly; children = [poly.spawn(core, '{name}') for core in (1, 2)]\r")
    for _ in range(2):
        console.expect(r"\[\d\] \w+\r\n")
    console.send("print('syn' + 'ced')\r")
    console.expect(r"synced\r\n>>> ")
    assert_idle(console, tmp_path)


def test_a_loop_that_waits_for_what_tells_executes_nothing(
    machine: Callable[..., Console], tmp_path: Path
) -> None:
    """For a flag, a port and input: only other streams in Python are asked again and again."""
    console = machine(cores=2, apps=APPS)
    console.expect_prompt()
    console.send("run by_time tells @1\r")
    console.expect(r"waiting\r\n")
    assert_idle(console, tmp_path)
    console.send("\x03")
    console.expect_prompt()


def test_a_core_at_its_repl_executes_nothing(
    machine: Callable[..., Console], tmp_path: Path
) -> None:
    console = machine(cores=2)
    console.expect_prompt()
    with CoreRepl(console, 1) as python:
        python.run("1 + 1")
        assert_idle(console, tmp_path)


def test_a_core_that_crashed_executes_nothing(
    machine: Callable[..., Console], tmp_path: Path
) -> None:
    stays_dead = {"restart": {"intensity": 0}}
    console = machine(cores=2, apps=APPS, arguments=stays_dead)
    console.expect_prompt()
    assert console.run("run crash store 0 @1").status == 255
    assert_idle(console, tmp_path)
