"""MicroPython's own benchmarks (tests/perf_bench) on our image and on the reference.

The reference is the same source without our patches, built with upstream's qemu
settings (-Os, no computed goto) around the same CPU driver and kernel. Both run
each benchmark alone in a fresh machine, with the same parameters and heap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.status import Status

from polyphone import build, paths
from polyphone.bench.figures import Figure, geometric_mean
from polyphone.bench.guest import BenchError, exactly, folder, mem_text, run, setup
from polyphone.board import Board
from polyphone.image.layout import MEM_MINIMUM
from polyphone.machine.qemu import Mode

FOLDER = paths.UPSTREAM / "tests" / "perf_bench"
RUNNER = "benchrun"
# Upstream's parameters: N is its measure of a CPU's speed, M of the heap in KB.
N, M = 1000, 1000
# The runner's clock, which is to be instructions.
CLOCK = "from time import ticks_us, ticks_diff"
COUNTER = "from cpu import instructions as ticks_us\n        ticks_diff = lambda a, b: a - b"
# One benchmark empties sys.modules, in which the kernel then misses the program.
BEFORE = "import sys\nmodules_before = dict(sys.modules)"
AFTER = "sys.modules.update(modules_before)"
# What upstream's run asks the target for first (tests/feature_check), and which
# benchmarks it leaves out without.
FEATURES = {"complex": "bm_fft", "native_check": "viper_"}
REASONS = {
    "complex": "the target has no complex numbers",
    "native_check": "the target has no native code emitter",
}


@dataclass(frozen=True)
class Cost:
    """One benchmark on one image."""

    instructions: float
    norm: int
    result: str


def script(benchmark: str) -> bytes:
    """What upstream's runner would send, counting instructions."""
    runner = (FOLDER / f"{RUNNER}.py").read_text(encoding="utf-8")
    if CLOCK not in runner:
        raise BenchError(f"{RUNNER}.py takes its time from elsewhere than '{CLOCK}'")
    body = (FOLDER / f"{benchmark}.py").read_text(encoding="utf-8")
    runner = runner.replace(CLOCK, COUNTER)
    return f"{BEFORE}\n{body}\n{runner}\nbm_run({N}, {M})\n{AFTER}\n".encode()


def benchmarks() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != RUNNER)


def reference(board: Board) -> Board:
    """The board with the reference image, brought up to date."""
    twin = replace(board, name=f"{board.name}-reference")
    build.build(twin, variables=[f"TOP={paths.UPSTREAM}", "REFERENCE=1"])
    return twin


def missing(board: Board) -> list[str]:
    """Which of FEATURES the board's MicroPython lacks, found as upstream's run finds it."""
    lacking = []
    for feature in FEATURES:
        text = (paths.UPSTREAM / "tests" / "feature_check" / f"{feature}.py").read_bytes()
        with folder({"feature.py": text}) as apps:
            chosen = setup(board, 1, Mode.EXACT, MEM_MINIMUM, apps)
            try:
                printed = run(chosen, "run /rom/feature.py").text
            except BenchError:
                printed = []  # a SyntaxError
        if printed != [feature.removesuffix("_check")]:
            lacking.append(feature)
    return lacking


def skipped(lacking: list[str]) -> dict[str, str]:
    """Benchmark -> why it is left out."""
    return {
        benchmark: REASONS[feature]
        for feature in lacking
        for benchmark in benchmarks()
        if benchmark.startswith(FEATURES[feature])
    }


def costs(board: Board, benchmark: str) -> Cost:
    """Run one benchmark on the board's image."""
    with folder({"benchmark.py": script(benchmark)}) as apps:
        chosen = setup(board, 1, Mode.EXACT, MEM_MINIMUM, apps)
        results: list[tuple[str, str]] = []

        def once() -> Mapping[str, float]:
            output = "\n".join(run(chosen, "run /rom/benchmark.py").text)
            fields = output.split(None, 2)
            if len(fields) != 3 or not fields[0].isdecimal():
                raise BenchError(f"{benchmark} on {board.name}: {output[-1000:]}")
            results.append((fields[1], fields[2]))
            return {benchmark: float(fields[0])}

        instructions = exactly(once)[benchmark]
    if len(set(results)) != 1:
        raise BenchError(f"{benchmark} on {board.name} gives different results: {results}")
    norm, result = results[0]
    return Cost(instructions, int(norm), result)


def compare(board: Board, names: list[str], status: Status | None) -> Iterator[tuple[str, float]]:
    """Benchmark and its ratio of instructions, one after the other."""
    if status is not None:
        status.stop()  # a build shows its own
    twin = reference(board)
    if status is not None:
        status.start()
    for index, name in enumerate(names):
        if status is not None:
            status.update(f"interpreter: {name} ({index + 1} of {len(names)})")
        ours, theirs = costs(board, name), costs(twin, name)
        if (ours.norm, ours.result) != (theirs.norm, theirs.result):
            raise BenchError(f"{name}: our result is {ours.result}, upstream's {theirs.result}")
        yield name, ours.instructions / theirs.instructions


def measure(board: Board, status: Status | None = None) -> list[Figure]:
    left_out = skipped(missing(board))
    names = [name for name in benchmarks() if name not in left_out]
    ratios = dict(compare(board, names, status))
    chosen = setup(board, 1, Mode.EXACT, MEM_MINIMUM, Path())
    how = f"instructions, ours over the reference; N={N}, M={M}, {mem_text(chosen)}"
    left = "; ".join(f"{name} ({reason})" for name, reason in left_out.items()) or "none"
    mean = Figure(
        "interpreter_ratio",
        geometric_mean(ratios.values()),
        "",
        f"geometric mean over {len(ratios)} of MicroPython's own tests/perf_bench: {how}."
        " Reference: same source unpatched, upstream's qemu settings (-Os, no computed goto),"
        f" same CPU driver, kernel and heap. Left out: {left}",
    )
    return [mean, *(Figure(f"interpreter_ratio_{n}", r, "", how) for n, r in ratios.items())]
