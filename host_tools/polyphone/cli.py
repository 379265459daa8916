"""The command line `poly`: thin, each subcommand calls a function that tests call too."""

import argparse
import os
import sys
from pathlib import Path

from polyphone import board as boards
from polyphone import symbolize
from polyphone.errors import UserError
from polyphone.idl import command as idl
from polyphone.image import build, layout
from polyphone.machine import terminal
from polyphone.machine.qemu import MEM_DEFAULT, Mode, Setup


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="poly", description="Build and run Polyphone.")
    board = argparse.ArgumentParser(add_help=False)
    board.add_argument("--board", default="virt_rv64", help="one of: " + ", ".join(boards.names()))
    machine = argparse.ArgumentParser(add_help=False, parents=[board])
    machine.add_argument("--cores", default="4", help="how many cores (default 4)")
    machine.add_argument(
        "--mem",
        default=layout.size_text(MEM_DEFAULT),
        help="private RAM of each core (default %(default)s)",
    )
    machine.add_argument("--apps", type=Path, help="folder that the cores see as /rom")
    machine.add_argument(
        "--mode",
        choices=[mode.value for mode in Mode],
        default=Mode.STRESS.value,
        help="stress: cores run at once; single: in turns; exact: in turns, repeatable",
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
    exec_.add_argument("line", metavar="CMD", help="shell commands, separated by ;")
    add("debug", parents=[machine], help="as run, halted until gdb attaches")
    add("bench", parents=[board], help="measure")
    report = add("symbolize", parents=[board], help="name the addresses in a panic report")
    report.add_argument("log", type=Path, help="a console log, - for standard input")
    report.add_argument("--elf", type=Path, help="the image (default: the board's)")
    idl.add_options(add("idl", help="check, describe, format or compile interface files"))
    return top


def setup(options: argparse.Namespace) -> Setup:
    """The machine that the options describe."""
    if not options.cores.isdecimal():
        raise UserError(f"CORES={options.cores} is not a number")
    chosen = Setup(
        board=boards.load(options.board),
        cores=int(options.cores),
        mem=layout.parse_size(options.mem),
        apps=options.apps,
        mode=Mode(options.mode),
    )
    # Before a build that may take a while.
    layout.check_cores(chosen.board, chosen.cores)
    layout.check_mem(chosen.board, chosen.mem)
    if chosen.apps is not None and not chosen.apps.is_dir():
        raise UserError(f"APPS: '{chosen.apps}' is not a folder")
    return chosen


def run_command(options: argparse.Namespace) -> int:
    """Do what the options say; the exit status."""
    if options.command == "symbolize":
        return symbolize_log(options)
    if options.command == "idl":
        return idl.main(options)
    if options.command in ("build", "bench"):
        board = boards.load(options.board)
        if options.command == "build":
            build.unprotected(board) if options.protection == "off" else build.build(board)
            return 0
        build.build(board)
        from polyphone import bench

        return int(bench.main(board) or 0)
    chosen = setup(options)
    build.build(chosen.board)
    if options.command == "exec":
        if not options.line.strip():
            raise UserError("no command to run; example: make exec CMD=cores")
        return terminal.execute(chosen, options.line, sys.stdout.buffer)
    return terminal.debug(chosen) if options.command == "debug" else terminal.run(chosen)


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
    options = parser().parse_args()
    try:
        return run_command(options)
    except UserError as error:
        print(f"poly: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who read our output went away; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
