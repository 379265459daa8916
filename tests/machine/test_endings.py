"""Goal: an end in order delivers what was accepted, and everyone concerned hears of it once.
Method: the programs last, under_way, left and children of apps/services, which end channels,
services and programs in every way; each keeps its own ledger."""

import re
from collections.abc import Callable

import pytest
from holding import APPS, but_heap, take_census

from polyphone.machine.console import Console, Result

WAYS = ("awaited", "plain", "numbers", "long", "closed", "domain", "raised", "exited")
STATUSES = {"raised": 1, "exited": 3}


@pytest.mark.modes("stress", "exact")
def test_what_a_program_sent_arrives_however_it_ends_in_order(
    exec: Callable[..., Result],
) -> None:
    """TRN-7: awaited or not, longer than the ring, closed, a domain's end, an exception"""
    result = exec("cd /rom/services; run last 40", cores=3)
    lines = [line for line in result.lines if not line.startswith("[2]")]
    assert lines == [f"{way} status {STATUSES.get(way, 0)} arrived 40" for way in WAYS]
    assert result.status == 0


@pytest.mark.modes("stress", "exact")
@pytest.mark.parametrize("core", ["", "1"])
def test_calls_under_way_are_answered_before_a_service_closes(
    exec: Callable[..., Result], core: str
) -> None:
    """TRN-6, TRN-7: whoever closes it; what takes too long fails, with a word"""
    result = exec(f"cd /rom/services; run under_way {core}", cores=2)
    transport = "UMP" if core else "loopback"
    prefix = f"[{core}] " if core else ""
    lines = ["async 1", "plain 0"]
    for way in ("async", "plain", "message", "outside"):
        lines += [f"{way} {transport} 80", f"Misuse {way}: closed"]
    cut = f"PeerBroke late: core {core or 0} cut it off"
    lines += [f"{prefix}late: 1 calls were not answered within 40 ms", f"late {cut}", cut]
    assert sorted(result.lines) == sorted(lines)
    assert result.status == 0


@pytest.mark.modes("stress", "exact")
def test_a_session_hears_once_that_its_client_has_ended(shell: Console) -> None:
    """SES-8, PORT-3: hung_up() and a port's packet, also while a handler waits"""
    shell.command("cd /rom/services; run left; run left there")
    before = but_heap(take_census(shell))
    assert shell.command("run left") == (
        "same closes Misuse\nsame waits PeerBroke\nsame service Misuse\n"
        "other closes Misuse\nother waits PeerBroke\nother service Misuse\n"
        "other domain PeerDied\ntorn NoSuchService\ntorn Refused\n"
    )
    printed = shell.command("run left there").splitlines()
    restarted = [line for line in printed if line.startswith("core 1: restarted, generation ")]
    assert len(restarted) == 1
    assert [line for line in printed if line not in restarted] == [
        "ends PeerDied",
        "closes Misuse",
        "waits PeerDied",
        "killed PeerDied",
        "restarted PeerDied",
    ]
    assert but_heap(take_census(shell)) == before


@pytest.mark.modes("stress", "exact")
def test_the_end_of_a_child_is_awaited_and_comes_to_ports(exec: Callable[..., Result]) -> None:
    """PORT-3: other tasks run meanwhile; a death of its core is PeerDied"""
    result = exec("cd /rom/services; run children", cores=3)
    lines = [line for line in result.lines if not line.startswith("core 1: restarted")]
    assert lines == [
        "added True None 3",
        "death True None 3",
        "late 3 3 0 None",
        "PeerDied",
        "promised 0",
        "still runs",
        "awaited 7 7",
        "gathered [1, 2, 2]",
        "died 1",
    ]
    assert result.status == 0


@pytest.mark.modes("stress", "exact")
def test_what_nobody_takes_is_given_up_in_time_and_with_a_word(
    exec: Callable[..., Result],
) -> None:
    """TRN-7: limits.CLOSE_MS; a kill does not wait"""
    result = exec("cd /rom/services; run stuck", cores=2)
    given_up = r"(\[1\] )?stuck: \d+ messages were not sent within %d ms"
    lines = [given_up % 5000, "ended 0 late", "killed 130 soon|killed 0 soon", given_up % 50]
    lines += ["domain closed PeerDied"]
    assert len(result.lines) == len(lines), result.output
    assert all(map(re.fullmatch, lines, result.lines)), result.output
    assert result.status == 0


@pytest.mark.modes("stress", "exact")
def test_the_ends_of_channels_hold_in_their_details(exec: Callable[..., Result]) -> None:
    """TRN-7, CALL-9, CALL-10, PORT-3: each case asserts what it is named after"""
    result = exec("cd /rom/services; run finely", cores=2)
    cases = (APPS / "services" / "finely.py").read_text()
    names = re.findall(r"^    (\w+),$", cases, re.MULTILINE)
    told = "plain: \\d+ messages were not sent within 20 ms|flood: .* within 20 ms"
    lines = [line for line in result.lines if not re.fullmatch(told, line)]
    assert lines == names, result.output
    assert result.status == 0
