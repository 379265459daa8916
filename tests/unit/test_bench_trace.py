"""Goal: what QEMU logs is counted by address and by function, without what it took back.
Method: pieces of a log in QEMU's own words; made-up counts; no machine."""

from collections import Counter

import pytest

from polyphone.bench import functions, trace
from polyphone.bench.guest import BenchError

LOG = b"""
Trace 0: 0x7f10c8000100 [00000000/0000000080000000/0b02401b/ff020200] start
Trace 1: 0x7f10c8000100 [00000000/0000000080000000/0b02401b/ff020200] start
Trace 0: 0x7f10c8000280 [00000000/0000000080000004/0b02401b/ff020200] start
Trace 0: 0x7f10c8000400 [00000000/0000000080000008/0b02401b/ff020200] wait
Stopped execution of TB chain before 0x7f10c8000400 [0000000080000008] wait
Trace 1: 0x7f10c8000280 [00000000/0000000080000004/0b02401b/ff020200] start"""


def test_each_address_is_counted_and_what_was_not_executed_is_not():
    counts = trace.addresses(LOG)
    assert +counts == {0x8000_0000: 2, 0x8000_0004: 2}
    assert sum(counts.values()) == trace.executed(LOG) == 4


def name(address: int) -> str:
    return "start" if address < 0x8000_0008 else "wait"


def test_a_round_is_the_difference_of_two_runs_by_function():
    less = Counter({0x8000_0000: 100, 0x8000_0004: 20, 0x8000_0008: 10})
    more = Counter({0x8000_0000: 100, 0x8000_0004: 40, 0x8000_0008: 12, 0x8000_000C: 8})
    assert functions.a_round(less, more, 10, name) == {"start": 2, "wait": 1}


def test_runs_that_do_not_differ_have_no_round():
    counts = Counter({0x8000_0000: 100})
    with pytest.raises(BenchError, match="is the last argument their count"):
        functions.a_round(counts, counts, 10, name)


def test_small_functions_share_a_row_and_all_have_one():
    counts: Counter[str] = Counter({"large": 995.0, "small": 3.0, "tiny": 2.0})  # type: ignore[dict-item]
    assert functions.rows(counts) == [("large", 995), ("2 others", 5), ("all", 1000)]
