"""What asyncio costs inside one VM, with heaps of a known size."""

from functools import partial

from polyphone.bench.figures import Figure
from polyphone.bench.guest import exactly, mem_text, run, setup
from polyphone.board import Board
from polyphone.image.layout import MIB
from polyphone.machine.qemu import Mode, Setup

# Heap in MiB -> private RAM that has it; awaits, which fill it several times.
HEAPS = {1: (2 * MIB, 100_000), 8: (10 * MIB, 400_000)}
EVENT_ROUNDS = 20_000


def figures_of(chosen: Setup, command: str) -> dict[str, float]:
    return run(chosen, command).merged()


def measure(board: Board) -> list[Figure]:
    figures = []
    for heap, (mem, awaits) in HEAPS.items():
        chosen = setup(board, 1, Mode.EXACT, mem)
        events = EVENT_ROUNDS if heap == 1 else 0
        command = f"run /rom/coroutines.py {heap * MIB} {awaits} {events}"
        found = exactly(partial(figures_of, chosen, command))
        how = (
            f"heap of {found['heap']:.0f} bytes besides one block of {found['ballast']:.0f}"
            f" ({mem_text(chosen)}); 1 core, -icount shift=0;"
        )
        name = f"await_coroutine_{heap}mib"
        filled = f"which fill the heap {found['await_filled']:.1f} times"
        text = f"{how} {awaits} x `await nop()` in a loop, {filled}"
        figures.append(Figure(name, found["await"], "instructions", text))
        if events:
            filled = f"which fills the heap {found['event_filled']:.1f} times"
            text = f"{how} {events} x two tasks wake each other by asyncio.Event, {filled}"
            name = "asyncio_event_roundtrip"
            figures.append(Figure(name, found["event"], "instructions", text))
    return figures
