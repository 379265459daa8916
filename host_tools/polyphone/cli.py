"""The command line `poly`: thin, each subcommand calls a function that tests call too."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from polyphone import board as boards
from polyphone import build, hangup, process, streams, symbolize, system
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import layout
from polyphone.machine import terminal
from polyphone.machine.qemu import CORES_DEFAULT, MEM_DEFAULT, SEED_MAX, Mode, Setup

SECONDS_MAX = 10_000_000  # what waits of the host take


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="poly", description="Build and run Polyphone.")
    top.add_argument(
        "--end-with",
        metavar="PID",
        help="end when process PID does, which must have started this one (`make` uses it)",
    )
    board = argparse.ArgumentParser(add_help=False)
    board.add_argument("--board", default="virt_rv64", help="one of: " + ", ".join(boards.names()))
    machine = argparse.ArgumentParser(add_help=False, parents=[board])
    machine.add_argument(
        "--system",
        help="a system file: what runs where; its name in kernel/systems, or a path to a .toml",
    )
    machine.add_argument(
        "--cores", help=f"how many cores (default: as the system file says, else {CORES_DEFAULT})"
    )
    machine.add_argument(
        "--mem",
        help="private RAM of each core (default: as the system file says, else"
        f" {layout.size_text(MEM_DEFAULT)})",
    )
    machine.add_argument("--apps", help="folder that the cores see as /rom")
    machine.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.STRESS.value,
        help="stress: cores run at once; single: in turns; exact: in turns, repeatable",
    )
    machine.add_argument(
        "--seed", help="delay each core here and there, at random from this number"
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = commands.add_parser
    build_ = add("build", parents=[board], help="build the kernel image")
    build_.add_argument(
        "--protection",
        choices=["on", "off"],
        default="on",
        help="off: page tables allow everything, for tests (build/BOARD-unprotected)",
    )
    add("run", parents=[machine], help="a shell on this terminal")
    exec_ = add("exec", parents=[machine], help="boot, run shell commands, print their output")
    exec_.add_argument(
        "line",
        metavar="CMD",
        nargs="?",
        default="",
        help="shell commands, separated by ; (default with a system file: wait)",
    )
    exec_.add_argument(
        "--timeout",
        metavar="S",
        help="end the machine after so many seconds, with status 124 and where each core stands",
    )
    add("debug", parents=[machine], help="as run, halted until gdb attaches")
    repl = add("repl", parents=[board], help="attach to the Python prompt of a core")
    repl.add_argument("--core", default="0", help="which (default %(default)s)")
    repl.add_argument("--machine", help="of which machine, if several of the board run")
    suite = add("test-upstream", parents=[board], help="MicroPython's own tests on cores")
    suite.add_argument("--test-cores", default="0,3", help="on which (default %(default)s)")
    bench = add("bench", parents=[board], help="measure")
    bench.add_argument(
        "--profile",
        metavar="PROGRAM",
        help="where a round's instructions go, by function: a program of the benches with its"
        " arguments, all but the last, which is the count of rounds: 'rpc_one.py UMP'",
    )
    report = add("symbolize", parents=[board], help="name the addresses in a panic report")
    report.add_argument("log", type=Path, help="a console log, - for standard input")
    report.add_argument("--elf", type=Path, help="the image (default: the board's)")
    fresh = add("test-fresh", help="the tests on a Debian that has nothing yet")
    fresh.add_argument("suite", metavar="SUITE", help="Debian's release: bookworm or trixie")
    fresh.add_argument("tests", nargs="*", metavar="TESTS", help="only these (default: all)")
    add_idl_options(add("idl", help="check, describe, format or compile interface files"))
    return top


def add_idl_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="interface files")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only look for mistakes (default)")
    what.add_argument("--describe", action="store_true", help="print the wire layout as a table")
    what.add_argument("--format", action="store_true", help="print in canonical format")
    what.add_argument("-o", dest="folder", type=Path, metavar="DIR",
                      help="write a Python module for each file")  # fmt: skip
    command.add_argument("--types", nargs="+", type=Path, default=[], metavar="FILE",
                         help="files whose types all others may use")  # fmt: skip
    command.add_argument("--quiet", action="store_true", help="do not print warnings")


def setup(options: argparse.Namespace) -> Setup:
    """The machine that the options describe."""
    # All is checked here, before a build that may take a while.
    board = boards.load(options.board)
    cores = None if options.cores is None else whole_number("CORES", options.cores)
    mem = None if options.mem is None else layout.parse_size(options.mem)
    seed = None if options.seed is None else whole_number("SEED", options.seed)
    if seed is not None and not 1 <= seed <= SEED_MAX:
        raise UserError(f"SEED={seed}: a seed is 1 to {SEED_MAX}")
    if cores is not None:
        layout.check_cores(board, cores)
    if mem is not None:
        layout.check_mem(board, mem)
    if options.apps is not None and not os.path.isdir(options.apps):
        raise UserError(f"APPS: '{options.apps}' is not a folder")
    apps = None if options.apps is None else Path(options.apps)
    file = None if options.system is None else system.find(options.system)
    found = system.load(file, board, apps, cores, mem)
    return Setup(
        board=board,
        cores=found.cores,
        mem=found.mem,
        apps=apps,
        system=file,
        mode=Mode(options.mode),
        seed=seed,
        arguments=found.arguments,
    )


def whole_number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise UserError(f"{name}={text} is not a number")
    return int(text)


def check_utf8(name: str, text: str) -> None:
    """UserError if it has bytes that are not UTF-8, which Python keeps as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) & 0xFF
        raise UserError(f"{name}={ascii(text)}: byte {byte:#x} is not UTF-8") from None


