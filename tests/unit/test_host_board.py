"""Goal: a board.toml with one mistake is refused with a line that names it, and a good
one reaches C and make. Method: mutate a shipped file; look at what is written."""

import re
from pathlib import Path

import pytest

from polyphone import board as boards
from polyphone import paths
from polyphone.errors import UserError

GOOD = (paths.BOARDS / "virt_rv64" / "board.toml").read_text(encoding="utf-8")
FILE = Path("boards/virt_rv64/board.toml")


@pytest.mark.parametrize("name", boards.names())
def test_shipped_boards_are_valid(name: str) -> None:
    assert boards.load(name).name == name


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name = "virt_rv64"', 'name = "other"', "name is 'other', the folder 'virt_rv64'"),
        ('arch = "riscv"', "", "arch is missing"),
        ('arch = "riscv"', "arch = 5", "arch = 5 must be a text"),
        ("cores_max = 64", "cores_max = 65", "cores_max = 65 is not in 1..64"),
        ("cores_max = 64", "cores_max = true", "cores_max = True must be a number"),
        ("[console]", "[konsole]", "unknown section [konsole]"),
        ("uart = 0x1000_0000", "", "[console] uart is missing"),
        (
            "uart = 0x1000_0000",
            'uart = "0x10000000"',
            "[console] uart = '0x10000000' must be a num",
        ),
        ("interrupt = 10", "interrupt = -1", "[console] interrupt = -1 must not be negative"),
        ("interrupt = 10", "irq = 10", "[console] irq is unknown; known: driver, uart, interrupt"),
        (
            "ram = 0x8000_0000",
            "ram = 0x7fff_f000",
            "ram = 0x7ffff000 is not a multiple of 0x200000",
        ),
        ("boot_block = 0x801c_0000", "boot_block = 0x801c_0800", "is not a multiple of 0x1000"),
        ("image = 0x8000_0000", "image = 0x8000_0800", "is not a multiple of 0x1000"),
        ("image = 0x8000_0000", "image = 0x9000_0000", "must have ram <= image < boot_block"),
        ("large_page = 0x20_0000", "large_page = 0x30_0000", "must be a power of two"),
        ("sswi = 0x2f0_0000", 'sswi = "x"', "[devices] sswi = 'x' must be a number"),
        ('["-bios", "none"]', '["-bios", 1]', "[qemu] arguments = ['-bios', 1] must be a list of"),
        ("[devices]", "[devices", "at line"),
    ],
)
def test_a_mistake_is_named(before: str, after: str, message: str) -> None:
    assert before in GOOD
    with pytest.raises(UserError, match=re.escape(message)) as error:
        boards.parse(GOOD.replace(before, after), FILE)
    assert str(error.value).startswith(str(FILE))


def test_an_unknown_board_lists_those_there_are() -> None:
    with pytest.raises(UserError, match="no board 'toaster'; there are: .*virt_rv64"):
        boards.load("toaster")


def test_c_and_make_get_the_same_names() -> None:
    board = boards.load("virt_rv64")
    assert "#define BOARD_MEMORY_BOOT_BLOCK 0x801c0000\n" in boards.header(board)
    assert '#define BOARD_CONSOLE_DRIVER "ns16550"\n' in boards.header(board)
    assert "BOARD_MEMORY_BOOT_BLOCK := 0x801c0000\n" in boards.make_variables(board)
    assert "BOARD_COMPILER_FLAGS := -march=rv64gc " in boards.make_variables(board)


def test_unchanged_files_are_not_written(tmp_path: Path) -> None:
    board = boards.load("virt_rv64")
    boards.emit(board, tmp_path)
    before = (tmp_path / "board.h").stat().st_mtime_ns, (tmp_path / "board.mk").stat().st_mtime_ns
    boards.emit(board, tmp_path)
    after = (tmp_path / "board.h").stat().st_mtime_ns, (tmp_path / "board.mk").stat().st_mtime_ns
    assert before == after
