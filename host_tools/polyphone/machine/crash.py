"""Crash files: what there is to know of a panic, kept under build/<board>/crash/.

A file has the command that starts the same machine, the report with functions, files
and lines, where every core stood when the report was seen, and all registers.
"""

import re
import time
from pathlib import Path

from polyphone import paths, symbolize
from polyphone.machine.qemu import Machine

KEPT = 100  # files of a board; the oldest go
PROGRAM_COUNTER = re.compile(r"\bpc[ =]+([0-9a-f]{8,16})\b", re.IGNORECASE)  # as QEMU prints it


def folder(board_name: str) -> Path:
    return paths.board_build(board_name) / "crash"


def places(registers: str, symbols: symbolize.Symbols) -> list[str]:
    """Where in the code each core is, by QEMU's `info registers -a`."""
    found = [int(match[1], 16) for match in PROGRAM_COUNTER.finditer(registers)]
    return [
        f"core {core}: {place:#x} {symbols.describe(place) or ''}".rstrip()
        for core, place in enumerate(found)
    ]


def _new_file(target: Path, ending: str) -> Path:
    """An empty file that no other machine writes, named after the time."""
    while True:
        stamp = time.strftime("%Y%m%d-%H%M%S") + f"-{time.time_ns() % 10**9 // 1000:06d}"
        file = target / f"{stamp}-{ending}.txt"
        try:
            file.touch(exist_ok=False)
            return file
        except FileExistsError:
            pass  # two in one microsecond


def stand(machine: Machine) -> list[str]:
    """Where every core stands just now, and its registers, as lines."""
    registers = _registers(machine)
    return _standing(registers, symbolize.Symbols(machine.setup.board.image))


def _registers(machine: Machine) -> str:
    if not machine.running():
        return "not known: the machine has ended"
    try:
        return machine.registers()
    except Exception as error:  # it ends just now, or hangs: there is more to tell
        return f"not known: {error!r}"


def _standing(registers: str, symbols: symbolize.Symbols) -> list[str]:
    cores = places(registers, symbols) or [registers]
    return ["where each core stood:", *cores, "", "registers:", registers.rstrip()]


def keep(machine: Machine, report: str) -> tuple[Path, str]:
    """Write the crash file of a report; the file, and the report with symbols."""
    registers = _registers(machine)  # at once: the cores go on
    symbols = symbolize.Symbols(machine.setup.board.image)
    standing = _standing(registers, symbols)
    report = symbolize.annotate(report, symbols)
    parts = [f"machine: {machine.reproduction()}", "", report.rstrip(), "", *standing, ""]
    target = folder(machine.setup.board.name)
    target.mkdir(parents=True, exist_ok=True)
    number = re.search(r"core (\d+)", report)
    file = _new_file(target, f"core{number[1] if number else ''}")
    file.write_text("\n".join(parts), encoding="utf-8")
    for old in sorted(target.glob("*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return file, report
