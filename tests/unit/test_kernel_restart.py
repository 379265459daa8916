"""Goal: cores may be restarted at any moment, both ends of a link too: who dealt with them is
told once, and all talk to each other afterwards.
Method: the kernel's Python on simulated cores (host_core.py), restarts at every turn of a run."""

from collections.abc import Callable

import pytest
from host_core import ONLINE, STOPPED, Machine

CORES = 4
PROGRAMS = {
    "say.py": "import poly\nprint('from', poly.core())\n",
    "answer.py": """
import poly
channel = poly.parent()
while True:
    channel.send(channel.recv())
""",
    "ask.py": """
import poly, sys
try:
    child = poly.spawn(int(sys.argv[1]), "answer")
except poly.PeerDied as died:  # before it was known to run
    print("told [None]", died)
    sys.exit(0)
told = []
finish = child.finish
def counted(status):
    told.append(status)
    finish(status)
child.finish = counted
number = 0
try:
    while True:
        message = bytes((number & 255,)) * (1 + number % 150)
        child.channel.send(message)
        assert child.channel.recv() == message
        number += 1
except OSError:
    pass
try:
    child.wait()
except poly.PeerDied as died:
    print("told", told, died)
""",
    "again.py": "import poly, sys\nprint(poly.restart(int(sys.argv[1])), poly.ping(1) > 0)\n",
    "busy.py": "while True:\n    pass\n",
}
TURNS = range(0, 120, 3)


def turns(machine: Machine, count: int) -> None:
    """So many, or until all cores wait."""
    for _ in range(count):
        if any(machine.may_run(core) for core in machine.cores):
            machine.step()


def new_prompt(machine: Machine) -> None:
    """What a monitor tells comes behind the prompt that is there."""
    machine.run_until(lambda: all(core.state == ONLINE for core in machine.cores))
    machine.run_until(lambda: not any(machine.may_run(core) for core in machine.cores))
    machine.type("\n")
    machine.run_until(machine.prompted)


def all_answer(machine: Machine) -> None:
    """Every core runs a program for core 0."""
    new_prompt(machine)
    for core in range(1, len(machine.cores)):
        machine.command(f"kill {core}")
    lines = machine.command("run say @all").splitlines()
    wanted = {"from 0"} | {f"[{n}] from {n}" for n in range(1, len(machine.cores))}
    assert wanted <= set(lines), lines


def test_a_restarted_core_is_new_and_answers(start: Callable[..., Machine]) -> None:
    machine = start()
    assert machine.command("restart 2") == "core 2: restarted, generation 1\n"
    assert machine.command("restart 2") == "core 2: restarted, generation 2\n"
    assert "core 2  online   gen 2  idle" in machine.command("cores")
    assert machine.command("run again 3 @2") == "core 3: restarted, generation 1\n[2] 1 True\n"
    all_answer(machine)


@pytest.mark.parametrize("at", TURNS)
def test_a_restart_at_any_turn_is_told_once(start: Callable[..., Machine], at: int) -> None:
    machine = start(seed=at)
    machine.run_until(machine.prompted)
    machine.type("run ask 2\n")
    machine.run_until(lambda: machine.cores[2].kernel.program)
    turns(machine, at)
    machine.restart(2)
    machine.run_until(machine.prompted)
    text = machine.text()
    assert text.count("told [None] core 2 died (generation 0)\n") == 1, text
    all_answer(machine)


@pytest.mark.parametrize("at", TURNS)
def test_both_ends_restarted_at_any_turns(start: Callable[..., Machine], at: int) -> None:
    """The spawning core, then the other, again and again while they meet each other."""
    machine = start(seed=at)
    machine.run_until(machine.prompted)
    machine.type("run ask 2 @1\n")
    machine.run_until(lambda: machine.cores[2].kernel.program)
    for restarted in ((1, 2), (2, 1), (1, 1), (2, 2), (1, 2)):
        for core in restarted:
            turns(machine, at)
            machine.restart(core)
    all_answer(machine)
    assert machine.command("run again 2 @3").endswith(" True\n")
    # One that is asked for before the last one has begun is that one.
    assert 1 <= machine.cores[1].generation <= 5


@pytest.mark.parametrize("at", TURNS)
def test_core_0_restarted_at_any_turn_begins_a_shell(
    start: Callable[..., Machine], at: int
) -> None:
    machine = start(seed=at)
    machine.run_until(machine.prompted)
    machine.type("run ask 2\n")
    machine.run_until(lambda: machine.cores[2].kernel.program)
    turns(machine, at)
    machine.restart(0)
    machine.run_until(lambda: b"core 0: restarted, generation 1" in machine.console)
    all_answer(machine)


@pytest.mark.parametrize("seed", range(8))
def test_two_deaths_at_once_have_one_supervisor(start: Callable[..., Machine], seed: int) -> None:
    machine = start(seed=seed)
    machine.run_until(machine.prompted)
    machine.crash(0, "")
    turns(machine, seed)
    machine.crash(2, "")
    machine.run_until(lambda: all(core.state == ONLINE for core in machine.cores))
    all_answer(machine)
    assert [core.generation for core in machine.cores] == [1, 0, 1, 0]


def test_a_crash_loop_ends(start: Callable[..., Machine]) -> None:
    machine = start(arguments='{"restart": {"intensity": 2, "period_ms": 100000}}')
    machine.run_until(machine.prompted)
    for life in range(3):
        machine.run_until(lambda: machine.cores[1].state == ONLINE)
        assert machine.cores[1].generation == life
        machine.crash(1, f"panic {life}")
        machine.run_until(lambda life=life: f"panic {life}".encode() in machine.console)
    machine.run_until(lambda: machine.cores[1].state == STOPPED)
    assert machine.text().count("core 1: stays dead: 2 restarts within 100000 ms, no more\n") == 1
    machine.type("\n")
    machine.run_until(machine.prompted)
    assert "core 1: restarted, generation 3" in machine.command("restart 1")
    all_answer(machine)
