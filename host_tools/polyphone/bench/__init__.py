"""`make bench`: measures a board, writes build/bench/<board>.json, prints a table.

Exact figures are guest instructions of self-driving runs under -icount shift=0, made
twice; wall-clock figures are medians and vary with the host. Every figure's bound is
in figures.py. A group of figures that cannot be measured does not stop the others.
"""

from collections.abc import Callable

from rich.console import Console
from rich.status import Status

from polyphone import paths
from polyphone.bench import (
    answers,
    boot,
    channels,
    coroutines,
    figures,
    idle,
    interfaces,
    interpreter,
    restart,
    rpc,
    words,
)
from polyphone.bench.figures import Figure
from polyphone.bench.guest import BenchError
from polyphone.board import Board
from polyphone.errors import UserError

Measure = Callable[[Board, Status], list[Figure]]

GROUPS: dict[str, Measure] = {
    "start, instructions": lambda board, status: boot.measure_instructions(board),
    "start, wall time beside upstream's": lambda board, status: boot.measure_wall(board),
    "a core's restart": lambda board, status: restart.measure(board),
    "a busy core's answers": answers.measure,
    "an idle second": lambda board, status: idle.measure(board),
    "coroutines": lambda board, status: coroutines.measure(board),
    "channels": lambda board, status: channels.measure_exact(board),
    "channels, long messages": lambda board, status: channels.measure_bulk(board),
    "channels, wall time": lambda board, status: channels.measure_wall(board),
    "typed messages and rpcs": lambda board, status: rpc.measure_exact(board),
    "rpcs in asyncio": lambda board, status: rpc.measure_awaited(board),
    "typed messages and rpcs, wall time": lambda board, status: rpc.measure_wall(board),
    "wordcount": lambda board, status: words.measure_exact(board),
    "wordcount, wall time": lambda board, status: words.measure_wall(board),
    "interface compiler": lambda board, status: interfaces.measure(),
    "interpreter": interpreter.measure,
}


def main(board: Board) -> int:
    """Measure a board, which has been built; 0 if every bound is met, else 1."""
    errors = Console(stderr=True)
    found: list[Figure] = []
    for number, (name, measure) in enumerate(GROUPS.items(), 1):
        with errors.status(f"{board.name}: {name} ({number} of {len(GROUPS)})") as status:
            try:
                found += measure(board, status)
            except (BenchError, UserError) as error:
                errors.print(f"bench: {name}: {error}", markup=False, highlight=False)
    file = paths.BUILD / "bench" / f"{board.name}.json"
    figures.write(found, file)
    rows = figures.judge(board.name, found)
    output = Console()
    if not output.is_terminal:
        output.width = 160  # a file has no edge
    output.print(figures.table(board.name, rows))
    output.print(f"with the way of each measurement: {file.relative_to(paths.ROOT)}")
    return 0 if all(row.met for row in rows) else 1


def profile(board: Board, program: str) -> int:
    """Print where the instructions of a round of a bench program go; 0."""
    from polyphone.bench import functions

    counts = functions.measure(board, program.split())
    Console().print(functions.table(f"{board.name}: {program}, a round", counts))
    return 0
