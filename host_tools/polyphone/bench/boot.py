"""What a start costs: in instructions of each core, and in wall time beside upstream's."""

import statistics
import subprocess
import time
from collections.abc import Sequence

from polyphone import process
from polyphone.bench import upstream
from polyphone.bench.figures import Figure
from polyphone.bench.guest import exactly, mem_text, setup
from polyphone.bench.trace import TracedMachine, at_prompt, read_until
from polyphone.board import Board
from polyphone.image.layout import MEM_MINIMUM
from polyphone.machine.console import PROMPT, PYTHON_PROMPT
from polyphone.machine.qemu import MEM_DEFAULT, Machine, Mode

CORES = 4
MANY_CORES = 64
MANY_BOARD = "virt_rv64"
REPETITIONS = 31
NAME = "boot_instructions_per_core"


def measure_instructions(board: Board) -> list[Figure]:
    figures = [_instructions(board, NAME, CORES, MEM_DEFAULT)]
    if board.name == MANY_BOARD:
        figures.append(_instructions(board, NAME + "_64", MANY_CORES, MEM_MINIMUM))
    return figures


def _instructions(board: Board, name: str, cores: int, mem: int) -> Figure:
    chosen = setup(board, cores, Mode.EXACT, mem)

    def count() -> dict[str, float]:
        with TracedMachine(chosen) as machine:
            return {name: at_prompt(machine) / cores}

    how = (
        f"{cores} cores, {mem_text(chosen)}, -icount shift=0: instructions executed from reset"
        " until all cores sleep at the prompt (QEMU logs each one), per core"
    )
    return Figure(name, exactly(count)[name], "instructions", how)


def measure_wall(board: Board) -> list[Figure]:
    theirs = upstream.machine_command(upstream.build())
    ours_s, theirs_s = [], []
    # Interleaved, so that a change of the host's load meets both; the first pair warms up.
    for _ in range(REPETITIONS + 1):
        ours_s.append(our_seconds(board))
        theirs_s.append(their_seconds(theirs))
    ours_ms = 1000 * statistics.median(ours_s[1:])
    theirs_ms = 1000 * statistics.median(theirs_s[1:])
    how = f"median of {REPETITIONS} starts of QEMU to the prompt, interleaved"
    return [
        Figure("boot_wall_ms", ours_ms, "ms", f"{how}; {CORES} cores"),
        Figure("boot_wall_upstream_ms", theirs_ms, "ms", f"{how}; ports/qemu, VIRT_RV32, 1 core"),
        Figure("boot_wall_ratio", ours_ms / theirs_ms, "", f"{how}; {CORES} cores over upstream's"
               " one-core qemu port (VIRT_RV32, same source)"),
    ]  # fmt: skip


def our_seconds(board: Board) -> float:
    """Wall time from the start of QEMU until it has printed the prompt."""
    with Machine(setup(board, CORES, Mode.STRESS)) as machine:
        start = time.monotonic()
        machine.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert machine.process is not None
        read_until(PROMPT, machine.process)
        return time.monotonic() - start


def their_seconds(command: Sequence[str]) -> float:
    """The same of upstream's port."""
    start = time.monotonic()
    with process.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as qemu:
        try:
            read_until(PYTHON_PROMPT, qemu)
            return time.monotonic() - start
        finally:
            qemu.kill()
