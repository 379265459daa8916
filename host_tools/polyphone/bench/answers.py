"""How many bytecodes a busy core executes before its monitor answers a ping.

A twin of the image counts them: the VM adds one before each, and the core itself takes
the count in the interrupt of the ping's doorbell and again where it rings with the
answer (kernel/cpu/answers.h). So the figure is exact however the host schedules the
cores, which run in parallel here: a trace under -icount would not do, as QEMU lets a
core that never waits keep the host's one thread for 10^8 instructions. Counted are the
program's bytecodes until its monitor has its turn, and the monitor's own.
Not counted is what the ring takes to become an interrupt: that is QEMU's time, and no
kernel bounds how much of its program a core executes meanwhile.
"""

from rich.status import Status

from polyphone import build
from polyphone.bench.figures import Figure
from polyphone.bench.guest import BenchError, Output, run, setup
from polyphone.board import Board
from polyphone.machine.qemu import Mode

NAME = "monitor_answer_bytecodes"
CORES = 2
PINGS = 200  # of each busy program, more than 1,000 in all


def measure(board: Board, status: Status) -> list[Figure]:
    status.stop()  # a build shows its own
    twin = build.counted(board)
    status.start()
    output = run(setup(twin, CORES, Mode.STRESS), f"run /rom/pings.py {PINGS}")
    worst = worst_of(output)
    how = (
        f"a counting twin of the image, {CORES} cores in parallel: bytecodes that core 1 executes"
        " from the interrupt of core 0's ping until it rings with its answer, the monitor's own"
        " included; the worst of"
    )
    programs = f"{len(worst)} programs that never wait ({', '.join(worst)})"
    all_pings = f" {PINGS * len(worst)} pings, {PINGS} of each of {programs}"
    return [
        Figure(NAME, max(worst.values()), "bytecodes", how + all_pings),
        *(
            Figure(f"{NAME}_{kind}", count, "bytecodes", f"{how} {PINGS} pings; busy.py {kind}")
            for kind, count in worst.items()
        ),
    ]


def worst_of(output: Output) -> dict[str, int]:
    """The worst answer to each kind of busy program. BenchError unless each had PINGS."""
    worst: dict[str, int] = {}
    for found in output.objects:
        if found["pings"] != PINGS or found["worst"] <= 0:
            raise BenchError(f"{found['kind']}: not {PINGS} pings with their answers: {found}")
        worst[found["kind"]] = found["worst"]
    if not worst:
        raise BenchError("no busy core was pinged: " + "; ".join(output.text))
    return worst
