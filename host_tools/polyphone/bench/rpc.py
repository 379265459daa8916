"""What a typed message and a typed rpc cost: loopback, LMP, UMP, in asyncio, beside 100 idle
channels; and the same frame between two C loops."""

import statistics

from polyphone.bench.coroutines import EVENT_ROUNDS, HEAPS
from polyphone.bench.figures import Figure
from polyphone.bench.guest import exactly, mem_text, run, setup, want_host_cpus
from polyphone.board import Board
from polyphone.image.layout import MIB
from polyphone.machine.qemu import Mode

CORES = 2
ROUNDS = 2_000
BATCHES = 9  # of the wall-clock version, whose median counts
IDLE = 100
HEAP = 1  # MiB: that of asyncio_event_roundtrip
SYNC = "`increase(uint32) -> uint32`, a plain `def` handler, synchronous caller,"
WHAT = {
    "typed_message": "one uint32 from a Python handler to one on core 1, or back: half a round"
    " of a message that each handler returns",
    "rpc_ump": f"{SYNC} on core 1",
    "rpc_lmp": f"{SYNC} in another domain of the core",
    "rpc_loopback": f"{SYNC} in the same domain",
    "rpc_ump_c": "8 bytes, an rpc's frame, to core 1 and back, a C loop on both sides",
}


def measure_exact(board: Board) -> list[Figure]:
    chosen = setup(board, CORES, Mode.EXACT)
    found = exactly(lambda: run(chosen, f"run /rom/rpc.py {ROUNDS} 1").merged())
    how = f"{{}}; {ROUNDS} times, -icount shift=0, each wait a sleep; instructions of both cores"
    figures = [
        Figure(name, found[f"{name}_instructions"], "instructions", how.format(what))
        for name, what in WHAT.items()
    ]
    return [*figures, wakeup_growth(board)]


def wakeup_growth(board: Board) -> Figure:
    """What 100 channels cost that are open and on which nothing happens."""
    chosen = setup(board, CORES, Mode.EXACT)

    def measure() -> dict[str, float]:
        return {
            str(idle): run(chosen, f"run /rom/rpc_idle.py {ROUNDS} {idle}").merged()[
                "rpc_instructions"
            ]
            for idle in (1, IDLE)
        }

    found = exactly(measure)
    how = (
        f"rpc_ump with {IDLE} more channels open between the same two programs, over one more:"
        f" {found[str(IDLE)]:.1f} over {found['1']:.1f} instructions"
    )
    return Figure(f"wakeup_growth_{IDLE}_channels", found[str(IDLE)] / found["1"], "", how)


def measure_awaited(board: Board) -> list[Figure]:
    """An rpc that a task awaits, and that over asyncio's own way to wake a task."""
    mem, awaits = HEAPS[HEAP]
    chosen = setup(board, CORES, Mode.EXACT, mem)
    alone = setup(board, 1, Mode.EXACT, mem)

    def measure() -> dict[str, float]:
        command = f"run /rom/rpc_awaited.py {HEAP * MIB} {EVENT_ROUNDS}"
        events = f"run /rom/coroutines.py {HEAP * MIB} {awaits} {EVENT_ROUNDS}"
        return {
            "awaited": run(chosen, command).merged()["awaited"],
            "event": run(alone, events).merged()["event"],
        }

    found = exactly(measure)
    how = (
        f"{EVENT_ROUNDS} rpcs as rpc_ump's, awaited by two tasks in turns, so that one is ready"
        f" while the other awaits; heap of {HEAP} MiB ({mem_text(chosen)}), -icount shift=0,"
        " instructions of both cores"
    )
    over = f"rpc_ump_awaited over asyncio_event_roundtrip ({found['event']:.1f})"
    ratio = found["awaited"] / found["event"]
    return [
        Figure("rpc_ump_awaited", found["awaited"], "instructions", how),
        Figure("rpc_ump_awaited_over_asyncio_event", ratio, "", f"{over}: {how}"),
    ]


def measure_wall(board: Board) -> list[Figure]:
    want_host_cpus(CORES, "the wall-clock figures of rpcs need")
    chosen = setup(board, CORES, Mode.STRESS)
    found = run(chosen, f"run /rom/rpc.py {ROUNDS} {BATCHES}").objects
    how = (
        f"{{}}; cores on 2 host CPUs, polling {chosen.spin_us()} us before sleep where it is"
        f" Python's; median of {BATCHES} batches of {ROUNDS}"
    )
    return [
        Figure(
            f"{name}_wall_us",
            statistics.median(batch[f"{name}_us"] for batch in found),
            "us",
            how.format(what),
        )
        for name, what in WHAT.items()
    ]
