"""What the host gives just now: figures of wall time mean nothing without it."""

import os
import subprocess
import time
from pathlib import Path

from polyphone import paths
from polyphone.bench.figures import Figure

LOOP_PASSES = 20_000_000  # about half a second


def cpus() -> int:
    """How many we may use."""
    return len(os.sched_getaffinity(0))


def figure(name: str, value: float) -> Figure:
    how = "two loops on the host at once against one after the other, interleaved with the runs"
    return Figure(name, value, "", f"what the host gives: {how}")


def speedup() -> float:
    """What two CPUs of the host are worth just now: 2 if both are ours, 1 if we share one."""
    if cpus() < 2:
        return 1.0
    command = [str(paths.PYTHON), "-c", f"for _ in range({LOOP_PASSES}): pass"]
    start = time.monotonic()
    for _ in range(2):
        subprocess.run(command, check=True)
    middle = time.monotonic()
    both = [subprocess.Popen(command) for _ in range(2)]
    for process in both:
        process.wait()
    return (middle - start) / (time.monotonic() - middle)


def ticks() -> dict[str, int]:
    """What the host's CPUs have done since they started, by kind of time."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    return dict(zip(names, map(int, fields), strict=False))
