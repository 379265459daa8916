"""Goal: services are found, bound, refused and ended on real cores as on simulated ones
(unit/test_kernel_services.py), and leave nothing. Method: the programs in apps/services;
what every core holds before and after."""

import re
from collections.abc import Callable

import pytest
from holding import Holding, but_heap, take_census
from service_runs import RUNS, differences

from polyphone.machine.console import Console, Result

TRIES = 500  # how often to ask what a program on another core has come to


def run_all(shell: Console) -> None:
    for run in RUNS:
        printed = shell.command(run.command)
        assert not differences(run, printed), printed


def all_free(shell: Console) -> dict[int, Holding]:
    """What cores hold while no program runs: no channel, from that moment on."""
    held = but_heap(take_census(shell))
    assert not any(holding.regions + holding.bells for holding in held.values()), held
    return held


@pytest.mark.modes("stress", "exact")
def test_services_do_what_they_promise_and_leave_nothing(shell: Console) -> None:
    """NAM-1, SES-1, SES-2, TRN-1, TRN-2, TRN-6, MON-1, MON-3"""
    shell.command("cd /rom/services")
    run_all(shell)  # the first time, monitors load what they need for it
    before = all_free(shell)
    run_all(shell)
    assert all_free(shell) == before
    assert shell.command("services") == ""


@pytest.mark.modes("stress", "exact")
def test_services_in_asyncio(exec: Callable[..., Result]) -> None:
    """TRN-2"""
    result = exec("cd /rom/services; run tasks; run tasks; run tasks @2", cores=3)
    ends = ["status 0", "closed"]
    assert result == Result("\n".join(ends * 2 + ["[2] " + end for end in ends]) + "\n", 0)


@pytest.mark.modes("stress", "exact")
def test_tasks_that_are_cancelled_take_their_connects_back(shell: Console) -> None:
    """CALL-6, SES-2: at any moment, and by a time-out; so does an interrupt"""
    shell.command("cd /rom/services; run given_up_tasks 24; run given_up_tasks 24 @1")
    before = all_free(shell)
    for core, prefix in ((0, ""), (1, r"\[1\] ")):
        printed = shell.command(f"run given_up_tasks 48 @{core}")
        lines = [r"\[2\] exported .*"]
        lines += [prefix + "nothing is left True", prefix + "nor after an interrupt"]
        assert all(map(re.fullmatch, lines, printed.splitlines())), printed
    assert all_free(shell) == before


@pytest.mark.modes("stress", "exact")
def test_a_late_answer_ends_its_own_call(exec: Callable[..., Result]) -> None:
    """CALL-1, CALL-6: over each transport; tags come round, callers give up"""
    result = exec("cd /rom/services; run late_answers", cores=2)
    ends = [f"{transport} True True 0 None" for transport in ("loopback", "LMP", "UMP")]
    assert (result.lines, result.status) == (ends, 0)


@pytest.mark.modes("stress", "exact")
def test_the_death_of_a_core_is_told_once_and_its_names_are_gone(
    exec: Callable[..., Result],
) -> None:
    """TRN-6, MON-3, NAM-1"""
    result = exec("cd /rom/services; run restarts 10", cores=4)
    assert result.lines[-1] == "told 10 True", result.output
    assert result.status == 0


@pytest.mark.machine_setup(mem="4M")
def test_a_core_with_a_full_or_locked_heap_refuses_or_admits_and_lives(shell: Console) -> None:
    """MON-1"""
    shell.command("cd /rom/services")
    for _ in range(2):
        full, absent = "Exhausted echo: its core's heap is full", "NoSuchService echo: .*"
        late = "Timeout echo: not accepted within 200 ms"
        either = f"{full}|{absent}"
        lines = [either, either, full, either, late, absent]
        printed = shell.command("run crowded 2")
        assert all(map(re.fullmatch, lines, printed.splitlines())), printed
        assert len(printed.splitlines()) == len(lines), printed
        assert not differences(RUNS[0], shell.command(RUNS[0].command))  # core 2 serves again
    all_free(shell)


def test_names_outlive_the_core_that_keeps_them(shell: Console) -> None:
    """NAM-1: core 0's next life hears them again"""
    shell.command("cd /rom/services")
    shell.send("run keeper @1\r")
    shell.expect("core 0: restarted, generation 1", what="core 0")
    shell.expect_prompt()
    kept = r"kept +core 1 slot 0 gen 0 +echo +0 of 8 sessions\n"
    assert re.fullmatch(kept, shell.command("services"))
    assert shell.command("run /rom/services/caller kept 3") == "called 3\n"
    assert shell.run("kill 1").status == 0


def test_a_restarted_naming_service_denies_no_name_that_it_has_not_heard_again(
    shell: Console,
) -> None:
    """NAM-1, SES-2: a look-up that does not wait finds it, a second registration is refused"""
    shell.command("cd /rom/services")
    shell.send("run keeper @1\r")
    shell.expect("core 0: restarted, generation 1", what="core 0")
    shell.expect_prompt()
    shell.send("run /rom/services/seeker kept 10 @2\r")
    shell.expect("core 0: restarted, generation 11", what="core 0")
    shell.expect_prompt()
    services = ""
    for _ in range(TRIES):
        services = shell.command("services")
        if "missed" in services:
            break
    assert "missed 0 taken 0 listed 10 " in services, services
    for core in (1, 2):
        assert shell.run(f"kill {core}").status == 0


REGIONS = [
    r"b'\x01\x02\x03\t' b'\x02\x03\t\x00'",
    "Misuse a region that is closed",
    "Misuse a region of 0 bytes",
]


@pytest.mark.modes("stress", "exact")
def test_regions_go_with_messages_and_come_back(shell: Console) -> None:
    """IDL-7: to another core, then to another domain of this one"""
    shell.command("cd /rom/services")
    shell.command("run regions")
    before = all_free(shell)
    lines = shell.command("run regions").splitlines()
    assert [lines[:3], lines[4:7]] == [REGIONS, REGIONS]
    assert all_free(shell) == before
