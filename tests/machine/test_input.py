"""Goal: input reaches who reads it and nobody else, in order, whole, and with an end.
Method: lines typed and pasted ahead of programs that end in each way; standard input of `exec`
of each kind, against what CPython would read of it."""

import hashlib
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from polyphone.board import Board
from polyphone.machine.console import PROMPT, Console

POLY = Path(sys.executable).parent / "poly"
WAIT_S = 120  # a hang detector
CTRL_C, CTRL_D = "\x03", "\x04"
PROGRAMS: dict[str, str | bytes] = {
    "ask.py": "try:\n    print('hello', input('name? '))\n"
    "except EOFError:\n    print('no input')\n",
    "nap.py": "import time\nprint('napping')\ntime.sleep_ms(700)\n",
    "loop.py": "print('looping')\nwhile True:\n    pass\n",
    "part.py": "import sys, time\nprint('reads')\nprint(repr(sys.stdin.read(5)))\ntime.sleep(1)\n",
    "crash.py": "import sys, uctypes\nprint('reads')\nprint(repr(sys.stdin.read(5)))\n"
    "uctypes.bytearray_at(0, 4)[0]\n",
    "lines.py": "import sys\nfor line in sys.stdin:\n    print(repr(line))\n",
    "whole.py": "import sys, hashlib\nall = sys.stdin.buffer.read()\n"
    "print(len(all), hashlib.sha256(all).digest().hex())\n",
    "text.py": "import sys\nprint(len(sys.stdin.read()), repr(sys.stdin.read(1)))\n",
    "tasks.py": """
import asyncio, select, sys
async def main():
    reader = asyncio.StreamReader(sys.stdin)
    line = await reader.readline()
    while line:
        print(line)
        line = await reader.readline()
asyncio.run(main())
poll = select.poll()
poll.register(sys.stdin, select.POLLIN)
print(len(poll.poll(60000)), repr(sys.stdin.read(3)))
""",
    "parent.py": "import poly\nwith poly.spawn(1, 'ask') as child:\n    child.wait(60000)\n",
}  # fmt: skip


@pytest.fixture
def apps(programs: Callable[..., Path]) -> Path:
    return programs(PROGRAMS)


@pytest.fixture
def console(machine: Callable[..., Console], apps: Path) -> Console:
    console = machine(apps=apps, cores=3)
    console.expect_prompt()
    return console


# --- typed ahead ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        "run nap @2\r",
        "run nap @all\r",
        "run nap\r",
        "repl 1\r6*7\r" + CTRL_D,
        "repl 0\r6*7\r" + CTRL_D,
        "run ask @1\rAda\r",
        "run ask\rAda\r",
        "run part @1\r12345",
        "run crash @1\r12345",
        "run nosuch @1\r",
    ],
    ids=lambda text: re.sub(r"[^a-z0-9]+", " ", text),
)
def test_what_nobody_read_comes_back_to_the_shell_in_order(console: Console, first: str) -> None:
    numbers = range(12)
    console.send(first + "".join(f"help nothing{number}\r" for number in numbers))
    for number in numbers:
        console.expect(rf"poly> help nothing{number}\r\n")
        console.expect(rf"help: nothing{number}: no such command\r\n")
    console.expect_prompt()


@pytest.mark.parametrize("where", ["", " @2", " @all"])
def test_an_interrupt_leaves_what_was_typed_before_and_after_it(
    console: Console, where: str
) -> None:
    console.send(f"run loop{where}\r")
    console.expect("looping")
    console.send("help before\r" + CTRL_C + "help after\r")
    for word in ("before", "after"):
        console.expect(rf"poly> help {word}\r\n")
    console.expect_prompt()


def test_a_block_larger_than_every_buffer_waits_behind_a_program(console: Console) -> None:
    count = 1200
    text = "".join(f"status {'x' * 40} {number:04}\r" for number in range(count))
    assert len(text) > 60_000
    console.send("run part @2\r")
    console.expect("reads")
    console.send("12345" + text)
    console.expect("'12345'")
    for number in range(count):
        console.expect(rf"status {'x' * 40} {number:04}\r\n")
    console.expect_prompt()


def test_pasted_blocks_of_programs_and_lines_lose_nothing(console: Console) -> None:
    chosen = random.Random(9)
    firsts = ["run ask @1\rAda\r", "run ask\rAda\r", "repl 2\r6*7\r" + CTRL_D,
              "run part @2\r12345", "run hello @1\r", "run hello @all\r", ""]  # fmt: skip
    for turn in range(12):
        text = ""
        numbers = range(chosen.randrange(1, 9))
        for number in numbers:
            text += chosen.choice(firsts) + f"help n{turn}n{number}\r"
        console.send(text)
        for number in numbers:
            console.expect(rf"help: n{turn}n{number}: no such command\r\n")
        console.expect_prompt()


# --- standard input of exec ------------------------------------------------------------------


def run(board: Board, apps: Path, line: str, stdin: object, *options: str) -> list[str]:
    """What `poly exec` prints, as lines."""
    words = [POLY, "exec", "--board", board.name, "--cores", "3", "--apps", apps, *options, line]
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(words, capture_output=True, timeout=WAIT_S, **given)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout.decode()).splitlines()


