"""Machines for people and scripts: `run` on a terminal, `execute` in a pipe, `debug` under gdb.

Panic reports are followed by the same report with functions, files and lines, on
the error stream, as soon as they are complete.
"""

import shlex
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from polyphone import paths, symbolize
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.machine import crash
from polyphone.machine.qemu import Machine, Setup

POLL_S = 0.2  # how soon a panic report on a terminal is annotated
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
    """The machine on this terminal until it ends; its exit status.

    QEMU sets the terminal to raw mode and back; Ctrl-C reaches the guest."""
    with Machine(setup) as machine:
        print(_welcome(setup), file=sys.stderr)
        if setup.consoles_lead_out():
            print(_consoles_text(setup), file=sys.stderr)
        return _on_terminal(machine)


def debug(setup: Setup) -> int:
    """As run(), but halted before the first instruction until a debugger attaches."""
    with Machine(setup, debug=True) as machine:
        print(_welcome(setup), file=sys.stderr)
        print(
            "halted; in another terminal:\n"
            f"  {gdb_command(machine)}\n"
            "then `continue`. Cores are threads: `info threads`, `thread 2`,"
            " `thread apply all bt`;\n`set scheduler-locking on` steps one core alone.",
            file=sys.stderr,
        )
        return _on_terminal(machine)


def repl(board: Board, core: int) -> int:
    """The Python prompt on a core of the machine that run() has started; its exit status."""
    link = console_folder(board) / f"core{core}"
    if not link.exists():
        raise UserError(f"no console {link}: is a machine running? make run BOARD={board.name}")
    print("Enter shows the prompt.", file=sys.stderr)
    command = [sys.executable, "-m", "mpremote", "connect", str(link), "repl"]
    return subprocess.run(command).returncode


def console_folder(board: Board) -> Path:
    """Where run() makes a link to each core's own console."""
    return paths.board_build(board.name) / "console"


def _consoles_text(setup: Setup) -> str:
    """Where the links will be."""
    cores = [core for core in range(setup.cores) if setup.board.console_slot(core) is not None]
    folder = console_folder(setup.board)
    if folder.is_relative_to(paths.ROOT):
        folder = folder.relative_to(paths.ROOT)
    names = [str(folder / f"core{core}") for core in cores]
    return "\n  ".join(["consoles for mpremote, one for each core:", *names])


def _link_consoles(machine: Machine) -> dict[Path, Path]:
    """Make the links; what each leads to."""
    try:
        links = machine.link_consoles(console_folder(machine.setup.board))
    except Exception:
        if machine.running():
            raise
        return {}  # it ended at once, and has said why
    return {link: link.readlink() for link in links.values()}


def _remove_consoles(links: dict[Path, Path]) -> None:
    for link, terminal in links.items():
        # Unless another machine has made its own meanwhile.
        if link.is_symlink() and link.readlink() == terminal:
            link.unlink()


def gdb_command(machine: Machine) -> str:
    """The command line that attaches gdb to a machine made with debug=True."""
    board = machine.setup.board
    words = ["gdb-multiarch", str(board.image)]
    words += ["-ex", f"set architecture {ARCHITECTURES[board.arch]}"]
    words += ["-ex", f"target remote localhost:{machine.gdb_port}"]
    return shlex.join(words)


def _welcome(setup: Setup) -> str:
    cores = "1 core" if setup.cores == 1 else f"{setup.cores} cores"
    return f"{setup.board.name}, {cores}. Quit: poweroff, or Ctrl-A X. QEMU's monitor: Ctrl-A C."


def _on_terminal(machine: Machine) -> int:
    log = paths.board_build(machine.setup.board.name) / "console.log"
    log.unlink(missing_ok=True)
    watch = PanicWatch(machine, "\r\n" if sys.stderr.isatty() else "\n")
    ended = threading.Event()
    machine.start(log, terminal=True)
    links: dict[Path, Path] = {}
    follower = threading.Thread(target=_follow, args=(log, watch, ended))
    follower.start()
    try:
        links = _link_consoles(machine)
        return machine.wait()
    finally:
        ended.set()
        follower.join()
        _remove_consoles(links)


def _follow(log: Path, watch: PanicWatch, ended: threading.Event) -> None:
    position = 0
    last = False
    while not last:
        last = ended.wait(POLL_S)
        if log.exists():
            with log.open("rb") as file:
                file.seek(position)
                output = file.read()
            position += len(output)
            watch.feed(output)


def execute(setup: Setup, command: str, output: BinaryIO, log: Path | None = None) -> int:
    """Boot, run shell commands (`;` separates them), write what they print to `output`.

    Returns the status of the last one. `log` keeps the console as it was."""
    setup = replace(setup, arguments={**setup.arguments, "exec": command})
    with Machine(setup) as machine:
        machine.start(log, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert machine.process is not None and machine.process.stdout is not None
        watch = PanicWatch(machine)
        held = b""
        # read1 returns what is there: progress shows while it is made.
        while part := machine.process.stdout.read1():  # type: ignore[attr-defined]
            watch.feed(part)
            part = held + part
            held = b"\r" if part.endswith(b"\r") else b""  # its newline may be still to come
            output.write(part.removesuffix(held).replace(b"\r\n", b"\n"))
            output.flush()
        output.write(held)
        return machine.wait()
