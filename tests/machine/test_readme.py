"""Goal: README.md shows what happens. Method: its sessions are run and compared, its
programs are taken from it.

A fenced block of language `console` is a session: `$ ` begins a command for the host,
what follows up to the next one is what that prints (both streams). `make run` and
`make debug` are typed at, on a terminal: what stands behind the prompts `poly> ` and
`>>> ` is typed there, an empty `>>> ` is Ctrl-D. `...` stands for any text within a
line, and alone on a line for any lines. All sessions run in order in one folder, which
sees the repository, and before them has every `python`, `toml` and `idl` block under the name
in the text above it.
"""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from polyphone import board as boards
from polyphone import build, paths
from polyphone.board import Board
from polyphone.machine.console import Result

README = paths.ROOT / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^(poly> |>>> ?)(.*)$", re.MULTILINE)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ON_TERMINAL = ("make run", "make debug")
CTRL_D, QUIT_QEMU = "\x04", "\x01x"
TIMEOUT_S = 60  # a hang detector


@dataclass(frozen=True)
class Command:
    """A command of a session, and what the README says that it prints."""

    line: int  # in the README
    text: str
    shown: str


def blocks(language: str) -> list[re.Match[str]]:
    return [found for found in FENCE.finditer(README.read_text()) if found[1] == language]


def commands(session: str, line: int) -> list[Command]:
    found = []
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE):
        if part:
            text, _, shown = part.partition("\n")
            found.append(Command(line, text, shown))
        line += part.count("\n")
    return found


def all_commands() -> list[Command]:
    text = README.read_text()
    return [
        command
        for block in blocks("console")
        for command in commands(block[2], text.count("\n", 0, block.start(2)) + 1)
    ]


def programs() -> dict[str, str]:
    """The README's programs and system files by the file that the text above each names last."""
    text = README.read_text()
    found = {}
    for language, ending in (("python", "py"), ("toml", "toml"), ("idl", "if")):
        for block in blocks(language):
            named = re.findall(rf"`(\w+/\w+\.{ending})`", text[: block.start()])
            found[named[-1]] = block[2]
    return found


def pattern(shown: str) -> str:
    """A regular expression for what a README's text stands for."""
    lines = []
    for line in shown.splitlines():
        if line.strip() == "...":
            lines.append(r"(?:[^\n]*\n)*?")
        else:
            lines.append("[^\n]*".join(map(re.escape, line.rstrip().split("..."))) + r"\n")
    return "".join(lines)


def matches(shown: str, printed: str) -> bool:
    return re.fullmatch(pattern(shown), printed) is not None


def as_on_screen(output: str) -> str:
    """What a terminal shows of it: no escapes, a carriage return goes back in its line."""
    lines = []
    for line in ESCAPES.sub("", output).replace("\r\n", "\n").split("\n"):
        seen = ""
        for part in line.split("\r"):
            seen = part + seen[len(part) :]
        lines.append(seen.rstrip())
    return "\n".join(lines).rstrip("\n") + "\n"


def run(command: Command, status: int, folder: Path) -> tuple[str, int]:
    """What a command prints and its status; `status` is the last one's, for `$?`."""
    result = subprocess.run(
        ["bash", "-c", f"(exit {status})\n{command.text}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_S,
        text=True,
    )
    return result.stdout, result.returncode


def type_at(command: Command, folder: Path) -> tuple[str, int]:
    """The same for a command on a terminal, with what is typed there."""
    terminal = pexpect.spawn(
        command.text,
        cwd=str(folder),
        env={**os.environ, "TERM": "dumb"},  # no progress that comes and goes
        encoding="utf-8",
        timeout=TIMEOUT_S,
        dimensions=(50, 200),
    )
    printed = ""
    typed = TYPED.findall(command.shown)
    try:
        for prompt, line in typed:
            prompt = prompt.rstrip() + " "
            terminal.expect(re.escape(prompt) + r"\Z")
            printed += f"{terminal.before}{prompt}"
            terminal.send(line + "\r" if line else CTRL_D)
        if not typed:
            # Up to the last line that the README shows; then leave it.
            terminal.expect(re.escape(command.shown.splitlines()[-1]) + "\r?\n")
            printed = f"{terminal.before}{terminal.after}"
            terminal.send(QUIT_QEMU)
        terminal.expect(pexpect.EOF)
        printed += str(terminal.before) if typed else ""
    except pexpect.ExceptionPexpect as error:
        pytest.fail(f"README.md:{command.line}: $ {command.text}\nafter:\n{printed}\n{error}")
    finally:
        terminal.close(force=True)
    return as_on_screen(printed), terminal.exitstatus or 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the repository's, to run sessions in."""
    for entry in paths.ROOT.iterdir():
        if not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    save_programs(tmp_path)
    return tmp_path


def save_programs(folder: Path) -> None:
    for name, text in programs().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what a `make` that runs these tests was told."""
    for name in [*os.environ]:
        if name.startswith("MAKE") or name in (
            "MFLAGS",
            "BOARD",
            "CORES",
            "MEM",
            "APPS",
            "CMD",
            "SYSTEM",
        ):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("board", ["virt_rv64"], indirect=True)  # what the README shows
def test_sessions_print_what_the_readme_shows(
    board: Board, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_environment(monkeypatch)
    for name in boards.names():  # all are up to date, so that no build is part of a session
        build.build(boards.load(name))
    status = 0
    for command in all_commands():
        if command.text.startswith(ON_TERMINAL):
            printed, status = type_at(command, folder)
        else:
            printed, status = run(command, status, folder)
        assert matches(command.shown, printed), (
            f"README.md:{command.line}: $ {command.text}\nprinted:\n{printed}"
            f"where it shows:\n{command.shown}"
        )


@pytest.mark.parametrize("cores", [1, 3])
def test_the_example_counts_alike_on_any_number_of_cores(
    exec: Callable[..., Result], tmp_path: Path, cores: int
) -> None:
    save_programs(tmp_path)
    result = exec("run primes 10001", cores=cores, apps=tmp_path / "apps")
    assert result.status == 0, result.output
    assert len(result.lines) == cores + 1
    assert result.lines[-1] == "1229 primes below 10001"


def test_dots_stand_for_part_of_a_line_or_for_lines() -> None:
    assert matches("a ... c\n", "a b c\n")
    assert not matches("a ... c\n", "a\nb c\n")
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n...\nd\n", "a\nd\n")
    assert not matches("a\n...\nd\n", "a\nb\n")
    assert not matches("a\n", "a\nb\n")


def test_a_carriage_return_overwrites_its_line() -> None:
    assert as_on_screen("\r 12 %\r100 %\r     \r7 the\r\n") == "7 the\n"
