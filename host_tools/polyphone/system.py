"""System files: which programs a machine starts, on which cores, with what.

    cores = 4                    # the command line's --cores and --mem come first
    mem = "16M"

    [restart]                    # how often a core may fail before it is left alone
    intensity = 3
    period_s = 10

    [[program]]
    core = 2                     # or [1, 2], or "all"
    run = "wordcount"            # as the shell's `run` finds it
    args = ["/rom/text.md"]
    heap = "1M"                  # bound of the core's heap while it runs
    restart = "always"           # again whenever the core was restarted; or "never"

All is checked here, before a machine starts: an error names file, line, reason and
bound. What is left goes to the cores as boot arguments, for kernel/poly/startup.py.
"""

import ast
import json
import posixpath
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from polyphone import paths
from polyphone.board import Board
from polyphone.errors import UserError, similar
from polyphone.image import boot_block, layout
from polyphone.machine.qemu import CORES_DEFAULT, MEM_DEFAULT

SYSTEMS = paths.KERNEL / "systems"
HEAP_MIN = 256 * 1024  # the kernel's own part, and something to run in
INTENSITY_MAX = 15  # one less than PANICS_KEPT in kernel/cpu/core.h: more are not counted
PERIOD_S_MAX = 24 * 3600
ALL = "all"
RESTART = {"never": False, "always": True}
KEYS = {
    "": ("cores", "mem", "restart", "program"),
    "restart": ("intensity", "period_s"),
    "program": ("core", "run", "args", "heap", "restart"),
}
DECODE_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
Place = tuple[str | int, ...]  # keys and numbers that lead to a value


@dataclass(frozen=True)
class System:
    """What a system file asks for, checked against the machine that it describes."""

    cores: int
    mem: int
    arguments: dict[str, Any]  # boot arguments


def find(name: str) -> Path:
    """The file that SYSTEM names: one of kernel/systems, or a path with `/` or `.toml` in it."""
    if "/" in name or name.endswith(".toml"):
        if not Path(name).is_file():
            raise UserError(f"SYSTEM: there is no file '{name}'")
        return Path(name)
    file = SYSTEMS / f"{name}.toml"
    if not file.is_file():
        known = sorted(path.stem for path in SYSTEMS.glob("*.toml"))
        raise UserError(
            f"SYSTEM: no system '{name}'{meant(name, known)}; there are: {', '.join(known)};"
            " a file of your own is named by its path"
        )
    return file


def load(
    file: Path | None, board: Board, apps: Path | None = None, cores: int | None = None,
    mem: int | None = None,
) -> System:  # fmt: skip
    """Read and check a system file; `cores` and `mem` are the command line's, which wins.

    Without a file: nothing starts by itself."""
    if file is None:
        return System(cores or CORES_DEFAULT, mem or MEM_DEFAULT, {})
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read: {error}") from None
    return _Reader(file, text, board, apps).machine(cores, mem)


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing."""
    hint = similar(word, known)
    return f"; {hint}" if hint else ""


def line_of(text: str, place: Place) -> int:
    """The line, from 1, where the value at `place` begins.

    tomllib keeps no positions, but the text up to some line is a document of its own:
    the first such document that has the value ends with the value, and the one before it
    ends right before the value's line."""
    lines = text.splitlines(keepends=True)
    before = 0
    for count in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _has(document, place):
            return before + 1
        before = count
    return max(1, len(lines))


def _has(value: Any, place: Place) -> bool:
    for key in place:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


