"""Goal: system files mean what the README says, and a wrong one is told with line and reason.
Method: a corpus of files with one mistake each, whose first line is the error; good files."""

import json
import re
from pathlib import Path

import pytest

from polyphone import board as boards
from polyphone import paths, system
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import boot_block

CORPUS = Path(__file__).parent / "systems"
APPS = CORPUS / "apps"
MISTAKES = sorted(CORPUS.glob("*.toml"))
ERROR = "# error: "
MIB = 1 << 20


@pytest.mark.parametrize("file", MISTAKES, ids=[file.stem for file in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_the_reason(file: Path) -> None:
    expected = file.read_text(encoding="utf-8").splitlines()[0]
    assert expected.startswith(ERROR)
    with pytest.raises(UserError) as error:
        system.load(file, boards.load("virt_rv64"), APPS)
    assert str(error.value) == f"{file}:{expected.removeprefix(ERROR)}"


def test_the_corpus_is_large_enough() -> None:
    assert len(MISTAKES) >= 20


def test_a_file_with_everything_says_what_it_says(board: Board) -> None:
    found = system.load(CORPUS / "good" / "everything.toml", board, APPS)
    assert (found.cores, found.mem) == (3, 8 * MIB)
    assert found.arguments == {
        "restart": {"intensity": 0, "period_ms": 86_400_000},
        "programs": [
            {"cores": [0], "run": "programs.hello", "args": [], "heap": 0, "again": False},
            {"cores": [0, 1, 2], "run": "/rom/main.py", "args": [], "heap": 0, "again": False},
            {
                "cores": [2, 1],
                "run": "/rom/core2/main.py",
                "args": ["-n", "two words", "[[program]]", "core = 7"],
                "heap": 512 * 1024,
                "again": True,
            },
        ],
    }


def test_no_more_restarts_may_be_asked_for_than_are_counted() -> None:
    header = (paths.KERNEL / "cpu" / "core.h").read_text()
    kept = re.search(r"^#define PANICS_KEPT (\d+)u$", header, re.MULTILINE)
    assert kept and system.INTENSITY_MAX == int(kept[1]) - 1


def test_an_empty_file_and_none_mean_the_same(board: Board) -> None:
    empty = system.load(CORPUS / "good" / "nothing.toml", board)
    assert empty == system.load(None, board) == system.System(4, 16 * MIB, {})


def test_the_command_line_wins(board: Board) -> None:
    file = CORPUS / "good" / "everything.toml"
    found = system.load(file, board, APPS, cores=4, mem=2 * MIB)
    assert (found.cores, found.mem) == (4, 2 * MIB)
    assert found.arguments["programs"][1]["cores"] == [0, 1, 2, 3]
    with pytest.raises(UserError, match="core 2: the machine has cores 0..1"):
        system.load(file, board, APPS, cores=2)


@pytest.mark.parametrize("name", sorted(path.stem for path in system.SYSTEMS.glob("*.toml")))
def test_a_shipped_system_is_right_on_every_board(board: Board, name: str) -> None:
    system.load(system.find(name), board)


def test_files_are_found_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text("")
    monkeypatch.chdir(tmp_path)
    assert system.find("default") == system.SYSTEMS / "default.toml"
    assert system.find("own.toml") == Path("own.toml") and system.find(str(own)) == own
    with pytest.raises(UserError, match=r"no system 'defualt'; did you mean 'default'\?; there"):
        system.find("defualt")
    with pytest.raises(UserError, match="no system 'own'.*is named by its path"):
        system.find("own")
    with pytest.raises(UserError, match=r"there is no file 'other\.toml'"):
        system.find("other.toml")


def test_a_program_of_the_users_hides_one_of_the_kernels(board: Board, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[[program]]\ncore = 1\nrun = "hello"\n')

    def run() -> str:
        found = system.load(tmp_path / "s.toml", board, tmp_path)
        return str(found.arguments["programs"][0]["run"])

    assert run() == "programs.hello"
    (tmp_path / "hello.mpy").write_bytes(b"")
    assert run() == "/rom/hello.mpy"
    (tmp_path / "hello.py").write_bytes(b"")
    assert run() == "/rom/hello.py"


def test_a_file_that_is_no_text_is_one_line(board: Board, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"s\.toml: cannot be read: .*invalid start byte"):
        system.load(tmp_path / "s.toml", board)


def test_the_room_for_boot_arguments_is_the_bound(board: Board, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"

    def load(length: int) -> system.System:
        text = "x" * length
        file.write_text(f'[[program]]\ncore = 1\nrun = "hello"\nargs = ["{text}"]\n')
        return system.load(file, board)

    base = len(json.dumps(load(0).arguments, separators=(",", ":")))
    most = boot_block.ARGUMENTS_MAX
    assert load(most - base)
    with pytest.raises(UserError, match=f"take {most + 1} bytes of boot arguments.*for {most}"):
        load(most - base + 1)
