"""Fixtures for tests on machines; a test that takes one runs once for each board.

    machine   factory: machine(cores=2, mem="8M", apps=folder, system=file, seed=7,
              arguments={...}) starts one and returns its Console; all of them end with the test
    shell     the Console of a machine at the shell's prompt
    core      factory: `with core(2) as python:` is Python on that core of `shell`
    exec      factory: exec("cores; ps") boots, runs, and returns a Result

`@pytest.mark.machine_setup(cores=2)` chooses the machine of the last three,
`@pytest.mark.modes("stress", "exact")` how QEMU runs the cores. Console logs are
kept under build/test-logs/, named after the test; a failure says how to repeat it.

In stress each machine delays its cores at random, from a seed of its own; POLY_SEED=N
in the environment sets it for all. `--stress-repeat N` runs each test in stress N times.
"""

import io
import os
import random
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from polyphone import board as boards
from polyphone import build, paths, system
from polyphone.board import Board
from polyphone.image import layout
from polyphone.machine import terminal
from polyphone.machine.console import Console, CoreRepl, Result
from polyphone.machine.qemu import SEED_MAX, Machine, Mode, Setup

REPRODUCTIONS = pytest.StashKey[list[str]]()
# Caches beside the kernel's sources would be taken for parts of it.
sys.pycache_prefix = str(paths.BUILD / "cache" / "python")
LOGS = paths.BUILD / "test-logs"
# A deadline for each example would measure the host.
settings.register_profile("polyphone", deadline=None, database=None)
settings.load_profile("polyphone")
# A shell's background job ignores these, and so would all that is tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--board",
        action="append",
        choices=boards.names(),
        help="run machine tests on this board only; may be repeated (default: all)",
    )
    parser.addoption(
        "--stress-repeat",
        type=int,
        default=1,
        metavar="N",
        help="run each machine test in stress N times, with other seeds (default: 1)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    markers = metafunc.definition.iter_markers("parametrize")
    own = ",".join(str(marker.args[0]) for marker in markers)  # what the test itself chooses
    if "board" in metafunc.fixturenames and "board" not in own:
        chosen = metafunc.config.getoption("--board") or boards.names()
        metafunc.parametrize("board", chosen, indirect=True, scope="session")
    if "mode" in metafunc.fixturenames and "mode" not in own:
        marker = metafunc.definition.get_closest_marker("modes")
        modes = [Mode(name) for name in (marker.args if marker else ("stress",))]
        times = metafunc.config.getoption("--stress-repeat")
        runs = [
            pytest.param(mode, id=f"{mode.value}{f'-{time + 1}' if time else ''}")
            for mode in modes
            for time in range(times if mode is Mode.STRESS else 1)
        ]
        metafunc.parametrize("mode", runs)


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest) -> Board:
    """A board, as its board.toml says."""
    return boards.load(request.param)


@pytest.fixture(scope="session")
def image(board: Board) -> Path:
    """The board's kernel image, brought up to date once per session."""
    return build.build(board)


def log_file(request: pytest.FixtureRequest, number: int) -> Path:
    """Where the console of the test's machine `number` (from 0) is logged."""
    name = re.sub(r"[^\w.=-]+", "-", request.node.nodeid).strip("-")
    return LOGS / f"{name}{f'-{number}' if number else ''}.log"


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, board: Board, mode: Mode, image: Path
) -> Iterator[Callable[..., Console]]:
    """Factory of started machines."""
    consoles: list[Console] = []

    def start(**options: Any) -> Console:
        timeout_s = options.pop("timeout_s", None)
        started = Machine(machine_setup(board, mode, **options))
        request.node.stash.setdefault(REPRODUCTIONS, []).append(started.reproduction())
        log = log_file(request, len(consoles))
        console = Console(started, log, **({"timeout_s": timeout_s} if timeout_s else {}))
        consoles.append(console)
        return console

    yield start
    for console in consoles:
        console.close()


def machine_setup(board: Board, mode: Mode, **options: Any) -> Setup:
    """The Setup that the options of `machine` and of the marker describe."""
    cores, mem = options.pop("cores", None), options.pop("mem", None)
    file = options.get("system")
    found = system.load(
        file, board, options.get("apps"), cores, mem and layout.parse_size(str(mem))
    )
    arguments = {**found.arguments, **options.pop("arguments", {})}
    options.setdefault("seed", new_seed() if mode is Mode.STRESS else None)
    return Setup(board, found.cores, found.mem, mode=mode, arguments=arguments, **options)


def new_seed() -> int:
    """Of a machine in stress: what POLY_SEED says, or one that was never there."""
    return int(os.environ.get("POLY_SEED") or random.SystemRandom().randint(1, SEED_MAX))


def marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("machine_setup")
    return dict(marker.kwargs) if marker else {}


@pytest.fixture
def shell(request: pytest.FixtureRequest, machine: Callable[..., Console]) -> Console:
    """A machine at the shell's prompt."""
    console = machine(**marked(request))
    console.expect_prompt()
    return console


@pytest.fixture
def core(shell: Console) -> Callable[[int], CoreRepl]:
    """Factory of Python prompts on the cores of `shell`."""
    return lambda number: CoreRepl(shell, number)


@pytest.fixture(name="exec")
def exec_(
    request: pytest.FixtureRequest, board: Board, mode: Mode, image: Path
) -> Callable[..., Result]:
    """Factory of machines that run shell commands and end: what `make exec` does."""

    def execute(command: str, **options: Any) -> Result:
        setup = machine_setup(board, mode, **{**marked(request), **options})
        repeated = replace(setup, arguments={**setup.arguments, "exec": command})
        request.node.stash.setdefault(REPRODUCTIONS, []).append(repeated.reproduction())
        log = log_file(request, 0)
        log.parent.mkdir(parents=True, exist_ok=True)
        output = io.BytesIO()
        status = terminal.execute(setup, command, output, log)
        return Result(output.getvalue().decode(errors="replace"), status)

    return execute


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        lines = [f"build/venv/bin/pytest -c tests/pytest.ini '{relative_id(item)}'"]
        if REPRODUCTIONS in item.stash:
            machines: list[str] = item.stash[REPRODUCTIONS]
            lines += machines
        report.sections.append(("to reproduce", "\n".join(lines)))
    return report


def relative_id(item: pytest.Item) -> str:
    """The test's id as seen from the folder of the Makefile."""
    _, colons, test = item.nodeid.partition("::")
    return f"{item.path.relative_to(paths.ROOT)}{colons}{test}"
