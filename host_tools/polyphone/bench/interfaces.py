"""How long `poly idl` takes for an interface file with many messages, on the host."""

import resource
import subprocess
import sys

from polyphone.bench.figures import Figure
from polyphone.bench.guest import BenchError
from polyphone.machine.place import Folder

MESSAGES = 1_000
RUNS = 3
# In turns: each kind of message, and arguments of each kind.
SHAPES = (
    "message m{}(uint32 a, uint64 b);",
    "event e{}(uint32 count, bool last);",
    "rpc r{}(in uint32 a, in String s[200], out uint8 b[n, 100], out bool ok);",
    "rpc q{}(in point p, out point q[n, 8]);",
)


def text() -> str:
    """An interface with MESSAGES messages, events and rpcs."""
    lines = [SHAPES[number % len(SHAPES)].format(number) for number in range(MESSAGES)]
    types = "typedef struct { int32 x; int32 y; } point;"
    return "interface many {\n" + "\n".join([types, *lines]) + "\n};\n"


def measure() -> list[Figure]:
    """The whole command, from its start to the written module; the best of some runs. Time of
    the CPU, as other work on the host takes none of it."""
    taken = []
    with Folder() as folder:
        file = folder / "many.if"
        file.write_text(text(), encoding="ascii")
        command = [sys.executable, "-m", "polyphone.cli", "idl", "-o", str(folder), str(file)]
        for _ in range(RUNS):
            before = children_cpu_s()
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            taken.append(children_cpu_s() - before)
            if result.returncode:
                raise BenchError(f"poly idl failed: {result.stderr[-400:]}")
    how = (
        f"`poly idl -o`, {MESSAGES} messages to a module, the host's CPU time, best of {RUNS} runs"
    )
    return [Figure("idl_1000_messages_s", min(taken), "s", how)]


def children_cpu_s() -> float:
    """What our processes that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
