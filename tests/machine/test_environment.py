"""Goal: a machine runs whatever the user's environment, streams and folders are like.
Method: the command as users call it, with everything odd at once; its output is the same."""

import os
import subprocess
from pathlib import Path

import pytest

from polyphone import paths
from polyphone.board import Board

POLY = paths.BUILD / "venv" / "bin" / "poly"
TIMEOUT_S = 120
PROGRAM = "import poly\nprint('from', poly.core())\n"
THEIRS = {
    **{"CFLAGS": "-march=native", "LDFLAGS": "-lm", "PROG": "prog", "MAKEFLAGS": "n"},
    **{"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "LC_ALL": "C", "COLUMNS": "3"},
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose path is longer than a socket's may be, with all that shells and QEMU read."""
    folder = tmp_path / ("a" * 120) / 'it\'s "quoted", $HOME\\ \n;'
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("streams", ["", "<&-", "2>&-", "</dev/null 2>/dev/full"])
def test_a_program_runs_in_any_environment_with_any_folder(
    board: Board, odd: Path, streams: str
) -> None:
    (odd / "where.py").write_text(PROGRAM)
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(odd),
        **THEIRS,
    }  # and no HOME, no TERM
    ran = subprocess.run(
        ["bash", "-c", f'umask 077; "$@" {streams}', "bash", POLY, "exec", "--board", board.name,
         "--apps", odd, "run where @1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "[1] from 1\n"), ran.stderr
    assert [entry.name for entry in odd.iterdir()] == ["where.py"]  # nothing is left in TMPDIR


def test_a_panic_is_kept_wherever_temporary_files_are(board: Board, odd: Path) -> None:
    (odd / "end.py").write_text("import uctypes\nuctypes.bytearray_at(0, 4)[0] = 1\n")
    ran = subprocess.run(
        [POLY, "exec", "--board", board.name, "--apps", odd, "run end"],
        env={**os.environ, "TMPDIR": str(odd)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert ran.returncode != 0
    assert "with symbols:" in ran.stderr and "kept: " in ran.stderr


def test_a_tmpdir_that_does_not_exist_is_not_used(board: Board) -> None:
    ran = subprocess.run(
        [POLY, "exec", "--board", board.name, "run hello"],
        env={"PATH": os.environ["PATH"], "TMPDIR": "/no/such/folder"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert (ran.returncode, ran.stdout) == (0, "hello from core 0 of 4\n"), ran.stderr
