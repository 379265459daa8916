"""Goal: a port that polls before it sleeps (SPEC UMP-5) misses nothing that happens meanwhile.
Method: channel.c as it is, sanitized; one thing happens at each point of the poll in turn."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from ump_ring import compile_c

STUBS = Path(__file__).with_name("channel")
SPIN_US = 8
ENDING = 8  # points from what ends a poll to its return: another look, and the announcement
FLAGS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


class Outcome(NamedTuple):
    found: bool  # what the call returned: a message, or death
    sleep_word: int
    armed: bool
    rang: bool
    waiting: bool  # a message lies in the ring
    points: int


Poll = Callable[..., Outcome]


@pytest.fixture(scope="module")
def poll(tmp_path_factory: pytest.TempPathFactory) -> Poll:
    output = tmp_path_factory.mktemp("poll") / "poll"
    defines = ["-DBOARD_TIMER_TICKS_PER_SECOND=10000000", f"-I{STUBS}"]
    program = compile_c(output, [STUBS / "poll.c"], [*FLAGS, *defines])

    def run(action: str, at: int, armed: bool, spin_us: int = SPIN_US) -> Outcome:
        words = [str(program), action, str(at), str(int(armed)), str(spin_us)]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 0, ran.stderr
        found, sleep_word, held, rang, waiting, points = map(int, ran.stdout.split())
        return Outcome(bool(found), sleep_word, bool(held), bool(rang), bool(waiting), points)

    return run


@pytest.mark.parametrize("spin_us", [0, SPIN_US])
@pytest.mark.parametrize("armed", [False, True])
def test_it_is_announced_when_nothing_came(poll: Poll, armed: bool, spin_us: int) -> None:
    """UMP-5"""
    outcome = poll("nothing", 0, armed, spin_us)
    assert outcome[:5] == (False, 1, True, False, False)
    assert (outcome.points > SPIN_US) == (spin_us != 0)  # it looks for that long


@pytest.mark.parametrize("spin_us", [0, SPIN_US])
@pytest.mark.parametrize("armed", [False, True])
def test_a_message_at_any_point_is_seen_or_rings(poll: Poll, armed: bool, spin_us: int) -> None:
    """UMP-4, UMP-5"""
    points = poll("nothing", 0, armed, spin_us).points
    found = 0
    for at in range(points + 1):
        outcome = poll("message", at, armed, spin_us)
        if outcome.found:
            assert outcome.waiting and (outcome.sleep_word, outcome.armed) == (0, False), at
            found += 1
        else:
            assert (outcome.sleep_word, outcome.armed) == (1, True), at
            assert outcome.rang or not outcome.waiting, at
            assert at >= points - 1, at  # all but the last look see it
    assert found >= points - 1


def test_a_message_while_it_polls_rings_nobody_and_ends_the_poll(poll: Poll) -> None:
    """UMP-4: that is what polling is for"""
    points = poll("nothing", 0, True).points
    for at in range(2, points // 2):
        outcome = poll("message", at, True)
        assert outcome.found and not outcome.rang, at
        assert outcome.points <= at + ENDING, at


@pytest.mark.parametrize("armed", [False, True])
def test_death_at_any_point_is_found(poll: Poll, armed: bool) -> None:
    """TRN-6: but after the last look, where the event that comes with it ends the wait"""
    points = poll("nothing", 0, armed).points
    assert all(poll("death", at, armed).found for at in range(points - 1))


@pytest.mark.parametrize("armed", [False, True])
def test_whatever_else_happens_ends_the_poll_announced(poll: Poll, armed: bool) -> None:
    """UMP-5"""
    points = poll("nothing", 0, armed).points
    for at in range(points):
        outcome = poll("event", at, armed)
        assert outcome[:5] == (False, 1, True, False, False), at
        assert outcome.points <= at + ENDING, at
