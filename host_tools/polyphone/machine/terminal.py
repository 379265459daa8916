"""Machines for people and scripts: `run` on a terminal, `execute` in a pipe, `debug` under gdb.

Panic reports are followed by the same report with functions, files and lines, on
the error stream, as soon as they are complete.
"""

import fcntl
import os
import select
import shlex
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from polyphone import environment, paths, process, symbolize
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.machine import crash, feed, place
from polyphone.machine.feed import Feed
from polyphone.machine.place import Names
from polyphone.machine.qemu import Input, Machine, Setup

POLL_S = 0.2  # how soon a panic report on a terminal is annotated
PIECE_BYTES = 1 << 16
TAIL_LINES = 40  # of a machine that did not end in time
TAIL_BYTES = 8192
STATUS_TIMEOUT = 124  # as `timeout` has it
ARCHITECTURES = {"riscv": "riscv:rv64", "arm64": "aarch64"}  # gdb's names


class PanicWatch:
    """Takes console output as it comes, prints each finished panic report with symbols and
    keeps it as a crash file."""

    def __init__(self, machine: Machine, line_end: str = "\n") -> None:
        self._machine = machine
        self._line_end = line_end
        self._rest = ""
        self._report: list[str] = []

    def feed(self, output: bytes) -> None:
        lines = (self._rest + output.decode(errors="replace")).split("\n")
        self._rest = lines.pop()
        for line in lines:
            if symbolize.BEGIN.search(line):
                self._report = [line]
            elif self._report:
                self._report.append(line)
                if symbolize.END.search(line):
                    self._print("\n".join(self._report))
                    self._report = []

    def _print(self, report: str) -> None:
        file, text = crash.keep(self._machine, report.replace("\r", ""))
        sys.stderr.write(f"with symbols:\n{text}kept: {file}\n".replace("\n", self._line_end))
        sys.stderr.flush()


def run(setup: Setup) -> int:
    """The machine on this terminal until it ends; its exit status, 0 after Ctrl-A X.

    QEMU sets the terminal to raw mode and back; Ctrl-C reaches the guest. Without a
    terminal the machine ends after its input, with the status of the last command."""
    setup = _with_input(setup)
    with _named(setup.board) as names, Machine(setup) as machine:
        print(_welcome(setup, names), file=sys.stderr)
        if setup.consoles_lead_out():
            print(_consoles_text(setup, names), file=sys.stderr)
        return _on_terminal(machine, names)


def debug(setup: Setup) -> int:
    """As run(), but halted before the first instruction until a debugger attaches."""
    setup = _with_input(setup)
    with _named(setup.board) as names, Machine(setup, debug=True) as machine:
        print(_welcome(setup, names), file=sys.stderr)
        print(
            "halted; in another terminal:\n"
            f"  {gdb_command(machine)}\n"
            "then `continue`. Cores are threads: `info threads`, `thread 2`,"
            " `thread apply all bt`;\n`set scheduler-locking on` steps one core alone.",
            file=sys.stderr,
        )
        return _on_terminal(machine, names)


def _with_input(setup: Setup) -> Setup:
    return replace(setup, input=Input.KEYS if os.isatty(0) else Input.LINES)


def repl(board: Board, core: int, number: int | None = None) -> int:
    """The Python prompt on a core of the machine `number` that run() has started (None: of the
    only one, or the one that is chosen when asked); its exit status."""
    link = place.consoles(board.name, _chosen(board, number)) / f"core{core}"
    if not link.exists():
        raise UserError(f"no console {_shown(link)}: the machine has no such core, or no room")
    print("Enter shows the prompt.", file=sys.stderr)
    command = [sys.executable, "-m", "mpremote", "connect", str(link), "repl"]
    with _terminal_restored(), process.start(command, env=environment.plain()) as client:
        return int(client.wait())


def _chosen(board: Board, number: int | None) -> int:
    """The number of the machine that is meant. UserError if that is not clear."""
    there = place.running(board.name)
    if not there:
        raise UserError(f"no machine of {board.name} runs: make run BOARD={board.name}")
    if number is None and len(there) > 1 and sys.stdin is not None and sys.stdin.isatty():
        print(f"machines of {board.name}: {_listed(there)}. Which? ", end="", file=sys.stderr)
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if not answer.isdecimal():
            raise UserError(f"'{answer}' is not the number of a machine")
        number = int(answer)
    if number is None and len(there) > 1:
        raise UserError(
            f"machines {_listed(there)} of {board.name} run; choose one: MACHINE={there[0]}"
        )
    if number is not None and number not in there:
        raise UserError(f"no machine {number} of {board.name} runs; there are: {_listed(there)}")
    return there[0] if number is None else number


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


@contextmanager
def _named(board: Board) -> Iterator[Names]:
    """Names for a machine that a person sees."""
    names = Names.take(board.name)
    try:
        yield names
    finally:
        names.release()


@contextmanager
def _terminal_restored() -> Iterator[None]:
    """Give the terminal back as it was, also where who changed it is killed."""
    try:
        mode = termios.tcgetattr(0)
    except (OSError, termios.error):
        yield
        return
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    try:
        yield
    finally:
        try:
            termios.tcsetattr(0, termios.TCSANOW, mode)
            fcntl.fcntl(0, fcntl.F_SETFL, flags)
        except (OSError, termios.error):
            pass  # the terminal is gone


def _shown(path: Path) -> str:
    """A path as the user types it in the checkout."""
    return str(path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path)


