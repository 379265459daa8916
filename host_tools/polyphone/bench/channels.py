"""What a message to another core costs: Python to Python, and bare C through the same ring."""

import statistics

from polyphone.bench import host
from polyphone.bench.figures import Figure
from polyphone.bench.guest import exactly, run, setup
from polyphone.board import Board
from polyphone.machine.qemu import Mode

CORES = 2
ROUNDS = 2_000
BULK_ROUNDS = 10
BULK_SLOTS = (256, 64)  # of the ring; the second is what programs get unless they ask
BATCHES = 9  # of the wall-clock version, whose median counts
NAMES = {"python": "ump_python_roundtrip", "c": "ump_c_roundtrip"}
BULK_NAME = "bulk_64k_over_c_copy"
SIDES = {"python": "Python on both sides", "c": "a C loop on both sides"}


def measure_exact(board: Board) -> list[Figure]:
    chosen = setup(board, CORES, Mode.EXACT)
    found = exactly(lambda: run(chosen, f"run /rom/ump_ping.py {ROUNDS} 1").merged())
    how = (
        f"16 bytes to core 1 and back, {ROUNDS} times, {{}}, asleep at both ends;"
        " -icount shift=0, instructions of both cores"
    )
    return [
        Figure(name, found[f"{side}_instructions"], "instructions", how.format(SIDES[side]))
        for side, name in NAMES.items()
    ]


def measure_bulk(board: Board) -> list[Figure]:
    chosen = setup(board, CORES, Mode.EXACT)
    command = " ".join(map(str, ("run /rom/bulk.py", BULK_ROUNDS, *BULK_SLOTS)))
    found = exactly(lambda: run(chosen, command).merged())
    how = (
        f"a message of 64 KiB to core 1, Python on both sides, {BULK_ROUNDS} times, through a ring"
        " of {} slots; over memcpy() of as much into shared RAM and out again;"
        " -icount shift=0, instructions of both cores"
    )
    names = (BULK_NAME, *(f"{BULK_NAME}_{slots}_slots" for slots in BULK_SLOTS[1:]))
    return [
        Figure(name, found[f"trains_{slots}"] / found["copies"], "", how.format(slots))
        for name, slots in zip(names, BULK_SLOTS, strict=True)
    ]


def measure_wall(board: Board) -> list[Figure]:
    before = host.speedup()
    if host.cpus() < CORES:
        return [host.figure("host_speedup_polling", before)]  # a core that polls is in the way
    chosen = setup(board, CORES, Mode.STRESS)
    output = run(chosen, f"run /rom/ump_ping.py {ROUNDS} {BATCHES}")
    free = host.figure("host_speedup_polling", min(before, host.speedup()))
    median = {
        side: statistics.median(found[f"{side}_us"] for found in output.objects) for side in NAMES
    }
    how = (
        f"16 bytes to core 1 and back, {{}}, cores on 2 host CPUs, polling {chosen.spin_us()} us"
        f" before sleep; median of {BATCHES} batches of {ROUNDS}"
    )
    figures = [
        Figure(f"{name}_wall_us", median[side], "us", how.format(SIDES[side]))
        for side, name in NAMES.items()
    ]
    ratio = median["python"] / median["c"]
    text = "ump_python_roundtrip_wall_us over ump_c_roundtrip_wall_us"
    return [*figures, free, Figure("ump_python_over_c_wall", ratio, "", text)]
