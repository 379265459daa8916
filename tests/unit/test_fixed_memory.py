"""Goal: a million messages pass without one allocation. Method: what a message takes in C, the
same on the boards: train.c, ump.c and bells.c, in a program in which whatever allocates aborts.
With Python around it, under a locked heap, machine/test_locked_heaps.py does it.
"""

import signal
import subprocess
from pathlib import Path

import pytest
from ump_ring import CPU, HARNESS, compile_c

MILLION = 1_000_000
WRAPPED = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "realloc")]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = [
        HARNESS / "fixed_memory.c",
        *(CPU / f"{name}.c" for name in ("ump", "train", "bells")),
    ]
    output = tmp_path_factory.mktemp("fixed") / "fixed_memory"
    return compile_c(output, sources, ["-O2", "-fno-builtin-malloc", *WRAPPED])


def run(program: Path, *arguments: object) -> tuple[str, str, int]:
    command = [program, *map(str, arguments)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    return ran.stdout, ran.stderr, ran.returncode


@pytest.mark.parametrize("slots", [2, 8, 64])
def test_a_million_messages_allocate_nothing(program: Path, slots: int) -> None:
    """UMP-8, TRN-1"""
    assert run(program, slots, MILLION) == ("ok\n", "", 0)


def test_an_allocation_would_be_noticed(program: Path) -> None:
    assert run(program, 8, 1, "allocate") == ("", "allocates\n", -signal.SIGABRT)
