"""Goal: no machine outlives its command, status 0 is the machine's own word, and two machines of
a board keep apart. Method: the command `poly`, and `make`, ended by each signal; QEMU ended."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from polyphone import paths
from polyphone.board import Board
from polyphone.machine import place

POLY = Path(sys.executable).parent / "poly"
WAIT_S = 60  # a hang detector
SLEEPY = "print('asleep')\nimport time\ntime.sleep(600)\n"
ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT]


def qemu_of(pid: int) -> int:
    """The process of QEMU below that of a command."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        for child in children(pid):
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            found = child if words[0].startswith(b"qemu") else qemu_below(child)
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"process {pid} starts no QEMU")


def qemu_below(pid: int) -> int:
    for child in children(pid):
        if Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"qemu"):
            return child
    return 0


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(word) for word in text.split()]


def folder_of(qemu: int) -> Path:
    """The folder that its files are in."""
    words = Path(f"/proc/{qemu}/cmdline").read_bytes().decode()
    match = re.search(r"file=([^,]*)/boot\.bin", words)
    assert match
    return Path(match[1])


def assert_gone(pid: int) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            state = (
                Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            )
        except (FileNotFoundError, ProcessLookupError):
            return
        if state[0] in "ZX":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


@pytest.fixture
def apps(programs: Callable[..., Path]) -> Path:
    return programs({"sleepy.py": SLEEPY})


