"""Adds functions, files and lines to the addresses of panic reports.

A report is what the kernel prints between `*** core 2 (generation 0) panic: ...`
and `*** end`. Only addresses inside the image's code are named; return addresses
on a stack are looked up one byte earlier, which is the call.
"""

import bisect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile

BEGIN = re.compile(r"\*\*\* core \d+ \(generation \d+\) panic: ")
END = re.compile(r"\*\*\* end\s*$")
# An address and the name before it.
NAMED = re.compile(r"(?:(?P<name>[a-z][\w.]*):?\s+)?0x(?P<address>[0-9a-f]+)\b", re.IGNORECASE)
EXECUTABLE = 0x4  # SHF_EXECINSTR
RETURN_REGISTERS = ("ra", "x30", "lr")


class Function(NamedTuple):
    start: int
    size: int  # 0: assembly without a size
    name: str


class Line(NamedTuple):
    start: int
    end: int
    file: str
    line: int


class Symbols:
    """Functions and lines of an ELF, read when first asked for."""

    def __init__(self, image: Path) -> None:
        with image.open("rb") as file:
            elf = ELFFile(file)
            self._code = [
                (section["sh_addr"], section["sh_addr"] + section["sh_size"])
                for section in elf.iter_sections()
                if section["sh_flags"] & EXECUTABLE
            ]
            self._functions = sorted(_functions(elf))
            self._ranges = elf.get_dwarf_info().get_aranges() if elf.has_dwarf_info() else None
        self._image = image
        self._lines: dict[int, list[Line]] = {}
        self._starts = [function.start for function in self._functions]

    def is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self._code)

    def function(self, address: int) -> Function | None:
        """The function that `address` is in."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0 or not self.is_code(address):
            return None
        found = self._functions[index]
        return found if not found.size or address < found.start + found.size else None

    def line(self, address: int) -> Line | None:
        """File and line of `address`, if the image has debug information for it."""
        lines = self._unit_lines(self._unit(address))
        index = bisect.bisect_right(lines, address, key=lambda line: line.start) - 1
        if index < 0 or address >= lines[index].end:
            return None
        return lines[index]

    def _unit(self, address: int) -> int | None:
        """Where the debug information of the compilation unit at `address` is."""
        if self._ranges is None:
            return None
        offset = self._ranges.cu_offset_at_addr(address)
        return None if offset is None else int(offset)

    def _unit_lines(self, offset: int | None) -> list[Line]:
        """The lines of a unit: reading all units takes seconds, and a report needs few."""
        if offset is None:
            return []
        if offset not in self._lines:
            with self._image.open("rb") as file:
                dwarf = ELFFile(file).get_dwarf_info()
                self._lines[offset] = sorted(_lines(dwarf, dwarf.get_CU_at(offset)))
        return self._lines[offset]

    def describe(self, address: int, is_return: bool = False) -> str | None:
        """`function+0x12 file.c:34`, or None if there is no code at `address`."""
        looked_up = address - 1 if is_return else address
        function = self.function(looked_up)
        if function is None:
            return None
        text = function.name
        if address != function.start:
            text += f"+{address - function.start:#x}"
        line = self.line(looked_up)
        return f"{text} {line.file}:{line.line}" if line else text


def _functions(elf: Any) -> Iterator[Function]:
    table = elf.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table else ():
        kind = symbol["st_info"]["type"]
        # Mapping symbols such as $x mark code and are no names; .L labels are local.
        if symbol.name and not symbol.name.startswith(("$", ".L")):
            if kind == "STT_FUNC" or (kind == "STT_NOTYPE" and _in_code(elf, symbol)):
                yield Function(symbol["st_value"], symbol["st_size"], symbol.name)


def _in_code(elf: Any, symbol: Any) -> bool:
    index = symbol["st_shndx"]
    return isinstance(index, int) and bool(elf.get_section(index)["sh_flags"] & EXECUTABLE)


def _lines(dwarf: Any, unit: Any) -> Iterator[Line]:
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    names = program["file_entry"]
    first = 0 if program["version"] >= 5 else 1
    before = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and before.address < state.address and before.line:
            file = names[before.file - first].name.decode(errors="replace")
            yield Line(before.address, state.address, file, before.line)
        before = None if state.end_sequence else state


def reports(text: str) -> list[str]:
    """The panic reports in a console log; one that was cut off goes to the log's end."""
    found: list[str] = []
    current: list[str] | None = None
    for line in text.splitlines():
        if BEGIN.search(line):
            if current:
                found.append("\n".join(current))
            current = []
        if current is not None:
            current.append(line)
            if END.search(line):
                found.append("\n".join(current))
                current = None
    if current:
        found.append("\n".join(current))
    return found


def annotate(text: str, symbols: Symbols) -> str:
    """`text` with a line for each address of code below the line that has it; in reports only."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        inside = inside or bool(BEGIN.search(line))
        lines.append(line)
        if inside:
            lines += _notes(line, symbols)
            inside = not END.search(line)
    return "\n".join(lines) + "\n" if lines else ""


def _notes(line: str, symbols: Symbols) -> Iterator[str]:
    on_stack = line.lstrip().startswith("stack:")
    for match in NAMED.finditer(line):
        address = int(match["address"], 16)
        name = "stack" if on_stack else match["name"] or ""
        text = symbols.describe(address, on_stack or name in RETURN_REGISTERS)
        if text:
            yield f"      {name:<8} {address:#x} {text}"
