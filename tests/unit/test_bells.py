"""Goal: doorbells of channels are taken by priority, in rounds, each once, and none starves
(TRN-5, UMP-6).
Method: bells.c against what the rules say of any sequence of rings and takes.
"""

import ctypes
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ump_trains import DOORBELLS, IN_A_ROW, LEVELS, Bells, build_library

settings.register_profile("bells", deadline=None, max_examples=300, database=None)
settings.load_profile("bells")

FIRST = LEVELS[0][0]
BELLS = st.one_of(
    st.integers(FIRST, DOORBELLS - 1),
    st.sampled_from([64, 65, 127, 128, 129, 191, 192, 447, 448, 511]),
)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_library(tmp_path_factory.mktemp("bells"))


def level_of(bell: int) -> int:
    return next(level for level, (first, end) in enumerate(LEVELS) if first <= bell < end)


def test_the_levels_are_all_doorbells_of_channels() -> None:
    assert [first for first, _ in LEVELS[1:]] == [end for _, end in LEVELS[:-1]]
    assert (FIRST, LEVELS[-1][1]) == (64, DOORBELLS)


@given(steps=st.lists(st.one_of(BELLS, st.none()), max_size=200))
def test_each_bell_that_rang_is_taken_once_whatever_the_order(
    library: ctypes.CDLL, steps: list[int | None]
) -> None:
    """A number is a ring, None a take."""
    bells = Bells(library)
    waiting: set[int] = set()
    for bell in [*steps, *[None] * (len(steps) + 1)]:
        if bell is not None:
            bells.latch(bell)
            waiting.add(bell)
            continue
        taken = bells.take()
        assert taken in waiting or (taken == -1 and not waiting)
        waiting.discard(taken)
    assert not waiting


@given(rings=st.sets(BELLS, max_size=IN_A_ROW))
def test_higher_levels_come_first(library: ctypes.CDLL, rings: set[int]) -> None:
    bells = Bells(library)
    for bell in rings:
        bells.latch(bell)
    levels = [level_of(bells.take()) for _ in rings]
    assert levels == sorted(levels)


@given(
    busy=st.lists(st.integers(192, 447), min_size=1, max_size=40, unique=True),
    steps=st.lists(st.integers(0, 39), max_size=200),
)
def test_within_a_level_nobody_is_taken_twice_while_another_waits(
    library: ctypes.CDLL, busy: list[int], steps: list[int]
) -> None:
    """Whoever is taken rings again at once, and some ring at times."""
    bells = Bells(library)
    since: dict[int, set[int]] = {}  # of each that waits: who was taken meanwhile
    for step in steps:
        ringing = busy[step % len(busy)]
        bells.latch(ringing)
        since.setdefault(ringing, set())
        taken = bells.take()
        del since[taken]
        for meanwhile in since.values():
            assert taken not in meanwhile
            meanwhile.add(taken)
        bells.latch(taken)
        since[taken] = set()


@given(levels=st.sets(st.sampled_from(range(4)), min_size=2))
def test_lower_levels_are_not_starved_by_levels_that_never_rest(
    library: ctypes.CDLL, levels: set[int]
) -> None:
    bells = Bells(library)
    order = sorted(levels)
    taken = []
    for _ in range(2000):
        for level in order:
            bells.latch(LEVELS[level][0] + 3)
        taken.append(level_of(bells.take()))
    for place, level in enumerate(order):
        # Those above leave it every so manieth take, and of these it yields one of IN_A_ROW + 1.
        share = (IN_A_ROW + 1) ** place
        times = [-1, *(at for at, found in enumerate(taken) if found == level)]
        longest = max(after - before for before, after in zip(times, times[1:], strict=False))
        assert longest == (share if level == order[-1] else 2 * share)
    assert taken[:IN_A_ROW] == [order[0]] * IN_A_ROW and taken[IN_A_ROW] == order[1]


def test_takes_do_not_count_while_nobody_below_waits(library: ctypes.CDLL) -> None:
    bells = Bells(library)
    for _ in range(50):
        bells.latch(64)
        assert bells.take() == 64
    bells.latch(511)
    for _ in range(IN_A_ROW):
        bells.latch(64)
        assert bells.take() == 64
    bells.latch(64)
    assert [bells.take(), bells.take(), bells.take()] == [511, 64, -1]


def test_the_numbers_here_are_those_of_the_header() -> None:
    header = (Path(__file__).parents[2] / "kernel/cpu/bells.h").read_text()
    for name, value in (
        ("DOORBELLS", f"{DOORBELLS}u"),
        ("BELL_LEVEL_0", f"BELL_URGENT_END, {LEVELS[0][1]}u"),
        ("BELL_LEVEL_1", "{}u, {}u".format(*LEVELS[1])),
        ("BELL_LEVEL_2", "{}u, {}u".format(*LEVELS[2])),
        ("BELL_LEVEL_3", f"{LEVELS[3][0]}u, DOORBELLS"),
        ("BELLS_IN_A_ROW", f"{IN_A_ROW}u"),
    ):
        assert f"#define {name} {value}" in header
