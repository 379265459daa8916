"""Goal: every number of cores comes up, in every mode, and the end reaches the host.
Method: boot machines, read `cores`, compare repeated exact runs, end with a status."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from holding import APPS

from polyphone.board import Board
from polyphone.image import layout
from polyphone.machine import snapshot
from polyphone.machine.console import Console, Result
from polyphone.machine.qemu import Mode, Setup

POLY = Path(sys.executable).parent / "poly"
ONLINE = re.compile(r"core (\d+)  online   gen 0  (shell|idle) +\S+ of \S+")
SESSION = (
    "cores; ps; run hello @all; run wordcount /rom/text.txt; mem; log; uptime;"
    " run hello @3; nonsense; cores"
)


def online(console: Console) -> list[int]:
    """The cores that `cores` tells to be online; fails on any other line."""
    result = console.run("cores")
    assert result.status == 0, result.output
    found = [ONLINE.fullmatch(line) for line in result.lines]
    assert all(found), result.output
    assert [match[2] for match in found if match][:1] == ["shell"]
    return [int(match[1]) for match in found if match]


@pytest.mark.modes("stress", "single", "exact")
@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_all_cores_come_online(machine: Callable[..., Console], cores: int) -> None:
    console = machine(cores=cores)
    console.expect_prompt()
    assert online(console) == list(range(cores))


@pytest.mark.modes("stress", "exact")
def test_sixty_four_cores_with_small_heaps_come_online(machine: Callable[..., Console]) -> None:
    console = machine(cores=64, mem="2M")
    console.expect_prompt()
    assert online(console) == list(range(64))
    output = console.run("run hello @all")
    assert output.status == 0
    greetings = sorted(re.findall(r"hello from core (\d+) of 64", output.output), key=int)
    assert greetings == [str(core) for core in range(64)]


def test_three_cores_and_a_large_heap(machine: Callable[..., Console]) -> None:
    console = machine(cores=3, mem="64M")
    console.expect_prompt()
    assert online(console) == [0, 1, 2]
    assert "67108864 for each core" in console.run("mem").output


@pytest.mark.parametrize("mem", ["2M", "64M"])
def test_later_lives_have_their_own_heap_size_too(
    machine: Callable[..., Console], mem: str
) -> None:
    console = machine(cores=2, mem=mem)
    console.expect_prompt()
    sizes = [line.split()[-1] for line in console.run("cores").lines]
    assert console.run("restart 1").status == 0
    assert "gen 1" in console.run("cores").lines[1]
    assert [line.split()[-1] for line in console.run("cores").lines] == sizes
    assert "hello from core 1" in console.run("run hello @1").output


@pytest.mark.parametrize(
    "options",
    [{"cores": 1}, {"cores": 4, "apps": APPS, "mode": Mode.SINGLE}, {"mode": Mode.EXACT}],
    ids=["one core", "four in turns, files", "exact"],
)
def test_what_cores_begin_with_is_the_same_whichever_machine_made_it(
    board: Board, image: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    with image.open("rb") as file:
        kept = ELFFile(file).get_section_by_name(".snapshot").data()
    assert int.from_bytes(kept[:4], "little") == 16 * layout.MIB
    linked = replace(board, linked=True)
    assert kept == snapshot.take(Setup(linked, **options), tmp_path / "log")


def test_the_banner_names_board_and_cores(machine: Callable[..., Console], board: Board) -> None:
    banner = machine(cores=2).expect_prompt()
    assert f"Polyphone on {board.name}: 2 cores, each a MicroPython kernel." in banner


def test_forty_boots_in_a_row_reach_the_prompt(machine: Callable[..., Console]) -> None:
    for boot in range(40):
        console = machine(cores=1 + boot % 5)
        console.expect_prompt()
        console.close()


@pytest.mark.modes("exact")
def test_two_exact_runs_of_a_session_print_the_same(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    apps = programs({"text.txt": "the quick brown fox jumps over the lazy dog\n" * 2000})
    first, second = exec(SESSION, apps=apps), exec(SESSION, apps=apps)
    assert "4000 the" in first.lines and "2000 quick" in first.lines
    assert second == first


def test_the_shell_and_the_host_agree_on_the_status(machine: Callable[..., Console]) -> None:
    for line, status in (("poweroff", 0), ("poweroff 1", 1), ("poweroff 7", 7),
                         ("poweroff 255", 255)):  # fmt: skip
        console = machine(cores=2)
        console.expect_prompt()
        console.send(line + "\r")
        assert console.wait() == status


@pytest.mark.parametrize("status", ["256", "-1", "x", "1 2"])
def test_poweroff_with_a_wrong_status_leaves_the_machine_on(shell: Console, status: str) -> None:
    assert shell.run(f"poweroff {status}").status == 2
    assert online(shell) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cores", "0"], "CORES=0: virt_rv64 has 1 to 64 cores"),
        (["--cores", "65"], "CORES=65: virt_rv64 has 1 to 64 cores"),
        (["--cores", "four"], "CORES=four is not a number"),
        (["--cores", "-1"], "CORES=-1 is not a number"),
        (["--mem", "1M"], "MEM=1M: a core's private RAM is"),
        (["--mem", "3M"], "MEM=3M: a core's private RAM is a multiple of 2M on virt_rv64"),
        (["--mem", "1G"], "MEM=1G: a core's private RAM is 2M to 512M"),
        (["--mem", "lots"], "'lots' is not a size; examples: 16M, 512K, 1G"),
        (["--apps", "/no/such/folder"], "APPS: '/no/such/folder' is not a folder"),
        (["--apps", str(APPS / "census.py")], "census.py' is not a folder"),
        (["--board", "virt_abacus"], "virt_abacus"),
    ],
)
def test_a_wrong_option_is_one_clear_line_and_status_2(options: list[str], message: str) -> None:
    words = [str(POLY), "exec", *options, "cores"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("poly: ")


def test_repl_of_no_number_is_one_clear_line_and_status_2() -> None:
    words = [str(POLY), "repl", "--core", "x"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "poly: CORE=x is not a number\n"


def test_poly_exec_as_a_script_uses_it(board: Board, image: Path) -> None:
    words = [str(POLY), "exec", "--board", board.name, "--cores", "2", "--apps", str(APPS)]
    done = subprocess.run(
        [*words, "cores; run arguments one two; run leave 9"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 9
    assert [line[:14] for line in done.stdout.splitlines()[:2]] == [
        "core 0  online", "core 1  online",
    ]  # fmt: skip
    assert done.stdout.splitlines()[2:] == ["['/rom/arguments.py', 'one', 'two']"]
    assert done.stderr == ""
