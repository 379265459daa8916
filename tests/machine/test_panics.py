"""Goal: a core that does what it must not stops alone, and its report says all about it.
Method: a program that breaks each protection in turn, on core 0 and on another core. What
becomes of the core is test_restart.py's; where it is to stay dead, the boot arguments say so."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone import symbolize
from polyphone.board import Board
from polyphone.image import layout
from polyphone.machine import crash
from polyphone.machine.console import Console, CoreRepl, Result

POLY = Path(sys.executable).parent / "poly"
PRIVATE, SHARED = 0xC0000000, 0xE0000000
PAGE, REPORT_BYTES = 0x1000, 0x2000
CORES = 4


# How, where (from the board), and what the first line of the report says of it.
CRASHES: dict[str, tuple[str, Callable[[Board], int], str]] = {
    "load from page zero": ("load", lambda board: 8, r"load .* at 0x0*8 \(page zero\)"),
    "store to page zero": ("store", lambda board: 0, r"store .* at 0x0+ \(page zero\)"),
    "jump to page zero": ("jump", lambda board: 0, r".* at 0x0+ \(page zero\)"),
    "store to the text": (
        "store", lambda board: layout.symbol(board.image, "core_start"),
        r"store .* at 0x[0-9a-f]+ \(the text\)"),
    "store to a constant": (
        "constant", lambda board: 0, r"store .* at 0x[0-9a-f]+ \(a constant\)"),
    "run the heap": (
        "heap", lambda board: 0, r"jump .* at 0x0*c[0-9a-f]{7} \(this core's private memory\)"),
    "run the data": (
        "jump", lambda board: layout.symbol(board.image, "core_number"),
        r"jump .* at 0x0*c[0-9a-f]+ \(this core's private memory\)"),
    "below the stack": (
        "store", lambda board: layout.symbol(board.image, "__stack_bottom") - 8,
        r"store .* at 0x[0-9a-f]+ \(stack overflow: guard below the stack\)"),
    "another core's report": (
        "load", lambda board: SHARED + CORES * PAGE + 1 * REPORT_BYTES,
        r"load .* at 0x0*e[0-9a-f]+ \(shared region at offset 0x[0-9a-f]+, not held\)"),
    "a region given back": (
        "unmapped", lambda board: 0,
        r"store .* at 0x0*e[0-9a-f]+ \(shared region at offset 0x[0-9a-f]+, not held\)"),
    "a region never held": (
        "arena", lambda board: 0,
        r"store .* at 0x0*e[0-9a-f]+ \(shared region at offset 0x[0-9a-f]+, not held\)"),
    "beyond its private RAM": (
        "store", lambda board: PRIVATE + (16 << 20),
        r"store .* at 0x0*c1000000 \(beyond this core's private memory\)"),
    "between all maps": (
        "load", lambda board: 0xFF00_0000,
        r"load .* at 0x0*ff000000 \(no memory of this core\)"),
    "beyond all addresses": (
        "load", lambda board: 1 << 45,
        r"load .* at 0x0*200000000000 \(no memory of this core\)"),
    "the console's device": (
        "load", lambda board: int(board.console["uart"]),
        r"load .* at 0x[0-9a-f]+ \(core 0's device: the console's UART\)"),
}  # fmt: skip
NOT_ON_CORE_0 = ["another core's report", "the console's device"]


def check_report(report: str, core: int, cause: str) -> None:
    """A report with symbols: who, what, registers, Python's lines, C's functions and lines."""
    first, *_ = report.splitlines()
    assert re.fullmatch(rf"\*\*\* core {core} \(generation 0\) panic: {cause}", first), report
    assert re.search(r"^  pc 0x[0-9a-f]+ sp 0x[0-9a-f]+ address 0x[0-9a-f]+$", report, re.M)
    assert re.search(r"^  (ra|x0) 0x[0-9a-f]+ ", report, re.M)
    assert re.search(r'File "/rom/crash.py", line \d+, in crash$', report, re.M), report
    assert re.search(r'File "/rom/crash.py", line \d+, in <module>$', report, re.M), report
    assert re.search(r"^      \w+ +0x[0-9a-f]+ \w+\S* \w+\.c:\d+$", report, re.M), report
    assert "mp_execute_bytecode" in report and "vm.c:" in report
    assert report.rstrip().endswith("*** end")


STAY_DEAD = {"restart": {"intensity": 0}}


@pytest.mark.machine_setup(arguments=STAY_DEAD)
@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_elsewhere_is_reported_and_the_others_go_on(
    shell: Console, board: Board, name: str
) -> None:
    how, where, cause = CRASHES[name]
    result = shell.run(f"run crash {how} {where(board)} @2")
    assert result.status == 255, result.output
    assert "nothing happened" not in result.output
    assert "poly: core 2 died (generation 0)" in result.output
    [report] = shell.panics()
    check_report(report, 2, cause)
    check_that_core_2_is_dead_and_the_others_work(shell)


def check_that_core_2_is_dead_and_the_others_work(shell: Console) -> None:
    cores = shell.run("cores")
    assert cores.status == 1
    assert re.fullmatch(r"core 2  dead +gen 0 +stays dead: 0 restarts .*", cores.lines[2])
    assert [line.split()[2] for line in cores.lines] == ["online", "online", "dead", "online"]
    ps = shell.run("ps").output
    assert "core 2" in ps and "died" in ps
    for line in ("run hello @2", "kill 2", "repl 2"):
        refused = shell.run(line)
        assert refused.status == 1
        assert refused.output == f"poly: {line.split()[0]}: core 2 died (generation 0)\n"
    result = shell.run("run hello @all")
    assert result.status == 1
    assert "poly: run: core 2 died (generation 0)\n" in result.output
    assert sorted(re.findall(r"hello from core (\d) of 4", result.output)) == ["0", "1", "3"]
    assert "core 2 died: *** core 2 (generation 0) panic" in shell.run("log").output
    with CoreRepl(shell, 3) as python:
        assert "PeerDied: core 2 died (generation 0)" in python.run("import poly; poly.ping(2)")
        assert python.run("poly.ping(1) >= 0") == "True\n"


@pytest.mark.parametrize("name", [name for name in CRASHES if name not in NOT_ON_CORE_0])
def test_a_crash_of_core_0_is_reported_on_the_console(
    shell: Console, board: Board, name: str
) -> None:
    how, where, cause = CRASHES[name]
    shell.send(f"run crash {how} {where(board)}\r")
    shell.expect(r"\*\*\* end")
    [report] = shell.panics()
    check_report(report, 0, cause)
    shell.expect("core 0: restarted, generation 1")
    shell.expect_prompt()
    assert len(shell.run("run hello @all").lines) == CORES


@pytest.mark.machine_setup(cores=1)
def test_a_core_alone_stays_dead(shell: Console) -> None:
    shell.send("run crash store 0\r")
    shell.expect(r"\*\*\* end")
    check_report(shell.panics()[0], 0, r"store .* at 0x0+ \(page zero\)")
    assert shell.machine.running()  # for a debugger; nobody waits for its status


def test_exec_ends_with_255_when_core_0_dies(exec: Callable[..., Result]) -> None:
    result = exec("run hello; run crash store 0; run hello")
    assert result.status == 255
    assert result.output.startswith("hello from core 0 of 4\n*** core 0 (generation 0) panic: ")
    assert "nothing happened" not in result.output and result.output.count("hello from") == 1


def test_poly_exec_prints_the_report_with_symbols(board: Board, image: Path) -> None:
    words = [str(POLY), "exec", "--board", board.name, "--apps", str(APPS)]
    done = subprocess.run(
        [*words, "run crash store 0 @1"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 255
    assert "poly: core 1 died (generation 0)" in done.stdout
    assert "core 1: restarted, generation 1" in done.stdout
    assert "with symbols:" in done.stderr
    check_report(
        done.stderr[done.stderr.index("***") :].partition("kept:")[0],
        1, r"store .* at 0x0+ \(page zero\)",
    )  # fmt: skip
    kept = Path(done.stderr.rpartition("kept: ")[2].strip()).read_text()
    check_report(kept[kept.index("***") : kept.index("*** end") + 7], 1, r"store .*")
    assert "where each core stood:" in kept  # known only if the machine still runs
    assert f"poly exec --board {board.name}" in kept


@pytest.mark.machine_setup(arguments=STAY_DEAD)
def test_a_crash_file_says_where_each_core_stood(shell: Console) -> None:
    shell.run("run crash store 0 @2")
    file, report = crash.keep(shell.machine, symbolize.reports(shell.text())[0])
    check_report(report, 2, r"store .*")
    kept = file.read_text()
    file.unlink()
    assert report.rstrip() in kept
    assert re.search(r"where each core stood:\n(core \d: 0x[0-9a-f]+ \w+.*\n){4}\n", kept)


@pytest.mark.machine_setup(arguments=STAY_DEAD)
def test_all_cores_but_one_may_die_at_once(shell: Console) -> None:
    for core in (1, 2, 3):
        assert shell.run(f"run crash store 0 @{core}").status == 255
    assert len(shell.panics()) == 3
    lines = shell.run("cores").lines
    assert [line.split()[2] for line in lines] == ["online", "dead", "dead", "dead"]
    assert shell.run("run hello").output == "hello from core 0 of 4\n"
    assert shell.run("run wordcount /rom/crash.py").status == 0


def test_a_program_that_waits_for_a_dead_core_gets_peer_died(shell: Console) -> None:
    with CoreRepl(shell, 0) as python:
        python.run("import poly, asyncio")
        wait = "child = poly.spawn(2, 'crash', ('store', '0', '200')); "
        assert "PeerDied: core 2 died (generation 0)" in python.run(wait + "child.wait(8000)")
        assert python.run("child.died, child.status, child.ended()") == "(True, None, True)\n"
        assert "ChannelDied: (32, 'peer died')" in python.run("child.channel.recv()")
        assert "ChannelDied: (32, 'peer died')" in python.run("child.channel.send(b'')")
        python.run("child.close()")
        wait = "child = poly.spawn(3, 'crash', ('load', '0', '200')); "
        assert "PeerDied: core 3 died (generation 0)" in python.run(
            wait + "asyncio.run(asyncio.wait_for(poly.recv(child.channel), 8))"
        )
        python.run("child.close()")
        assert python.run("child = poly.spawn(1, 'leave', ('3',)); child.wait(5000)") == "3\n"
        assert python.run("child.close()") == ""


def test_a_dead_parent_leaves_the_child_with_an_error_in_asyncio_too(shell: Console) -> None:
    shell.send("run orphan patient 2 @1\r")
    shell.expect(r"\[2\] parent: ")
    shell.expect(r"PeerDied|PeerBroke")


def test_an_exception_is_no_panic(shell: Console) -> None:
    assert shell.run("run crash raise @2").status == 1
    assert shell.panics() == []
    assert shell.run("cores").status == 0