def seconds(name: str, text: str) -> float:
    """UserError unless it is a number of them, above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= SECONDS_MAX:
        raise UserError(f"{name}={text} is no number of seconds from above 0 to {SECONDS_MAX:,}")
    return number


def run_command(options: argparse.Namespace) -> int:
    """Do what the options say; the exit status."""
    if options.command == "symbolize":
        return symbolize_log(options)
    if options.command == "idl":
        from polyphone.idl import command  # a third of a start's time

        return command.main(options)
    if options.command == "test-upstream":
        return test_upstream(boards.load(options.board), options.test_cores)
    if options.command == "test-fresh":
        from polyphone import fresh

        return fresh.main(options.suite, options.tests)
    if options.command == "repl":
        number = None if options.machine is None else whole_number("MACHINE", options.machine)
        core = whole_number("CORE", options.core)
        return terminal.repl(boards.load(options.board), core, number)
    if options.command in ("build", "bench"):
        board = boards.load(options.board)
        if options.command == "build":
            build.unprotected(board) if options.protection == "off" else build.build(board)
            return 0
        build.build(board)
        from polyphone import bench

        if options.profile is not None:
            return bench.profile(board, options.profile)
        return bench.main(board)
    chosen = setup(options)
    timeout_s = None
    if options.command == "exec" and options.timeout is not None:
        timeout_s = seconds("TIMEOUT", options.timeout)
    if options.command == "debug":
        return terminal.debug(replace(chosen, board=build.link(chosen.board)))
    if options.command == "exec":
        line = options.line.strip() or ("wait" if chosen.system else "")
        if not line:
            raise UserError("no command to run; example: make exec CMD=cores")
        check_utf8("CMD", line)
        build.build(chosen.board)
        return terminal.execute(chosen, line, sys.stdout.buffer, source=0, timeout_s=timeout_s)
    build.build(chosen.board)
    return terminal.run(chosen)


def test_upstream(board: Board, words: str) -> int:
    """MicroPython's tests on the cores that "0,3" names."""
    from polyphone.machine import suite

    cores = words.split(",")
    if not all(core.isdecimal() and int(core) < suite.CORES for core in cores):
        raise UserError(f"TEST_CORES={words}: cores 0 to {suite.CORES - 1}, commas between")
    build.build(board)
    return suite.main(board, [int(core) for core in cores])


def symbolize_log(options: argparse.Namespace) -> int:
    image = options.elf or boards.load(options.board).image
    if not image.exists():
        raise UserError(f"there is no image {image}")
    if str(options.log) == "-":
        text = sys.stdin.read()
    elif options.log.is_file():
        text = options.log.read_text(encoding="utf-8", errors="replace")
    else:
        raise UserError(f"there is no log {options.log}")
    sys.stdout.write(symbolize.annotate(text, symbolize.Symbols(image)))
    return 0


def main() -> int:
    streams.forgive_stderr()
    options = parser().parse_args()
    try:
        with process.ending_on_signals(), hangup.ending_with_terminal():
            if options.end_with is not None:
                process.end_with(whole_number("--end-with", options.end_with))
            status = run_command(options)
            sys.stdout.flush()
            return status
    except UserError as error:
        print(f"poly: {error}", file=sys.stderr)
        return 2
    except process.Signalled as signalled:
        return 128 + signalled.number
    except BrokenPipeError:
        streams.forget_output()  # who read it went away
        return 141
    except OSError as error:
        if error.errno not in streams.HOST_ERRORS:
            raise
        print(f"poly: {error if error.filename else f'standard output: {error}'}", file=sys.stderr)
        streams.forget_output()
        return 2


if __name__ == "__main__":
    sys.exit(main())
