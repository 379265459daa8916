"""Goal: each core is a MicroPython that MicroPython's own tests accept.
Method: its run-tests.py, unchanged, on a tenth of its tests; `make test-upstream` runs all."""

from collections.abc import Callable

import pytest

from polyphone.machine import suite
from polyphone.machine.console import Console

TENTH = 10
FIRST = 1  # of the tenth: not the one with time_time_ns, which fails where 5 ms of the host are 50


@pytest.mark.parametrize("core", [0, 3])
@pytest.mark.parametrize("via_mpy", [False, True], ids=["source", "mpy"])
def test_a_tenth_of_upstreams_tests_passes(
    machine: Callable[..., Console], core: int, via_mpy: bool
) -> None:
    console = machine(cores=4)
    console.expect_prompt()
    links = console.machine.link_consoles(console.machine.folder / "console")
    files = suite.selection(TENTH, FIRST)
    outcome = suite.run(links[core], files, via_mpy)
    assert outcome.failed == [], outcome.output
    assert outcome.unexplained == []
    assert not console.panics()  # run-tests.py goes on after a restart
    assert len(outcome.passed) + len(outcome.skipped) == len(files)
    assert len(outcome.passed) > suite.MORE_THAN / TENTH


def test_a_failure_is_found_out(machine: Callable[..., Console]) -> None:
    """The check of the check: a test that is for no board fails, and is told."""
    console = machine(cores=2)
    console.expect_prompt()
    links = console.machine.link_consoles(console.machine.folder / "console")
    outcome = suite.run(links[1], ["cmdline/repl_basic.py", "basics/andor.py"])
    assert outcome.failed == ["cmdline/repl_basic"] and outcome.passed == ["basics/andor"]
    assert "--- cmdline_repl_basic.py: expected" in outcome.output
