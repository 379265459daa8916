"""A board: its `board.toml` read, checked, and flattened for C and make.

`board.toml` is the only place with addresses. `python -m polyphone.board BOARD
FOLDER` writes FOLDER/board.h and FOLDER/board.mk, where [memory] ram becomes
BOARD_MEMORY_RAM in both. A file whose content stays the same is not touched,
so that make sees no change.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyphone import paths
from polyphone.errors import UserError

Value = int | str | list[str]

PAGE_BYTES = 4096

# Section -> key -> type; "" is the top level. Keys of [devices] and [timer] are
# the architecture's own: any name, always a number.
REQUIRED: dict[str, dict[str, type]] = {
    "": {"name": str, "arch": str, "cores_max": int},
    "qemu": {"system": str, "machine": str, "cpu": str, "arguments": list},
    "compiler": {"prefix": str, "flags": list},
    "memory": {"ram": int, "image": int, "boot_block": int, "large_page": int},
    "console": {"driver": str, "uart": int, "interrupt": int},
    "virtio": {"base": int, "stride": int, "slots": int, "interrupt": int},
    "devices": {},
}
OPTIONAL: dict[str, dict[str, type]] = {"timer": {}}
OPEN_SECTIONS = ("devices", "timer")
TYPE_NAMES = {int: "a number", str: "a text", list: "a list of texts"}


@dataclass(frozen=True)
class Board:
    """What `board.toml` says, by section, and which kernel is meant; only checked boards exist."""

    name: str
    arch: str
    cores_max: int
    qemu: dict[str, Any]
    compiler: dict[str, Any]
    memory: dict[str, int]
    console: dict[str, Any]
    virtio: dict[str, int]
    devices: dict[str, int]
    timer: dict[str, int]
    linked: bool = False  # the kernel as it was linked: see build.link()

    @property
    def image(self) -> Path:
        """The kernel: exists once the board has been built."""
        return paths.board_build(self.name) / ("linked.elf" if self.linked else "image.elf")

    def console_slot(self, core: int) -> int | None:
        """The virtio slot of a core's own console; None: all are taken by lower cores.

        Neighbours get slots in different pages, as far as there are pages: a core
        can reach the whole page of its device (kernel/cpu/virtio_console.h)."""
        in_page = PAGE_BYTES // self.virtio["stride"]
        pages = self.virtio["slots"] // in_page
        slot = core % pages * in_page + core // pages
        return slot if core < self.virtio["slots"] else None


def names() -> list[str]:
    """The boards there are."""
    return sorted(path.parent.name for path in paths.BOARDS.glob("*/board.toml"))


def load(board_name: str) -> Board:
    """The board of that name. UserError if there is none or its file is wrong."""
    file = paths.BOARDS / board_name / "board.toml"
    if not file.is_file():
        raise UserError(f"no board '{board_name}'; there are: {', '.join(names())}")
    return parse(file.read_text(encoding="utf-8"), file)


def parse(text: str, file: Path) -> Board:
    """Check the text of a `board.toml`; `file` names it in errors and gives the board's name."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file}: {error}") from None
    top = {key: value for key, value in document.items() if not isinstance(value, dict)}
    sections = {"": top} | {
        key: value for key, value in document.items() if isinstance(value, dict)
    }
    known = REQUIRED | OPTIONAL
    for section in sections:
        if section not in known:
            raise UserError(f"{file}: unknown section [{section}]")
    for section, keys in known.items():
        if section not in sections:
            if section in REQUIRED:
                raise UserError(f"{file}: section [{section}] is missing")
            sections[section] = {}
        _check_section(file, section, keys, sections[section])
    if top["name"] != file.parent.name:
        raise UserError(f"{file}: name is '{top['name']}', the folder '{file.parent.name}'")
    _check_values(file, sections)
    values: dict[str, Any] = top | {key: value for key, value in sections.items() if key}
    return Board(**values)