@pytest.fixture
def sleeping(
    board: Board, image: Path, apps: Path
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Factory of commands whose machine runs a program that sleeps."""
    commands: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        line = ["--board", board.name, "--cores", "1", "--apps", str(apps), "run sleepy"]
        command = subprocess.Popen(
            words or [POLY, "exec", *line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
        )
        commands.append(command)
        assert command.stdout is not None
        assert command.stdout.readline() == "asleep\n"
        return command

    yield start
    for command in commands:
        command.kill()
        command.communicate()


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_the_machine_and_its_folder_with_the_command(
    sleeping: Callable[..., "subprocess.Popen[str]"], number: signal.Signals
) -> None:
    command = sleeping()
    qemu = qemu_of(command.pid)
    folder = folder_of(qemu)
    command.send_signal(number)
    command.communicate(timeout=WAIT_S)
    assert command.returncode == 128 + number
    assert_gone(qemu)
    assert not folder.exists()


def test_a_command_that_is_killed_takes_its_machine_with_it(
    sleeping: Callable[..., "subprocess.Popen[str]"],
) -> None:
    for stopped in (False, True):
        command = sleeping()
        qemu = qemu_of(command.pid)
        folder = folder_of(qemu)
        if stopped:
            command.send_signal(signal.SIGSTOP)
        command.kill()
        command.communicate()
        assert_gone(qemu)
        with place.Folder():  # what any start does first
            assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_ends_make_ends_the_machine(
    sleeping: Callable[..., "subprocess.Popen[str]"],
    board: Board,
    apps: Path,
    number: signal.Signals,
) -> None:
    words = [f"BOARD={board.name}", "CORES=1", f"APPS={apps}", "CMD=run sleepy"]
    command = sleeping("make", "--no-print-directory", "exec", *words)
    qemu = qemu_of(command.pid)
    folder = folder_of(qemu)
    command.send_signal(number)
    command.communicate(timeout=WAIT_S)
    assert command.returncode != 0
    assert_gone(qemu)
    end = time.monotonic() + WAIT_S
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.02)  # `poly` cleans up after make has gone
    assert not folder.exists()


@pytest.mark.parametrize("what", ["run", "debug", "exec", "make run", "make exec"])
def test_a_closed_terminal_ends_the_machine(
    board: Board, image: Path, apps: Path, what: str
) -> None:
    words = {
        "exec": [f"--apps={apps}", "run sleepy"],
        "make exec": [f"APPS={apps}", "CMD=run sleepy"],
    }.get(what, [])
    if what.startswith("make"):  # the kernel tells `make`, which waits
        command, given = "make", [what[5:], f"BOARD={board.name}", "CORES=1", *words]
    else:
        command, given = str(POLY), [what, "--board", board.name, "--cores", "1", *words]
    session = pexpect.spawn(command, given, timeout=WAIT_S, cwd=paths.ROOT)
    up = {"debug": b"set scheduler-locking", "run": b"poly> ", "make run": b"poly> "}
    session.expect(up.get(what, b"asleep"))
    qemu = qemu_of(session.pid)
    folder = folder_of(qemu)
    session.ptyproc.fileobj.close()
    assert_gone(qemu)
    end = time.monotonic() + WAIT_S
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        (signal.SIGTERM, 255, "poly: QEMU was ended from outside (host-signal)"),
        (signal.SIGKILL, 137, "poly: QEMU was ended by SIGKILL"),
        (signal.SIGSEGV, 139, "poly: QEMU was ended by SIGSEGV"),
    ],
)
def test_a_machine_that_is_ended_from_outside_has_failed(
    sleeping: Callable[..., "subprocess.Popen[str]"],
    number: signal.Signals,
    status: int,
    message: str,
) -> None:
    command = sleeping()
    os.kill(qemu_of(command.pid), number)
    _, errors = command.communicate(timeout=WAIT_S)
    assert errors.splitlines()[-1] == message
    assert command.returncode == status


@pytest.mark.parametrize("status", [0, 1, 2, 85, 126, 127, 128, 170, 253, 254, 255])
def test_the_status_that_the_machine_gives_itself_is_the_commands(
    board: Board, image: Path, status: int
) -> None:
    words = [POLY, "exec", "--board", board.name, "--cores", "1", f"poweroff {status}"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_on_a_terminal_ctrl_a_x_is_a_good_end_and_a_signal_to_qemu_is_none(
    board: Board, image: Path
) -> None:
    for how, status in (("quit", 0), ("kill", 255)):
        session = pexpect.spawn(
            str(POLY), ["run", "--board", board.name, "--cores", "1"], timeout=WAIT_S
        )
        session.expect(b"poly> ")
        if how == "quit":
            session.send("\x01x")
        else:
            os.kill(qemu_of(session.pid), signal.SIGTERM)
            session.expect(b"poly: QEMU was ended from outside")
        session.expect(pexpect.EOF)
        session.close()
        assert session.exitstatus == status


# --- two machines ------------------------------------------------------------------------


class Person:
    """`poly run` on a terminal."""

    def __init__(self, board: Board) -> None:
        words = ["run", "--board", board.name, "--cores", "2"]
        self.session = pexpect.spawn(str(POLY), words, encoding="utf-8", timeout=WAIT_S)
        self.session.expect("poly> ")
        match = re.search(r"(\S*/console\S*)/core0", str(self.session.before))
        assert match
        self.consoles = paths.ROOT / match[1]

    def end(self) -> None:
        self.session.send("\x01x")
        self.session.expect(pexpect.EOF)
        self.session.close()


def test_two_machines_of_a_board_keep_their_consoles_and_reports(
    board: Board, image: Path
) -> None:
    first, second = Person(board), Person(board)
    try:
        assert first.consoles != second.consoles
        assert {link.name for link in first.consoles.glob("core*")} == {"core0", "core1"}
        second.end()
        assert (first.consoles / "core1").exists() and not (second.consoles / "core1").exists()
        first.session.send("repl 1\rimport uctypes\ructypes.bytearray_at(0, 4)[0]\r")
        first.session.expect("with symbols:")
        first.session.expect("kept: ")
    finally:
        first.end()


def test_repl_without_a_terminal_names_the_machines_to_choose_from(
    board: Board, image: Path
) -> None:
    first, second = Person(board), Person(board)
    numbers = place.running(board.name)
    try:
        words = [POLY, "repl", "--board", board.name]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        listed = ", ".join(map(str, numbers))
        assert done.stderr == (
            f"poly: machines {listed} of {board.name} run; choose one: MACHINE={numbers[0]}\n"
        )
        words += ["--machine", "98"]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.stderr == (f"poly: no machine 98 of {board.name} runs; there are: {listed}\n")
        asked = pexpect.spawn(str(POLY), words[1:-2], encoding="utf-8", timeout=WAIT_S)
        asked.expect("Which\\? ")
        asked.sendline(str(numbers[-1]))
        asked.expect("Enter shows the prompt")
        asked.send("\r")
        asked.expect(">>> ")
        asked.send("\x1d")
        asked.expect(pexpect.EOF)
    finally:
        first.end()
        second.end()
