"""Goal: a core that breaks every rule of what it shares harms nothing but its own channels.
Method: programs that corrupt live rings, their monitor's page and their control page at random
moments while the others use theirs, with ledgers at both ends; seeds are printed."""

import re
from collections.abc import Callable

import pytest

from polyphone.machine.console import Console, CoreRepl, Result

CORRUPTIONS = 10_000
SEEDS = (20251, 77003)  # half of the corruptions each
DEADLY = {  # what random corruption of words leads to
    "peer acknowledged what was not sent",
    "peer sent a bad length",
    "peer sent a bad sequence number",
}
POSSIBLE = DEADLY | {"harmless", "peer sent an overlong train"}


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_thousand_corruptions_end_in_death_with_a_reason_or_harmlessly(
    steady: Console, seed: int
) -> None:
    print(f"seed {seed}")
    result = steady.run(f"run victim 1 {CORRUPTIONS // len(SEEDS)} {seed}")
    assert result.status == 0, result.output
    first, bystanders, *ends = result.lines
    match = re.fullmatch(r"(\d+) corruptions in (\d+) rounds, status 0, by kind \[(.*)\]", first)
    assert match and int(match[1]) >= CORRUPTIONS // len(SEEDS), result.output
    assert min(map(int, match[3].split(", "))) > 0
    exchanged = re.fullmatch(r"bystanders: (\d+) rounds of 1000, none lost", bystanders)
    assert exchanged and int(exchanged[1]) > 0, bystanders
    counts = {why: int(count) for count, why in (line.split(" x ") for line in ends)}
    assert sum(counts.values()) == int(match[2])
    assert DEADLY < counts.keys() <= POSSIBLE
    assert steady.panics() == []
    assert steady.run("cores").status == 0


REASONS = {
    "length": "peer sent a bad length",
    "part": "peer sent a bad length",  # of a slot in the middle of a train
    "sequence": "peer sent a bad sequence number",
    "consumed": "peer acknowledged what was not sent",
    "overlong": "peer sent an overlong train",
    "cuts": "peer died",  # slots that take nothing back, without end: until it does
    "died": "peer died",
    "closed": "closed",
}


@pytest.mark.machine_setup(cores=2)
def test_each_reason_of_a_death_wakes_who_waits_and_is_told(steady: Console) -> None:
    for why, reason in REASONS.items():
        assert steady.run(f"run reasons {why}") == Result(f"{why}: {reason}\n", 0)


# How core 1's monitor misbehaves, and what core 2's says of it; None: nothing to blame.
ROGUES = {
    "scribble": "broke the protocol of monitors",
    "kind": "sent a message of an unknown kind",
    "stop": "sent a STOP that is none",
    "status": "broke the protocol of monitors",
    "refusal": "broke the protocol of monitors",
    "bell": "sent a doorbell that is none",
    "short": "broke the protocol of monitors",
    "long": "broke the protocol of monitors",
    "run": None,
    "region": None,
}


def check_others(shell: Console) -> None:
    """Cores 2 and 3 exchange messages, core 0 is served, nobody is gone."""
    others = shell.run("run ledger 500 60 @2")
    assert others == Result("[2] sent 500, received 500, status 0\n", 0)
    assert shell.run("run hello").output == "hello from core 0 of 4\n"
    assert shell.run("run hello @2").output == "[2] hello from core 2 of 4\n"
    assert shell.panics() == []
    assert "uncaught" not in shell.text()


@pytest.mark.parametrize("how", ROGUES)
def test_a_monitor_that_breaks_the_protocol_is_cut_off_by_its_peer_alone(
    shell: Console, how: str
) -> None:
    shell.run("run hello @2")
    assert shell.run(f"run rogue {how} 2 @1").output == "[1] done\n"
    with CoreRepl(shell, 2) as python:
        python.run("import cpu, poly")
        assert python.run("cpu.this().monitor.links[1].broken") == (
            f"'{ROGUES[how]}'\n" if ROGUES[how] else ""
        )
        if ROGUES[how]:
            refused = python.run("poly.ping(1)")
            assert f"PeerBroke: core 1: {ROGUES[how]}" in refused
        assert python.run("poly.ping(0) >= 0, poly.ping(3) >= 0") == "(True, True)\n"
    assert shell.run("cores").status == 0
    check_others(shell)


def test_a_monitor_that_breaks_the_protocol_towards_the_console_loses_its_program(
    shell: Console,
) -> None:
    result = shell.run("run rogue scribble 0 @1")
    assert result.status != 0 and "core 1" in result.output
    with CoreRepl(shell, 0) as python:
        found = python.run("cpu = __import__('cpu'); cpu.this().monitor.links[1].broken")
        assert found == "'broke the protocol of monitors'\n"
    check_others(shell)


@pytest.mark.parametrize("how", ["control", "report"])
@pytest.mark.machine_setup(arguments={"restart": {"intensity": 0}})
def test_nonsense_in_its_own_pages_harms_nobody_else(shell: Console, how: str) -> None:
    shell.send(f"run rogue {how} 0 @1\r")
    shell.expect_prompt()
    check_others(shell)


def test_doorbells_without_end_stop_nobody(shell: Console) -> None:
    with CoreRepl(shell, 0) as python:
        python.run("import poly")
        python.run("child = poly.spawn(1, 'rogue', ('storm', '0'), slots=2)")
        assert python.run("poly.ping(1) >= 0 and poly.ping(2) >= 0") == "True\n"
        assert python.run("sum(range(20000))") == "199990000\n"
        exchanged = "other = poly.spawn(2, 'ledger', ('300', '60'), slots=2); other.wait(30000)"
        assert python.run(exchanged).splitlines()[-1] == "0"
        assert python.run("other.close(); child.close(); poly.ping(1) >= 0") == "True\n"
    check_others(shell)


@pytest.mark.modes("single")
def test_corruption_is_survived_where_cores_take_turns(exec: Callable[..., Result]) -> None:
    result = exec("run victim 1 150 4242", cores=4)
    assert result.status == 0, result.output
    assert "none lost" in result.output
