"""The main job, `run wordcount`, on more and on fewer cores: instructions and wall time."""

import hashlib
import re
import statistics
from collections import Counter
from pathlib import Path

from polyphone import paths
from polyphone.bench import host
from polyphone.bench.figures import Figure
from polyphone.bench.guest import BenchError, Output, exactly, folder, run, setup
from polyphone.board import Board
from polyphone.image.layout import MIB
from polyphone.machine.qemu import Mode

# English of a real book's length: MicroPython's documentation, its start.
TEXT_SHA256 = "712e8f9d1b5febfe4e9cf1a7c109f18647c3314ddfa8da0328b1a604d2301edf"
TEXT = "text.txt"
TOP = 20
COMMAND = f"run /rom/stamp.py; run wordcount /rom/{TEXT}; run /rom/stamp.py"
MORE, FEWER = 4, 1  # cores, for the growth
PAIRS = 5  # of the wall-clock runs
WALL_COPIES = 4  # of the text in those: 0.2 s would be too short beside a host's hiccups


def text() -> bytes:
    """The first MiB of MicroPython's docs/**/*.rst in sorted order."""
    root = paths.UPSTREAM / "docs"
    files = sorted(root.rglob("*.rst"), key=lambda path: path.relative_to(root).as_posix())
    content = b"".join(path.read_bytes() for path in files)[:MIB]
    found = hashlib.sha256(content).hexdigest()
    if found != TEXT_SHA256:
        raise BenchError(f"the text of MicroPython's documentation has SHA-256 {found},"
                         f" not {TEXT_SHA256}")  # fmt: skip
    return content


def expected(content: bytes) -> list[str]:
    """The first lines that wordcount must print."""
    words = re.findall(r"[a-z\u0080-\U0010ffff]+", lower(content.decode()))
    ranked = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))
    return [f"{count} {word}" for word, count in ranked[:TOP]]


def lower(content: str) -> str:
    """ASCII letters in lower case, all else as it is."""
    return content.translate({upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)})


def count(board: Board, cores: int, mode: Mode, apps: Path, wanted: list[str]) -> Output:
    """Run wordcount between two stamps and check what it says."""
    output = run(setup(board, cores, mode, apps=apps), COMMAND)
    printed = [line.strip() for line in output.text]
    if printed[:TOP] != wanted or len(output.objects) != 2:
        raise BenchError(f"wordcount on {cores} cores is wrong: {printed[: TOP + 1]}")
    return output


def between(output: Output, key: str) -> float:
    start, end = (found[key] for found in output.objects)
    return float(end - start)


def measure_exact(board: Board) -> list[Figure]:
    content = text()
    wanted = expected(content)
    with folder({TEXT: content}) as apps:

        def once() -> dict[str, float]:
            return {
                str(cores): between(count(board, cores, Mode.EXACT, apps, wanted), "instructions")
                for cores in (FEWER, MORE)
            }

        total = exactly(once)
    growth = total[str(MORE)] / total[str(FEWER)]
    how = f"`run wordcount` over {len(content)} bytes of English, result checked; -icount shift=0"
    return [
        *(
            Figure(f"wordcount_instructions_{cores}", value, "instructions",
                   f"{how}, instructions of all cores, CORES={cores}")
            for cores, value in total.items()
        ),
        Figure("wordcount_growth", growth, "", f"{how}, all instructions,"
               f" CORES={MORE} over CORES={FEWER}"),
    ]  # fmt: skip


def measure_wall(board: Board) -> list[Figure]:
    if host.cpus() < 2:
        return [host.figure("host_speedup", 1.0)]  # by which nothing is judged
    content = text() * WALL_COPIES
    wanted = expected(content)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    parallel = []
    with folder({TEXT: content}) as apps:
        before = host.ticks()
        for _ in range(PAIRS):
            parallel.append(host.speedup())
            for cores, taken in seconds.items():
                output = count(board, cores, Mode.STRESS, apps, wanted)
                taken.append(between(output, "us") / 1e6)
        after = host.ticks()
    share = {name: after[name] - before[name] for name in before}
    idle, steal = (100 * share[name] / (sum(share.values()) or 1) for name in ("idle", "steal"))
    one, two = (statistics.median(taken) for taken in seconds.values())
    how = (
        f"`run wordcount` over {len(content)} bytes of English, result checked, cores on 2 host"
        f" CPUs, median of {PAIRS} interleaved runs: {one:.2f} s on 1 core, {two:.2f} s on 2;"
        f" host meanwhile {idle:.0f} % idle, {steal:.0f} % stolen"
    )
    return [
        Figure("wordcount_speedup", one / two, "", how),
        host.figure("host_speedup", statistics.median(parallel)),
    ]
