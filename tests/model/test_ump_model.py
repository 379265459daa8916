"""Goal: the UMP ring and its sleep protocol lose, repeat and reorder nothing and never hang.
Method: spin searches every interleaving of ump.pml; each mutation of it must be found out (UMP-9).
"""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

MODEL = Path(__file__).with_name("ump.pml")
HANG_SECONDS = 170  # a hang detector, not a performance target
DEPTH = 4_000_000  # of the search: some runs go on for ever and meet old states late


class Goal(NamedTuple):
    build: tuple[str, ...]
    run: tuple[str, ...] = ()


# What the verifier is built and run with. A mutation is found so soon that
# optimising the verifier would take longer than running it.
SAFETY = Goal(("-O2", "-DSAFETY", "-DNOFAIR"))
PROGRESS = Goal(("-O2", "-DNP", "-DNOFAIR"), ("-l",))
# Partial-order reduction is not valid where a rendezvous ends the unless of a death.
DEATH = Goal(("-O2", "-DSAFETY", "-DNOREDUCE", "-DNOFAIR"))
MUTATION = Goal(("-O0", "-DSAFETY", "-DNOFAIR"))

LOST_WAKE_UP = r"sending\[|received\[1\]==sent\[0\]"
WRONG_PAYLOAD = r"\(seen\[|\(value!=3\)"
WRONG_SEQUENCE = r"/2\)==received\[me\]"
WRONG_CREDIT = r"\(credits<=2\)"
NOT_TOLD = r"ended\["

MUTATIONS = {
    "NO_FENCE_SEND": LOST_WAKE_UP,
    "NO_FENCE_CONSUMER_SLEEP": LOST_WAKE_UP,
    "NO_FENCE_RECEIVE": LOST_WAKE_UP,
    "NO_FENCE_PRODUCER_SLEEP": LOST_WAKE_UP,
    "NO_SECOND_LOOK_AT_RING": LOST_WAKE_UP,
    "NO_SECOND_LOOK_AT_CREDIT": LOST_WAKE_UP,
    "EDGE_DOORBELL": LOST_WAKE_UP,
    "CLEAR_AFTER_LAST_LOOK": LOST_WAKE_UP,
    "NO_DOORBELL_FOR_MESSAGES": LOST_WAKE_UP,
    "NO_DOORBELL_FOR_CREDIT": LOST_WAKE_UP,
    "NO_RELEASE_HEADER": WRONG_PAYLOAD,
    "NO_RELEASE_CONSUMED": WRONG_PAYLOAD,
    "NO_RELEASE_CONSUMED_SLOTS": WRONG_PAYLOAD,
    "NO_ACQUIRE_HEADER": WRONG_PAYLOAD,
    "NO_CREDIT_CHECK": WRONG_CREDIT,
    "EPOCH_STANDS_STILL": WRONG_SEQUENCE,
}
SLEEP_MUTATIONS = [name for name, failure in MUTATIONS.items() if failure == LOST_WAKE_UP]


POLL_MUTATIONS = [
    "NO_ANNOUNCEMENT_AFTER_POLL",
    "NO_LOOK_AFTER_POLL",
    "NO_FENCE_CONSUMER_SLEEP",
    "NO_SECOND_LOOK_AT_RING",
    "CLEAR_AFTER_LAST_LOOK",
    "EDGE_DOORBELL",
]


class Verdict:
    """What a search found: how many errors, the first one, and whether it was whole."""

    def __init__(self, output: str) -> None:
        self.output = output
        errors = re.search(r"errors: (\d+)", output)
        assert errors, output
        self.errors = int(errors[1])
        failure = re.search(r"^pan:\d+: (.*)$", output, re.MULTILINE)
        self.failure = failure[1] if failure else ""
        self.whole = not re.search(r"Search not completed|search depth too small", output)

    def assert_verified(self) -> None:
        assert self.errors == 0 and self.whole, self.output


