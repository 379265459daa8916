"""Where a machine's files are: nothing of it that two machines would both use, and nothing
that stays behind.

    Folder()              of one machine or measurement; below build/machines
    Names.take(board)     of a machine that a person sees: console links, log. Machine 1 of a
                          board has the names that the README tells, 2 the same with -2, ...
    running(board)        the numbers of those that run

Each is locked by its owner for as long as that lives, so who was killed is found by the
lock that it does not hold, and cleared away by whoever comes next.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from polyphone import paths, process

MACHINES_MAX = 99  # of one board in one checkout


class Folder:
    """A folder of one's own, gone with its owner, or at the next one's start."""

    def __init__(self) -> None:
        parent = paths.BUILD / "machines"
        parent.mkdir(parents=True, exist_ok=True)
        with process.held(parent / "lock"):  # nobody takes one for dead that has no lock yet
            _clear(parent)
            self._temporary = tempfile.TemporaryDirectory(dir=parent, prefix="")
            self.path = Path(self._temporary.name)
            self._lock = process.try_hold(self.path)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *error: object) -> None:
        self.remove()

    def remove(self) -> None:
        """May be called again."""
        self._temporary.cleanup()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _clear(parent: Path) -> None:
    """Remove the folders of machines that were killed."""
    for folder in parent.iterdir():
        if folder.is_dir():
            lock = process.try_hold(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


@dataclass(frozen=True)
class Names:
    """What a machine that a person sees has for itself, until release()."""

    number: int
    consoles: Path  # the folder of links to its cores' own consoles
    log: Path  # of the shell's console
    lock: int

    @classmethod
    def take(cls, board_name: str) -> "Names":
        """The lowest that are free. What dead machines left there is removed."""
        parent = paths.board_build(board_name)
        parent.mkdir(parents=True, exist_ok=True)
        with process.held(parent / "names.lock"):
            for number in range(1, MACHINES_MAX + 1):
                folder = consoles(board_name, number)
                folder.mkdir(exist_ok=True)
                lock = process.try_hold(folder)
                if lock is not None:
                    _clear_links(board_name)
                    _unlink_all(folder)
                    log = parent / f"console{_ending(number)}.log"
                    log.unlink(missing_ok=True)
                    return cls(number, folder, log, lock)
        raise AssertionError(f"{MACHINES_MAX} machines of {board_name} run")

    def release(self) -> None:
        _unlink_all(self.consoles)
        os.close(self.lock)


def consoles(board_name: str, number: int) -> Path:
    """The folder of links to the consoles of a board's machine `number`."""
    return paths.board_build(board_name) / f"console{_ending(number)}"


def running(board_name: str) -> list[int]:
    """The numbers of the machines that run, of those that have names."""
    parent = paths.board_build(board_name)
    if not parent.is_dir():
        return []
    with process.held(parent / "names.lock"):  # whoever takes a name just now finds it free
        known = _known(board_name)
        return [number for number in known if not _is_dead(consoles(board_name, number))]


def _ending(number: int) -> str:
    return f"-{number}" if number > 1 else ""


def _known(board_name: str) -> list[int]:
    return [n for n in range(1, MACHINES_MAX + 1) if consoles(board_name, n).is_dir()]


def _is_dead(folder: Path) -> bool:
    lock = process.try_hold(folder)
    if lock is None:
        return False
    os.close(lock)
    return True


def _clear_links(board_name: str) -> None:
    """Remove the links of machines that were killed: their terminals may be others' by now."""
    for number in _known(board_name):
        folder = consoles(board_name, number)
        if _is_dead(folder):
            _unlink_all(folder)


def _unlink_all(folder: Path) -> None:
    for link in folder.glob("core*"):
        link.unlink(missing_ok=True)
