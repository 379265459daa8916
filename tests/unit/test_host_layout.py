"""Goal: nothing in physical RAM overlaps, and each bound that a user can hit is named
with its numbers. Method: all core counts; one wrong value at a time."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphone import board as boards
from polyphone import paths
from polyphone.errors import UserError
from polyphone.image import layout, romfs
from polyphone.machine.qemu import CORES_DEFAULT, MEM_DEFAULT

BOARD = boards.load("virt_rv64")
MIB = layout.MIB


@given(
    st.integers(1, 64),
    st.integers(1, 40).map(lambda pages: pages * 2 * MIB),
    st.integers(0, 50 * MIB),
    st.sampled_from(boards.names()),
)
def test_parts_follow_each_other(cores: int, mem: int, romfs_bytes: int, name: str) -> None:
    board = boards.load(name)
    plan = layout.plan(board, cores, mem, romfs_bytes)
    assert plan.boot_block + 16384 <= plan.romfs_base
    assert plan.romfs_base + romfs_bytes <= plan.shared_base
    assert plan.shared_base + plan.shared_bytes <= plan.private_base
    end = plan.private_base + cores * mem
    assert end + layout.SPARE_BYTES <= plan.ram_base + plan.ram_bytes
    assert plan.private_base % board.memory["large_page"] == 0
    assert plan.romfs_base % (2 * MIB if romfs_bytes >= 2 * MIB else 4096) == 0
    assert plan.shared_base % 4096 == 0
    assert plan.ram_bytes % MIB == 0


@pytest.mark.parametrize("name", boards.names())
def test_what_every_start_touches_first_lies_within_one_large_page(name: str) -> None:
    board = boards.load(name)
    plan = layout.plan(board, CORES_DEFAULT, MEM_DEFAULT, len(romfs.pack(None)))
    pairs = CORES_DEFAULT * (CORES_DEFAULT - 1) // 2
    control = CORES_DEFAULT * (layout.CONTROL_BYTES + layout.REPORT_BYTES)
    end = plan.shared_base + control + pairs * layout.MESH_BYTES
    page = board.memory["large_page"]
    assert board.memory["image"] // page == (end - 1) // page


@pytest.mark.parametrize(("cores", "mib"), [(1, 2), (2, 4), (4, 6), (8, 10), (9, 4), (64, 26)])
def test_shared_window_has_room_for_every_core_and_pair(cores: int, mib: int) -> None:
    assert layout.shared_bytes(cores) == mib * MIB


@pytest.mark.parametrize("cores", [0, 65, -1])
def test_core_counts_outside_the_board_are_refused(cores: int) -> None:
    with pytest.raises(UserError, match=f"CORES={cores}: virt_rv64 has 1 to 64 cores"):
        layout.plan(BOARD, cores, 16 * MIB, 0)


def test_a_board_may_have_fewer_cores() -> None:
    with pytest.raises(UserError, match="CORES=9: virt_rv64 has 1 to 8 cores"):
        layout.plan(replace(BOARD, cores_max=8), 9, 16 * MIB, 0)


@pytest.mark.parametrize(
    ("mem", "message"),
    [
        ("3M", "MEM=3M: a core's private RAM is a multiple of 2M on virt_rv64"),
        ("0", "MEM=0: a core's private RAM is 2M to 512M"),
        ("1G", "MEM=1G: a core's private RAM is 2M to 512M"),
    ],
)
def test_sizes_out_of_bounds_are_refused(mem: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        layout.plan(BOARD, 4, layout.parse_size(mem), 0)


@pytest.mark.parametrize(
    ("text", "count"), [("16M", 16 * MIB), ("512k", MIB // 2), ("1G", 1 << 30), ("4096", 4096)]
)
def test_sizes_are_read_and_written_back(text: str, count: int) -> None:
    assert layout.parse_size(text) == count
    assert layout.parse_size(layout.size_text(count)) == count


@pytest.mark.parametrize("text", ["", "M", "16 MB", "-2M", "1.5G", "x"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not a size; examples: 16M"):
        layout.parse_size(text)


def test_a_folder_too_large_for_its_window_is_refused() -> None:
    with pytest.raises(UserError, match="APPS: the packed folder takes .* the most is 128M"):
        layout.plan(BOARD, 4, 16 * MIB, 128 * MIB + 1)


def test_an_image_that_reaches_the_boot_block_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "big.s"
    source.write_text(".section .text\n.globl _start\n_start: .skip 0x900000, 1\n")
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    BOARD.image.parent.mkdir()
    subprocess.run(
        [
            "riscv64-unknown-elf-gcc",
            "-nostdlib",
            "-Wl,-Ttext=0x80000000",
            source,
            "-o",
            BOARD.image,
        ],
        check=True,
    )
    with pytest.raises(UserError, match=r"outside the image's place 0x80000000\.\.0x801c0000"):
        layout.check_image(BOARD)