class _Reader:
    def __init__(self, file: Path, text: str, board: Board, apps: Path | None) -> None:
        self.file = file
        self.text = text
        self.board = board
        self.apps = apps

    def wrong(self, place: Place, reason: str) -> NoReturn:
        raise UserError(f"{self.file}:{line_of(self.text, place)}: {reason}")

    def machine(self, cores: int | None, mem: int | None) -> System:
        document = self.document()
        self.check_keys(document, "", ())
        in_file = self.number(document, "cores", (), 1, self.board.cores_max)
        self.cores = cores or in_file or CORES_DEFAULT
        self.mem = mem or self.memory(document) or MEM_DEFAULT
        arguments: dict[str, Any] = {}
        if "restart" in document:
            arguments["restart"] = self.restart(document["restart"])
        if "program" in document:
            arguments["programs"] = self.programs(document["program"])
        size = len(json.dumps(arguments, ensure_ascii=False, separators=(",", ":")).encode())
        if size > boot_block.ARGUMENTS_MAX:
            raise UserError(
                f"{self.file}: its programs take {size} bytes of boot arguments,"
                f" there is room for {boot_block.ARGUMENTS_MAX}"
            )
        return System(self.cores, self.mem, arguments)

    def document(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = DECODE_PLACE.search(str(error))
            line = found and found[1] or len(self.text.splitlines())
            reason = str(error)[: found.start()] if found else str(error)
            raise UserError(f"{self.file}:{line}: not TOML: {reason}") from None

    def check_keys(self, table: Any, section: str, place: Place) -> None:
        for key in table:
            if key not in KEYS[section]:
                where = {"": "", "program": "[[program]]: ", "restart": "[restart]: "}[section]
                self.wrong(
                    (*place, key),
                    f"{where}'{key}' is unknown{meant(key, KEYS[section])};"
                    f" known: {', '.join(KEYS[section])}",
                )

    def number(
        self, table: dict[str, Any], key: str, place: Place, least: int, most: int
    ) -> int | None:
        if key not in table:
            return None
        value = table[key]
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong((*place, key), f"{key} = {shown(value)} must be a whole number")
        if not least <= value <= most:
            self.wrong((*place, key), f"{key} = {value}: it is {least} to {most}")
        return value

    def size(self, table: dict[str, Any], key: str, place: Place) -> int | None:
        if key not in table:
            return None
        value = table[key]
        if not isinstance(value, str):
            self.wrong((*place, key), f'{key} = {shown(value)} must be a size; example: "1M"')
        try:
            return layout.parse_size(value)
        except UserError as error:
            self.wrong((*place, key), f"{key}: {error}")

    def memory(self, document: dict[str, Any]) -> int | None:
        size = self.size(document, "mem", ())
        if size is not None:
            try:
                layout.check_mem(self.board, size)
            except UserError as error:
                self.wrong(("mem",), str(error).replace("MEM=", "mem = ", 1))
        return size

    def restart(self, table: Any) -> dict[str, int]:
        place = ("restart",)
        if not isinstance(table, dict):
            self.wrong(place, "restart must be a section: [restart]")
        self.check_keys(table, "restart", place)
        intensity = self.number(table, "intensity", place, 0, INTENSITY_MAX)
        period_s = self.number(table, "period_s", place, 1, PERIOD_S_MAX)
        for key, value in (("intensity", intensity), ("period_s", period_s)):
            if value is None:
                self.wrong(place, f"[restart]: {key} is missing")
        assert intensity is not None and period_s is not None
        return {"intensity": intensity, "period_ms": period_s * 1000}

    def programs(self, tables: Any) -> list[dict[str, Any]]:
        if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
            self.wrong(("program",), "a program has two brackets on each side: [[program]]")
        return [self.program(table, ("program", at)) for at, table in enumerate(tables)]

    def program(self, table: dict[str, Any], place: Place) -> dict[str, Any]:
        self.check_keys(table, "program", place)
        for key in ("core", "run"):
            if key not in table:
                self.wrong(place, f"[[program]]: {key} is missing")
        again = table.get("restart", "never")
        if not isinstance(again, str) or again not in RESTART:
            self.wrong((*place, "restart"), f'restart = {shown(again)}: it is "never" or "always"')
        return {
            "cores": self.program_cores(table["core"], (*place, "core")),
            "run": self.program_path(table["run"], (*place, "run")),
            "args": self.program_args(table.get("args", []), (*place, "args")),
            "heap": self.program_heap(table, place),
            "again": RESTART[again],
        }

    def program_cores(self, value: Any, place: Place) -> list[int]:
        if value == ALL:
            return list(range(self.cores))
        cores = value if isinstance(value, list) else [value]
        for core in cores:
            if not isinstance(core, int) or isinstance(core, bool):
                self.wrong(
                    place,
                    f'core = {shown(value)} must be a core\'s number, a list of such, or "{ALL}"',
                )
            if not 0 <= core < self.cores:
                self.wrong(place, f"core {core}: the machine has cores 0..{self.cores - 1}")
            if cores.count(core) > 1:
                self.wrong(place, f"core {core} is named twice")
        if not cores:
            self.wrong(place, "core = []: no core is named")
        return cores

    def program_args(self, value: Any, place: Place) -> list[str]:
        if not isinstance(value, list):
            self.wrong(place, f'args = {shown(value)} must be a list of texts: ["..."]')
        for word in value:
            if not isinstance(word, str):
                self.wrong(place, f'args: {shown(word)} must be a text: "{word}"')
        return value

    def program_heap(self, table: dict[str, Any], place: Place) -> int:
        heap = self.size(table, "heap", place)
        if heap is None:
            return 0
        if not HEAP_MIN <= heap <= self.mem:
            self.wrong(
                (*place, "heap"),
                f"heap = {layout.size_text(heap)}: it is {layout.size_text(HEAP_MIN)} to the"
                f" core's private RAM, {layout.size_text(self.mem)}",
            )
        return heap

    def program_path(self, name: Any, place: Place) -> str:
        """What the kernel's poly.program.resolve() would find."""
        if not isinstance(name, str) or not name:
            self.wrong(place, f"run = {shown(name)} must be the name of a program")
        path = posixpath.normpath(posixpath.join("/rom", name))
        files = {path, path + ".py", path + ".mpy"} & self.files()
        if files:
            found = min(files, key=len)
            if "." in posixpath.splitext(posixpath.basename(found))[0]:
                self.wrong(place, f"{name}: a program's name has no dot")
            return found
        if name in shipped():
            return "programs." + name
        known = shipped() + [posixpath.splitext(file[len("/rom/") :])[0] for file in self.files()]
        folder = "a file of APPS" if self.apps is not None else "is there an APPS folder"
        self.wrong(
            place,
            f"{name}: no such program: neither one of the kernel's ({', '.join(shipped())})"
            f" nor {folder}{meant(name, known)}",
        )

    def files(self) -> set[str]:
        if self.apps is None:
            return set()
        files = [path for path in self.apps.rglob("*") if path.is_file()]
        return {"/rom/" + path.relative_to(self.apps).as_posix() for path in files}


def shown(value: Any) -> str:
    """A value as TOML writes it, near enough for an error."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:  # a date
        return str(value)


def shipped() -> list[str]:
    """The programs that come with the kernel."""
    module = ast.parse((paths.KERNEL / "programs" / "__init__.py").read_text(encoding="utf-8"))
    for statement in module.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "NAMES":
            return list(ast.literal_eval(statement.value))
    raise AssertionError("kernel/programs has no NAMES")