def search(folder: Path, *macros: str, goal: Goal = SAFETY, model: Path = MODEL) -> Verdict:
    """Have spin write the verifier for the model with these macros, build it and run it."""
    defines = [f"-D{macro}" for macro in macros]
    compiler = "gcc"
    for command in (
        ["spin", *defines, "-a", str(model)],
        [compiler, *goal.build, "-w", "-o", "pan", "pan.c"],
    ):
        made = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True, timeout=60
        )
        assert made.returncode == 0, f"{command}: {made.stdout}{made.stderr}"
    run = ["./pan", f"-m{DEPTH}", "-w22", *goal.run]
    found = subprocess.run(
        run, check=False, cwd=folder, capture_output=True, text=True, timeout=HANG_SECONDS
    )
    return Verdict(found.stdout + found.stderr)


@pytest.mark.parametrize("order", ["TSO", "PSO"])
def test_one_way_loses_repeats_and_reorders_nothing_and_never_hangs(
    tmp_path: Path, order: str
) -> None:
    search(tmp_path, order, "ONE_WAY").assert_verified()


@pytest.mark.parametrize("order", ["TSO", "PSO"])
def test_both_ways_at_once_never_hang(tmp_path: Path, order: str) -> None:
    search(tmp_path, order).assert_verified()


@pytest.mark.parametrize("order", ["TSO", "PSO"])
def test_a_receiver_that_polls_or_stays_announced_never_hangs(tmp_path: Path, order: str) -> None:
    """UMP-5"""
    search(tmp_path, order, "ONE_WAY", "POLLS").assert_verified()


def test_a_receiver_that_polls_runs_not_for_ever_without_a_message(tmp_path: Path) -> None:
    search(tmp_path, "PSO", "ONE_WAY", "POLLS", goal=PROGRESS).assert_verified()


@pytest.mark.parametrize("mutation", POLL_MUTATIONS)
def test_each_mutation_of_polling_is_found(tmp_path: Path, mutation: str) -> None:
    verdict = search(tmp_path, "PSO", "ONE_WAY", "POLLS", mutation, goal=MUTATION)
    assert verdict.errors == 1
    assert re.search(LOST_WAKE_UP, verdict.failure), verdict.output


@pytest.mark.parametrize("order", ["TSO", "PSO"])
def test_no_core_runs_for_ever_without_a_message_arriving(tmp_path: Path, order: str) -> None:
    search(tmp_path, order, "ONE_WAY", goal=PROGRESS).assert_verified()


@pytest.mark.parametrize("way", [("ONE_WAY",), ()], ids=["one_way", "both_ways"])
def test_death_at_any_step_ends_the_survivor(tmp_path: Path, way: tuple[str, ...]) -> None:
    search(tmp_path, "PSO", "DEATH", *way, goal=DEATH).assert_verified()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_is_found_one_way(tmp_path: Path, mutation: str) -> None:
    verdict = search(tmp_path, "PSO", "ONE_WAY", mutation, goal=MUTATION)
    assert verdict.errors == 1
    assert re.search(MUTATIONS[mutation], verdict.failure), verdict.output


@pytest.mark.parametrize("mutation", SLEEP_MUTATIONS)
def test_each_mutation_of_sleep_is_found_both_ways(tmp_path: Path, mutation: str) -> None:
    verdict = search(tmp_path, "PSO", mutation, goal=MUTATION)
    assert verdict.errors == 1
    assert re.search(LOST_WAKE_UP, verdict.failure), verdict.output


@pytest.mark.parametrize("mutation", ["NO_DOORBELL_FOR_DEATH", "EDGE_DOORBELL"])
def test_death_is_not_heard_without_a_latched_doorbell(tmp_path: Path, mutation: str) -> None:
    verdict = search(tmp_path, "PSO", "ONE_WAY", "DEATH", mutation, goal=MUTATION)
    assert verdict.errors == 1
    assert re.search(f"{NOT_TOLD}|{LOST_WAKE_UP}", verdict.failure), verdict.output


def test_stores_in_order_hide_a_missing_release_of_the_header(tmp_path: Path) -> None:
    """So the searches above need PSO, and x86 hosts cannot show this one."""
    search(tmp_path, "TSO", "ONE_WAY", "NO_RELEASE_HEADER").assert_verified()
