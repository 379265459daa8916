"""Goal: any core can be restarted in whatever state it is, alone; all who dealt with it are told
once, and nothing of its last life is left. Method: programs that bring their core into trouble,
one that watches it, one that it deals with; then restarts by the shell, of core 0 too."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS, HEAP_NOISE_BYTES, but_heap, growth, take_census

from polyphone.machine.console import CTRL_C, Console, CoreRepl

STATES = ["loop", "wait", "masked", "interrupt", "overflow", "fault", "exhaust", "heap_lock",
          "send", "receive"]  # fmt: skip
PANICS = ("overflow", "fault")


@pytest.mark.parametrize("state", STATES)
def test_a_core_in_any_state_is_restarted_and_everybody_told_once(
    shell: Console, state: str
) -> None:
    """MON-2"""
    fresh = take_census(shell)
    for round_ in range(2):  # the second life can be restarted like the first
        output = shell.command(f"run watcher 2 {state} @1")
        for line in (
            "[1] watcher: died in generation 0",
            "[1] watcher: told [None] generation +1 ''",
            "[3] partner: told 1",
            f"core 2: restarted, generation {round_ + 1}",
        ):
            assert output.count(line) == 1, output
        assert len(shell.panics()) == (round_ + 1 if state in PANICS else 0)
    lines = shell.run("cores").lines
    assert [line.split()[2:5] for line in lines] == [
        ["online", "gen", "2" if core == 2 else "0"] for core in range(4)
    ]
    held = take_census(shell)
    assert but_heap(held) == but_heap(fresh)
    assert held[2].heap <= fresh[2].heap + HEAP_NOISE_BYTES


def test_nothing_of_a_life_is_in_the_next_one(shell: Console) -> None:
    with CoreRepl(shell, 2) as python:
        python.run("import cpu, sys; cpu.this().log.add('marked'); sys.modules['mine'] = 1")
        assert "marked" in python.run("list(cpu.this().log.entries())")
    assert shell.run("restart 2").output == "core 2: restarted, generation 1\n"
    with CoreRepl(shell, 2) as python:
        assert "marked" not in python.run("import cpu, sys; list(cpu.this().log.entries())")
        assert python.run("'mine' in sys.modules, cpu.generation()") == "(False, 1)\n"


def test_the_shell_restarts_each_core_and_its_own(shell: Console) -> None:
    for core in (3, 2, 1):
        assert shell.run(f"restart {core}").output == f"core {core}: restarted, generation 1\n"
    output = shell.command("restart 0")
    assert "core 0: restarted, generation 1\n" in output and "Polyphone on" in output
    hello = shell.run("run hello @all")
    assert (hello.status, len(hello.lines)) == (0, 4)
    assert [line.split()[4] for line in shell.run("cores").lines] == ["1"] * 4
    assert "core 0: restarted, generation 1" in shell.run("log").output


def test_restart_names_what_is_wrong(shell: Console) -> None:
    for line, text in (
        ("restart", "poly: usage: restart CORE\n"),
        ("restart 4", "poly: restart: no core 4: the cores are 0..3\n"),
        ("restart x", "poly: restart: x: not the number of a core\n"),
    ):
        result = shell.run(line)
        assert (result.output, result.status > 0) == (text, True)
    with CoreRepl(shell, 3) as python:
        assert "NoSuchService: no core 9" in python.run("import poly; poly.restart(9)")
        assert python.run("poly.restart(1), poly.ping(1) > 0").endswith("(1, True)\n")


def test_core_0_restarts_by_another_core_while_programs_run(shell: Console) -> None:
    """Core 1 restarts core 0, and goes on: its end of what core 0 gave it is dead."""
    with CoreRepl(shell, 1) as python:
        python.run("import poly")
        shell.send("poly.restart(0)\r")
        shell.expect("core 0: restarted, generation 1")
        shell.expect_prompt()
    # The REPL of core 1 goes on without a console: it can be ended, and another one begun.
    shell.run("kill 1")
    assert len(shell.run("run hello @all").lines) == 4


# --- crash loops --------------------------------------------------------------------------


@pytest.mark.machine_setup(arguments={"restart": {"intensity": 2, "period_ms": 60_000}})
def test_a_crash_loop_ends_and_says_so(shell: Console) -> None:
    """MON-2"""
    for life in (0, 1):
        output = shell.command("run crash store 0 @2")
        assert f"core 2: restarted, generation {life + 1}\n" in output
    stays = "stays dead: 2 restarts within 60000 ms, no more"
    assert f"core 2: {stays}\n" in shell.command("run crash store 0 @2")
    assert len(shell.panics()) == 3
    assert re.fullmatch(rf"core 2  dead +gen 2 +{stays}", shell.run("cores").lines[2])
    assert shell.run("run hello @2").output == "poly: run: core 2 died (generation 2)\n"
    # What somebody asks for is no restart of the supervisor.
    assert shell.run("restart 2").output == "core 2: restarted, generation 3\n"
    assert shell.run("run hello @2").output == "[2] hello from core 2 of 4\n"
    assert f"core 2: {stays}\n" in shell.command("run crash store 0 @2")


@pytest.mark.machine_setup(arguments={"restart": {"intensity": 1, "period_ms": 1}})
def test_crashes_far_apart_are_no_loop(shell: Console) -> None:
    for life in range(6):
        output = shell.command("run crash store 0 @3")
        assert f"core 3: restarted, generation {life + 1}\n" in output


@pytest.mark.parametrize("survivor", [0, 1, 3])
def test_all_others_crash_at_once_and_come_back(shell: Console, survivor: int) -> None:
    """Core 0 too: then the next one looks after all."""
    shell.send(f"run crash_but {survivor} @all\r")
    if survivor:
        shell.expect("core 0: restarted, generation 1")
    shell.expect_prompt()
    generations = ["0" if core == survivor else "1" for core in range(4)]
    for _ in range(50):
        lines = [line.split()[2:5] for line in shell.run("cores").lines]
        if lines == [["online", "gen", generation] for generation in generations]:
            break
    else:
        pytest.fail(str(lines))
    assert len(shell.run("run hello @all").lines) == 4


# --- the soak -------------------------------------------------------------------------------

SOAK_RESTARTS = 140  # with those of core 0, 200 on each board
HOME_RESTARTS = 60
HOME_SYSTEM = """
[restart]
intensity = 15
period_s = 1