@pytest.mark.parametrize("core", ["", " @1"])
@pytest.mark.parametrize(
    ("program", "given", "printed"),
    [
        ("ask", b"Bob\n", ["name? hello Bob"]),
        ("ask", b"Bob", ["name? hello Bob"]),
        ("ask", b"Bob\r\n", ["name? hello Bob"]),
        ("ask", b"\n", ["name? hello "]),
        ("ask", b"", ["name? no input"]),
        ("ask", b"\x1b[A\t\x7f\x01\n", ["name? hello \x1b[A\t\x7f\x01"]),
        ("lines", b"a\n\nb\x03\x10\x04\x11 c", ["'a\\n'", "'\\n'", "'b\\x03\\x10\\x04\\x11 c'"]),
        ("lines", b"", []),
        ("tasks", b"one\ntwo", ["b'one\\n'", "b'two'", "1 ''"]),
        ("text", "grüße\n".encode() * 9, ["54 ''"]),
    ],
)
def test_programs_read_what_comes_in_to_its_end(
    board: Board,
    image: Path,
    apps: Path,
    program: str,
    given: bytes,
    printed: list[str],
    core: str,
) -> None:
    prefix = "[1] " if core else ""
    assert run(board, apps, f"run {program}{core}", given) == [prefix + line for line in printed]


def test_what_one_program_leaves_the_next_one_gets(board: Board, image: Path, apps: Path) -> None:
    line = "run ask; run ask @2; run hello @1; run ask @1; run lines @2; run ask"
    assert run(board, apps, line, b"A\nB\nC\nD\nE\n") == [
        "name? hello A",
        "[2] name? hello B",
        "[1] hello from core 1 of 3",
        "[1] name? hello C",
        "[2] 'D\\n'",
        "[2] 'E\\n'",
        "name? no input",
    ]


def test_programs_that_nobody_types_for_have_no_input(
    board: Board, image: Path, apps: Path
) -> None:
    assert run(board, apps, "run parent", b"Bob\n") == ["[1] name? no input"]


@pytest.mark.parametrize(("core", "length"), [("", 1 << 20), (" @1", 1 << 17)])
def test_large_input_arrives_whole(
    board: Board, image: Path, apps: Path, core: str, length: int
) -> None:
    content = random.Random(4).randbytes(length)
    (line,) = run(board, apps, f"run whole{core}", content)
    assert line.split()[-2:] == [str(length), hashlib.sha256(content).hexdigest()]


def test_input_that_no_program_reads_is_left_to_others(
    board: Board, image: Path, apps: Path, tmp_path: Path
) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"one\ntwo\n")
    with file.open("rb") as lines:
        run(board, apps, "run hello; run hello @2", lines)
        assert os.lseek(lines.fileno(), 0, os.SEEK_CUR) == 0


def test_without_input_exact_runs_are_the_same(board: Board, image: Path, apps: Path) -> None:
    line = "run ping 2 @1; run ask @1; uptime; cores"
    nothing, empty = os.pipe()
    os.close(empty)
    first = run(board, apps, line, subprocess.DEVNULL, "--mode", "exact")
    assert run(board, apps, line, nothing, "--mode", "exact") == first
    os.close(nothing)


def test_on_a_terminal_exec_reads_what_is_typed_until_ctrl_d(
    board: Board, image: Path, apps: Path
) -> None:
    words = ["exec", "--board", board.name, "--apps", str(apps), "run ask; run lines @1"]
    session = pexpect.spawn(str(POLY), words, encoding="utf-8", timeout=WAIT_S)
    session.expect("name\\? ")
    session.send("Bob\n")
    session.expect("hello Bob")
    session.send("more\n" + CTRL_D)
    session.expect(r"\[1\] 'more\\n'")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 0


# --- exec's time, run without a terminal --------------------------------------------------------


def test_a_machine_that_does_not_end_in_time_shows_where_it_is(
    board: Board, image: Path, apps: Path
) -> None:
    words = [POLY, "exec", "--board", board.name, "--cores", "2", "--apps", apps]
    words += ["--timeout", "4", "run loop @1"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (124, "[1] looping\n")
    assert done.stderr.startswith(
        "poly: the machine did not end within 4 s\nend of its console:\n"
    )
    assert "[1] looping\nwhere each core stood:\ncore 0: 0x" in done.stderr
    assert re.search(r"^core 1: 0x\w+ mp_\w+\+0x\w+ \w+\.c:\d+$|^core 1: 0x", done.stderr, re.M)
    assert "registers:\n" in done.stderr and "CPU#1" in done.stderr


@pytest.mark.parametrize("time", ["0", "-1", "soon", "nan", "1e99"])
def test_a_time_that_is_none_is_refused_with_the_bound(board: Board, time: str) -> None:
    words = [POLY, "exec", "--board", board.name, f"--timeout={time}", "cores"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.stderr == (
        f"poly: TIMEOUT={time} is no number of seconds from above 0 to 10,000,000\n"
    )


@pytest.mark.parametrize(
    ("lines", "status", "shown"),
    [
        ("", 0, []),
        ("run hello\n", 0, ["poly> run hello", "hello from core 0 of 1"]),
        ("nosuch", 127, ["poly: nosuch: no such command"]),
        ("nosuch\nrun hello\n", 0, ["hello from core 0 of 1"]),
        ("run hello\nnosuch\n\n", 127, []),
        ("run ask\n", 0, ["no input"]),
        ("run ask\nBob\npwd\n", 0, ["hello Bob", "poly> pwd"]),
        ("repl 0\n6*7", 0, ["42"]),
        ("poweroff 9\npwd\n", 9, []),
        ("restart 0\n", 0, []),
    ],
)
def test_run_without_a_terminal_ends_after_its_input(
    board: Board, image: Path, apps: Path, lines: str, status: int, shown: list[str]
) -> None:
    words = [POLY, "run", "--board", board.name, "--cores", "1", "--apps", apps]
    done = subprocess.run(words, capture_output=True, text=True, input=lines, timeout=WAIT_S)
    assert done.returncode == status, done.stdout + done.stderr
    for text in shown:
        assert text in done.stdout.replace("\r", "")
    assert status == 9 or done.stdout.endswith(PROMPT)
