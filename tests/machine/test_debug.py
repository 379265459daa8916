"""Goal: the gdb line that `make debug` prints works: cores are threads, C has names and lines.
Method: gdb-multiarch in batch mode, with that very line, on a machine that waits for it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from polyphone import build
from polyphone.board import Board
from polyphone.machine import terminal
from polyphone.machine.console import Console
from polyphone.machine.qemu import Machine, Setup

POLY = Path(sys.executable).parent / "poly"


def gdb(line: str, *commands: str) -> str:
    words = shlex.split(line)
    words[1:1] = ["-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off"]
    for command in commands:
        words += ["-ex", command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "first"),
    [({}, "arch_core_release"), ({"mem": 32 << 20}, "gc_init")],
    ids=["as usual", "another heap"],
)
def test_core_0_starts_micropython_only_where_the_image_has_no_start_of_it(
    board: Board, image: Path, options: dict[str, int], first: str
) -> None:
    with Machine(Setup(board, cores=2, **options), debug=True) as machine:
        machine.start()
        line = terminal.gdb_command(machine)
        output = gdb(line, "hbreak gc_init", "hbreak arch_core_release", "continue", "delete")
    assert re.findall(r"Breakpoint \d, (\w+) \(", output) == [first]


def test_make_debug_shows_all_of_the_start(board: Board, image: Path) -> None:
    with Machine(Setup(build.link(board), cores=1), debug=True) as machine:
        machine.start()
        output = gdb(terminal.gdb_command(machine), "hbreak gc_init", "continue", "delete")
    assert re.findall(r"Breakpoint \d, (\w+) \(", output) == ["gc_init"]


def test_a_breakpoint_in_every_core_and_backtraces_with_lines(
    board: Board, image: Path, tmp_path: Path
) -> None:
    machine = Machine(Setup(board, cores=2), debug=True)
    console = Console(machine, tmp_path / "log")
    try:
        output = gdb(
            terminal.gdb_command(machine),
            "info threads",
            "hbreak core_start",
            "continue",
            "printf \"stopped for core %d\\n\", core",
            "backtrace",
            "continue",
            "printf \"stopped for core %d\\n\", core",
            "delete",
            "hbreak cpu_online",
            "continue",
            "backtrace",
            "info threads",
            "print core_number",
            "delete",
            "detach",
        )  # fmt: skip
        assert output.count("stopped for core ") == 2
        assert {"stopped for core 0", "stopped for core 1"} <= set(output.splitlines())
        assert "core_start (core=" in output and "main.c:" in output
        assert "mp_execute_bytecode" in output and "vm.c:" in output
        assert "CPU#0" in output and "CPU#1" in output
        console.expect_prompt()  # let go, it comes up
        assert len(console.run("cores").lines) == 2
    finally:
        console.close()


def test_poly_debug_prints_the_line_and_waits(board: Board, image: Path) -> None:
    words = [str(POLY), "debug", "--board", board.name, "--cores", "2"]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stderr and process.stdout
    try:
        line = ""
        while not line.strip().startswith("gdb-multiarch"):
            line = process.stderr.readline()
            assert line, "it ended"
        output = gdb(line.strip(), "info threads", "x/i $pc", "detach")
        assert "CPU#0" in output and "CPU#1" in output
        text = ""
        while "poly> " not in text:
            text += process.stdout.read(1)
        process.stdin.write("poweroff 3\r")
        process.stdin.flush()
        assert process.wait(60) == 3
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
