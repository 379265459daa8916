"""What a core's restart costs that core: from the request until it waits for work again."""

from polyphone.bench.figures import Figure
from polyphone.bench.guest import exactly, setup
from polyphone.bench.trace import TracedMachine, run_commands, with_commands
from polyphone.board import Board
from polyphone.machine.qemu import Mode, Setup

CORES = 4
CORE = 2
NAME = "restart_instructions"


def measure(board: Board) -> list[Figure]:
    chosen = setup(board, CORES, Mode.EXACT)

    def count() -> dict[str, float]:
        return {NAME: executed(chosen, f"restart {CORE}; ") - executed(chosen, "")}

    how = (
        f"{CORES} cores, -icount shift=0: instructions that core {CORE} executes (QEMU logs each"
        f" one) in a run with `restart {CORE}` while it sleeps, less those in a run without"
    )
    return [Figure(NAME, exactly(count)[NAME], "instructions", how)]


def executed(chosen: Setup, commands: str) -> int:
    """Instructions of CORE from reset to the end of the commands, when all have long slept."""
    line = f"run pause; {commands}run pause"
    with TracedMachine(with_commands(chosen, line), CORE) as machine:
        run_commands(machine)
        return machine.executed