def _check_section(
    file: Path, section: str, keys: dict[str, type], values: dict[str, Any]
) -> None:
    where = f"[{section}] " if section else ""
    for key in values:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise UserError(f"{file}: {where}{key}: names have the form 'boot_block'")
        if key not in keys and section not in OPEN_SECTIONS:
            raise UserError(f"{file}: {where}{key} is unknown; known: {', '.join(keys)}")
    for key in keys:
        if key not in values:
            raise UserError(f"{file}: {where}{key} is missing")
    for key, value in values.items():
        kind = keys.get(key, int)
        right = isinstance(value, kind) and not isinstance(value, bool)
        if kind is list and right:
            right = all(isinstance(item, str) for item in value)
        if not right:
            raise UserError(f"{file}: {where}{key} = {value!r} must be {TYPE_NAMES[kind]}")
        if kind is int and value < 0:
            raise UserError(f"{file}: {where}{key} = {value} must not be negative")


def _check_values(file: Path, sections: dict[str, dict[str, Any]]) -> None:
    memory = sections["memory"]
    page = memory["large_page"]
    if page < 4096 or page & (page - 1):
        raise UserError(f"{file}: [memory] large_page = {page:#x} must be a power of two >= 4096")
    if not memory["ram"] <= memory["image"] < memory["boot_block"]:
        raise UserError(f"{file}: [memory] must have ram <= image < boot_block")
    for key, unit in {"ram": page, "image": PAGE_BYTES, "boot_block": PAGE_BYTES}.items():
        if memory[key] % unit:
            raise UserError(
                f"{file}: [memory] {key} = {memory[key]:#x} is not a multiple of {unit:#x}"
            )
    virtio = sections["virtio"]
    if virtio["base"] % PAGE_BYTES or virtio["stride"] not in (0x200, 0x400, 0x800, PAGE_BYTES):
        raise UserError(f"{file}: [virtio] must begin at a page, with slots that divide a page")
    if virtio["slots"] * virtio["stride"] % PAGE_BYTES:
        raise UserError(f"{file}: [virtio] slots = {virtio['slots']} must fill whole pages")
    if not 1 <= sections[""]["cores_max"] <= 64:
        raise UserError(f"{file}: cores_max = {sections['']['cores_max']} is not in 1..64")


def _flat(board: Board) -> Iterator[tuple[str, Value]]:
    yield "BOARD_NAME", board.name
    yield "BOARD_ARCH", board.arch
    yield "BOARD_CORES_MAX", board.cores_max
    for section in ("qemu", "compiler", "memory", "console", "virtio", "timer", "devices"):
        for key, value in getattr(board, section).items():
            yield f"BOARD_{section}_{key}".upper(), value


def header(board: Board) -> str:
    """board.h: numbers for C, assembly and the linker script alike, texts for C."""
    lines = [f"/* Generated from boards/{board.name}/board.toml */"]
    for name, value in _flat(board):
        if isinstance(value, int):
            lines.append(f"#define {name} {value:#x}")
        elif isinstance(value, str):
            lines.append(f'#define {name} "{value}"')
    return "\n".join(lines) + "\n"


def make_variables(board: Board) -> str:
    """board.mk: the same names for make."""
    lines = [f"# Generated from boards/{board.name}/board.toml"]
    for name, value in _flat(board):
        text = " ".join(value) if isinstance(value, list) else value
        lines.append(f"{name} := {text:#x}" if isinstance(text, int) else f"{name} := {text}")
    return "\n".join(lines) + "\n"


def write_if_changed(file: Path, text: str) -> bool:
    """Write `text`, unless the file has it already. Returns whether it was written."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.write_text(text, encoding="utf-8")
    return True


def emit(board: Board, folder: Path) -> None:
    """Write board.h and board.mk into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_if_changed(folder / "board.h", header(board))
    write_if_changed(folder / "board.mk", make_variables(board))


def main() -> int:
    parser = argparse.ArgumentParser(description="Write board.h and board.mk of a board.")
    parser.add_argument("board", help=f"one of: {', '.join(names())}")
    parser.add_argument("folder", type=Path, help="where to write them")
    options = parser.parse_args()
    try:
        emit(load(options.board), options.folder)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
