"""Runs a guest program to its end and takes the figures that it prints.

A bench program prints JSON objects, one a line; anything else is for people. An
exact run drives itself (no console input), under -icount shift=0.
"""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyphone.board import Board
from polyphone.image import layout
from polyphone.machine import terminal
from polyphone.machine.place import Folder
from polyphone.machine.qemu import MEM_DEFAULT, Mode, Setup

PROGRAMS = Path(__file__).parent / "programs"
AGREEMENT = 0.001  # how far apart two exact runs may be


class BenchError(Exception):
    """A measurement that gives no figure; the text says why."""


@dataclass(frozen=True)
class Output:
    """What a guest printed: lines of JSON objects, and all other lines."""

    objects: list[dict[str, Any]]
    text: list[str]

    def merged(self) -> dict[str, float]:
        """All objects in one; a later value takes the place of an earlier one."""
        return {name: value for found in self.objects for name, value in found.items()}


def want_host_cpus(count: int, who: str) -> None:
    """BenchError, which begins with `who`, where the host gives fewer."""
    if len(os.sched_getaffinity(0)) < count:
        raise BenchError(f"{who} {count} host CPUs")


def parse(output: str) -> Output:
    objects, text = [], []
    for line in output.splitlines():
        if line.startswith("{"):
            objects.append(json.loads(line))
        elif line:
            text.append(line)
    return Output(objects, text)


def run(setup: Setup, command: str) -> Output:
    """Boot, run shell commands, end. BenchError unless the last one's status is 0."""
    console = io.BytesIO()
    status = terminal.execute(setup, command, console)
    output = console.getvalue().decode(errors="replace")
    if status != 0:
        raise BenchError(f"'{command}' ended with status {status}: {output[-2000:]}")
    return parse(output)


def setup(board: Board, cores: int, mode: Mode, mem: int = MEM_DEFAULT,
          apps: Path = PROGRAMS) -> Setup:  # fmt: skip
    return Setup(board, cores=cores, mem=mem, apps=apps, mode=mode)


@contextmanager
def folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder for APPS: the bench programs, and these files beside them."""
    with Folder() as apps:
        for program in PROGRAMS.glob("*.py"):
            shutil.copy(program, apps)
        for file, content in files.items():
            (apps / file).write_bytes(content)
        yield apps


def exactly(measure: Callable[[], Mapping[str, float]]) -> dict[str, float]:
    """What `measure` gives, which it must give twice. BenchError if it does not."""
    first, second = dict(measure()), dict(measure())
    differences = [
        f"{name}: {first.get(name)} and {second.get(name)}"
        for name in sorted(first.keys() | second.keys())
        if name not in first
        or name not in second
        or abs(first[name] - second[name]) > AGREEMENT * abs(first[name])
    ]
    if differences:
        raise BenchError(f"two exact runs differ by more than 0.1 %: {'; '.join(differences)}")
    return second


def mem_text(setup: Setup) -> str:
    return f"MEM={layout.size_text(setup.mem)}"