[[program]]
core = 0
run = "soak_home"
restart = "always"

[[program]]
core = 1
run = "soak_zero"
args = ["{seed}", "{restarts}"]
"""
NOTHING_HELD = (0, 0, 0, 0)  # regions, doorbells, children, links
COUNTS = re.compile(r"soak: told (\d+), not once (\d+), sent (\d+), received (\d+)\n")


@pytest.mark.machine_setup(arguments={"restart": {"intensity": 15, "period_ms": 100}})
def test_random_restarts_lose_and_double_nothing_among_the_others(shell: Console) -> None:
    """MON-2. Ledgers in apps/ledgers.py and apps/soaked.py: an error there is the status."""
    seed = random.randrange(1 << 16)
    print(f"seed {seed}: run soak {seed} {SOAK_RESTARTS}")
    assert shell.run(f"run soak {seed} 10").status == 0  # names and links that stay
    before = take_census(shell)
    result = shell.run(f"run soak {seed} {SOAK_RESTARTS}")
    counts = COUNTS.search(result.output)
    assert result.status == 0 and counts, result.output[-4000:]
    told, not_once, sent, received = map(int, counts.groups())
    assert (told, not_once) == (SOAK_RESTARTS, 0)
    assert min(sent, received) > SOAK_RESTARTS
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)
    grown = growth(before, after)
    assert max(grown.values()) <= HEAP_NOISE_BYTES, grown


def test_core_0_comes_back_while_the_others_exchange_messages(
    machine: Callable[..., Console], tmp_path: Path
) -> None:
    """Core 1 restarts it, and has its own ledger with core 3; each life of core 0 has one with
    core 2. An error in any is a program's status, on the console."""
    seed = random.randrange(1 << 16)
    file = tmp_path / "soak.toml"
    file.write_text(HOME_SYSTEM.format(seed=seed, restarts=HOME_RESTARTS))
    console = machine(system=file, apps=APPS)
    for restarted in [*range(10, HOME_RESTARTS + 1, 10), "all"]:
        console.expect(rf"\[1\] soak_zero: restarted {restarted}, ([^\r]*)\r\n")
    told, not_once, sent, received = map(int, re.findall(r"\d+", console.matched[1]))
    assert not_once == 0 and told > 0
    assert min(sent, received) > HOME_RESTARTS
    console.send(CTRL_C)  # the last life's own exchange
    console.expect_prompt()
    text = console.text()
    assert re.findall(r"(\w+): ended with status (\d+)", text) == [("soak_home", "130")], text
    generation = int(console.run("cores").lines[0].split()[4])
    assert generation >= HOME_RESTARTS  # where it panicked, twice for one of them
    for held in take_census(console).values():
        assert held[1:5] == NOTHING_HELD
