"""Fixtures of the tests that run the kernel's Python on simulated cores (host_core.py)."""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ump_trains import build_library

if TYPE_CHECKING:
    from host_core import Machine


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_library(tmp_path_factory.mktemp("ump"))


@pytest.fixture
def start(
    request: pytest.FixtureRequest, library: ctypes.CDLL, tmp_path: Path
) -> Iterator[Callable[..., "Machine"]]:
    """Factory of machines with the test module's PROGRAMS at /rom and, unless told otherwise,
    its number of CORES; whatever leaked is an error at the end."""
    from host_core import Machine  # not for tests that run no kernel: it replaces modules

    rom = tmp_path / "rom"
    rom.mkdir()
    for name, text in request.module.PROGRAMS.items():
        (rom / name).write_text(text)
    machines: list[Machine] = []

    def make(cores: int = request.module.CORES, **options: object) -> Machine:
        machine = Machine(library, cores, tmp_path, **options)  # type: ignore[arg-type]
        machine.__enter__()
        machines.append(machine)
        return machine

    yield make
    leaks = [leak for machine in machines for leak in machine.leaks()]
    for machine in machines:
        machine.__exit__()
    assert not leaks
