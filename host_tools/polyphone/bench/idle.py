"""What a machine costs that nobody uses: instructions in one idle guest second."""

import time

from polyphone.bench.figures import Figure
from polyphone.bench.guest import setup
from polyphone.bench.trace import TracedMachine, at_prompt
from polyphone.board import Board
from polyphone.machine.qemu import Mode

CORES = 4
IDLE_S = 2.0


def measure(board: Board) -> list[Figure]:
    # Without -icount guest time is the host's: it passes while all cores sleep.
    with TracedMachine(setup(board, CORES, Mode.SINGLE)) as machine:
        before = at_prompt(machine)
        start = time.monotonic()
        time.sleep(IDLE_S)
        seconds = time.monotonic() - start
        count = machine.executed - before
    how = (
        f"{CORES} cores asleep at the prompt, nothing typed: {count} instructions executed in"
        f" {seconds:.2f} s (QEMU logs each one), per core and second"
    )
    name = "idle_instructions_per_core"
    return [Figure(name, count / CORES / seconds, "instructions", how)]
