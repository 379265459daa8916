"""Where everything lies in a machine's physical RAM, and whether it fits.

From low to high: image, boot block, ROMFS, shared window, each core's private
RAM, and spare room at the end, where QEMU may put its device tree. What every start
of a few cores touches before their private RAM lies within the image's large page, if
the ROMFS is small: the host gives RAM in such pages, and clears each. Bounds that the
kernel's address space sets are read from kernel/cpu/layout.h.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from polyphone import paths
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image.boot_block import BLOCK_BYTES

KIB = 1 << 10
MIB = 1 << 20
PAGE_BYTES = 4 * KIB
SHARED_UNIT = 2 * MIB  # the shared window's length is a multiple; the arenas share the rest
CONTROL_BYTES = 4 * KIB  # per core: its control page
REPORT_BYTES = 8 * KIB  # per core: its panic report
MESH_BYTES = 4 * KIB  # per pair of cores: the channel of their monitors
ARENA_BYTES = 1 * MIB  # per core: regions it hands out
ARENA_BYTES_MANY = 256 * KIB  # the same where there are more than ARENA_CORES
ARENA_CORES = 8
MEM_MINIMUM = 2 * MIB
SPARE_BYTES = 4 * MIB


@dataclass(frozen=True)
class Layout:
    """Physical addresses and sizes in bytes."""

    ram_base: int
    ram_bytes: int
    boot_block: int
    romfs_base: int
    romfs_bytes: int
    shared_base: int
    shared_bytes: int
    private_base: int
    private_bytes: int  # per core


def parse_size(text: str) -> int:
    """Bytes of "16M", "512K", "1G" or a plain number. UserError for anything else."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text.strip().upper())
    if not match:
        raise UserError(f"'{text}' is not a size; examples: 16M, 512K, 1G")
    shift = {"": 0, "K": 10, "M": 20, "G": 30}[match.group(2)]
    return int(match.group(1)) << shift


def size_text(count: int) -> str:
    """A size as parse_size() takes it."""
    for shift, unit in ((30, "G"), (20, "M"), (10, "K")):
        if count and count % (1 << shift) == 0:
            return f"{count >> shift}{unit}"
    return str(count)


@cache
def kernel_bound(name: str) -> int:
    """A constant of kernel/cpu/layout.h."""
    text = (paths.KERNEL / "cpu" / "layout.h").read_text(encoding="utf-8")
    match = re.search(rf"^#define {name}\s+(0x[0-9A-Fa-f]+)", text, re.MULTILINE)
    if match is None:
        raise UserError(f"kernel/cpu/layout.h does not define {name} as a number")
    return int(match.group(1), 16)


def check_cores(board: Board, cores: int) -> None:
    if not 1 <= cores <= board.cores_max:
        raise UserError(f"CORES={cores}: {board.name} has 1 to {board.cores_max} cores")


def check_mem(board: Board, mem: int) -> None:
    """Check one core's private RAM."""
    page = board.memory["large_page"]
    most = kernel_bound("LAYOUT_PRIVATE_MAX")
    text = f"MEM={size_text(mem)}: a core's private RAM"
    if mem % page:
        raise UserError(f"{text} is a multiple of {size_text(page)} on {board.name}")
    if not MEM_MINIMUM <= mem <= most:
        raise UserError(f"{text} is {size_text(MEM_MINIMUM)} to {size_text(most)}")


def shared_bytes(cores: int) -> int:
    """Length of the shared window."""
    pairs = cores * (cores - 1) // 2
    arena = ARENA_BYTES if cores <= ARENA_CORES else ARENA_BYTES_MANY
    exact = cores * (CONTROL_BYTES + REPORT_BYTES) + pairs * MESH_BYTES + cores * arena
    return round_up(exact, SHARED_UNIT)


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def plan(board: Board, cores: int, mem: int, romfs_bytes: int) -> Layout:
    """The layout for so many cores with `mem` bytes each. UserError names a bound that is hit."""
    check_cores(board, cores)
    check_mem(board, mem)
    most = kernel_bound("LAYOUT_ROMFS_MAX")
    if romfs_bytes > most:
        raise UserError(
            f"APPS: the packed folder takes {romfs_bytes} bytes, the most is {size_text(most)}"
        )
    shared = shared_bytes(cores)
    if shared > kernel_bound("LAYOUT_SHARED_MAX"):
        most = kernel_bound("LAYOUT_SHARED_MAX")
        raise UserError(
            f"CORES={cores}: the shared window takes {size_text(shared)},"
            f" the most is {size_text(most)}"
        )
    boot_block = board.memory["boot_block"]
    large_page = board.memory["large_page"]
    # A long one is mapped by large pages, for which page tables have room.
    unit = large_page if romfs_bytes >= large_page else PAGE_BYTES
    romfs_base = round_up(boot_block + BLOCK_BYTES, unit)
    shared_base = round_up(romfs_base + romfs_bytes, PAGE_BYTES)
    private_base = round_up(shared_base + shared, large_page)
    end = round_up(private_base + cores * mem + SPARE_BYTES, MIB)
    return Layout(
        ram_base=board.memory["ram"],
        ram_bytes=end - board.memory["ram"],
        boot_block=boot_block,
        romfs_base=romfs_base,
        romfs_bytes=romfs_bytes,
        shared_base=shared_base,
        shared_bytes=shared,
        private_base=private_base,
        private_bytes=mem,
    )


def symbol(image: Path, name: str) -> int:
    """The address of a name of the linker script or of C."""
    return _symbols(image, image.stat().st_mtime_ns)[name]


@cache
def _symbols(image: Path, changed_ns: int) -> dict[str, int]:
    with image.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def check_image(board: Board) -> None:
    """The loaded parts of the ELF lie between [memory] image and boot_block."""
    start, bound = board.memory["image"], board.memory["boot_block"]
    with board.image.open("rb") as file:
        for segment in ELFFile(file).iter_segments():
            header = segment.header
            if header.p_type != "PT_LOAD" or not header.p_filesz:
                continue
            first, end = header.p_paddr, header.p_paddr + header.p_filesz
            if not start <= first <= end <= bound:
                raise UserError(
                    f"{board.image.name}: a segment at {first:#x}..{end:#x} is outside the image's"
                    f" place {start:#x}..{bound:#x} ([memory] of boards/{board.name}/board.toml)"
                )