def _consoles_text(setup: Setup, names: Names) -> str:
    """Where the links will be."""
    cores = [core for core in range(setup.cores) if setup.board.console_slot(core) is not None]
    links = [_shown(names.consoles / f"core{core}") for core in cores]
    return "\n  ".join(["consoles for mpremote, one for each core:", *links])


def gdb_command(machine: Machine) -> str:
    """The command line that attaches gdb to a machine made with debug=True."""
    board = machine.setup.board
    words = ["gdb-multiarch", str(board.image)]
    words += ["-ex", f"set architecture {ARCHITECTURES[board.arch]}"]
    words += ["-ex", f"target remote localhost:{machine.gdb_port}"]
    return shlex.join(words)


def _welcome(setup: Setup, names: Names) -> str:
    cores = "1 core" if setup.cores == 1 else f"{setup.cores} cores"
    which = f"{setup.board.name}, {cores}"
    if names.number > 1:
        which += f", machine {names.number} of this board"
    return f"{which}. Quit: poweroff, or Ctrl-A X. QEMU's monitor: Ctrl-A C."


def _on_terminal(machine: Machine, names: Names) -> int:
    watch = PanicWatch(machine, "\r\n" if sys.stderr.isatty() else "\n")
    ended = threading.Event()
    with _terminal_restored(), _started(machine, names.log):
        follower = threading.Thread(target=_follow, args=(names.log, watch, ended, machine))
        follower.start()
        try:
            if machine.setup.consoles_lead_out():
                _link_consoles(machine, names)
            status = machine.wait()
        finally:
            ended.set()
            follower.join()
    if machine.was_quit():  # from this terminal: there is no other monitor
        return 0
    tell_fault(machine)
    return status


@contextmanager
def _started(machine: Machine, log: Path) -> Iterator[None]:
    """Start it with what comes in here."""
    if machine.setup.input is Input.KEYS:
        machine.start(log, terminal=True)
        yield
    else:
        with Feed(0) as line:
            machine.start(log, stdin=line.line)
            line.start()
            yield


def _link_consoles(machine: Machine, names: Names) -> None:
    try:
        machine.link_consoles(names.consoles)
    except Exception:
        if machine.running():
            raise  # else it ended at once, and has said why


def tell_fault(machine: Machine) -> None:
    """Say on the error stream what ended the machine, if it did not end by itself."""
    fault = machine.fault()
    if fault:
        print(f"poly: {fault}", file=sys.stderr)


def _follow(log: Path, watch: PanicWatch, ended: threading.Event, machine: Machine) -> None:
    position = 0
    last = False
    while not last:
        last = ended.wait(POLL_S)
        machine.hear()
        if log.exists():
            with log.open("rb") as file:
                file.seek(position)
                output = file.read()
            position += len(output)
            watch.feed(output)


def execute(
    setup: Setup,
    command: str,
    output: BinaryIO,
    log: Path | None = None,
    source: int | None = None,
    timeout_s: float | None = None,
) -> int:
    """Boot, run shell commands (`;` separates them), write what they print to `output`.

    Programs read what comes in at the descriptor `source`; without one their input has ended.
    Returns the status of the last command, or 124 if the machine has not ended `timeout_s`
    after its start: then the error stream has where each core stands. `log` keeps the
    console as it was."""
    no_input = source is None or feed.has_ended(source)
    setup = replace(
        setup,
        arguments={**setup.arguments, "exec": command},
        input=Input.NOTHING if no_input else Input.DATA,
    )
    until = None if timeout_s is None else time.monotonic() + timeout_s
    with ExitStack() as stack:
        machine = stack.enter_context(Machine(setup))
        if source is None or no_input:
            machine.start(log, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        else:
            line = stack.enter_context(Feed(source))
            machine.start(log, stdin=line.line, stdout=subprocess.PIPE)
            line.start()
        tail = Tail()
        try:
            _pass_on(machine, output, tail, until)
            status = machine.wait(None if until is None else max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            print(f"poly: the machine did not end within {timeout_s:g} s", file=sys.stderr)
            print("end of its console:", *tail.lines(), file=sys.stderr, sep="\n")
            print(*crash.stand(machine), file=sys.stderr, sep="\n")
            return STATUS_TIMEOUT
        tell_fault(machine)
        return status


class Tail:
    """The last lines of what a console has written."""

    def __init__(self) -> None:
        self._text = b""

    def feed(self, output: bytes) -> None:
        self._text = (self._text + output)[-TAIL_BYTES:]

    def lines(self) -> list[str]:
        return self._text.decode(errors="replace").splitlines()[-TAIL_LINES:]


def _pass_on(machine: Machine, output: BinaryIO, tail: Tail, until: float | None) -> None:
    """Write what the machine prints, until it ends. TimeoutExpired if it does not in time."""
    assert machine.process is not None and machine.process.stdout is not None
    watch = PanicWatch(machine)
    pipe = machine.process.stdout.fileno()
    held = b""
    while True:
        left = None if until is None else max(until - time.monotonic(), 0)
        if not select.select([pipe], [], [], left)[0]:
            raise subprocess.TimeoutExpired(machine.process.args, left or 0)
        # What is there: progress shows while it is made.
        part = os.read(pipe, PIECE_BYTES)
        if not part:
            break
        watch.feed(part)
        part = held + part
        held = b"\r" if part.endswith(b"\r") else b""  # its newline may be still to come
        part = part.removesuffix(held).replace(b"\r\n", b"\n")
        tail.feed(part)
        output.write(part)
        output.flush()
        if until is not None and time.monotonic() >= until:  # also while it prints without end
            raise subprocess.TimeoutExpired(machine.process.args, 0)
    output.write(held)
