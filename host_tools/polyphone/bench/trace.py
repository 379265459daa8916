"""Counts the instructions that a machine truly executes, and sees when it sleeps.

QEMU's own count under -icount is guest time and goes on while all cores sleep. Here
each translated block holds one instruction (-singlestep) and QEMU logs each block
that it enters (-d exec,nochain) into a pipe, which a thread counts: one to two
million a second.
"""

import os
import re
import subprocess
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from polyphone.bench.guest import BenchError
from polyphone.machine.console import PROMPT
from polyphone.machine.qemu import Machine, Setup

CHUNK_BYTES = 1 << 20
ENTERED = b"\nTrace "
LEFT_BEFORE_ITS_START = b"\nStopped execution of TB"  # logged as entered, not executed
# "Trace 0: 0x7f... [flags and such/address/...]": the address of what is entered.
ADDRESS = re.compile(rb"\nTrace \d+: [^[\n]*\[[0-9a-f]+/([0-9a-f]+)/")
LEFT_ADDRESS = re.compile(rb"\nStopped execution of TB chain before 0x[0-9a-f]+ \[([0-9a-f]+)\]")
ASLEEP_S = 0.5  # so long without an instruction: all cores sleep
DEADLINE_S = 60.0


def executed(log: bytes, core: int | None = None) -> int:
    """Instructions, of one core or of all, in a piece of the log that starts at the newline
    before a line."""
    if core is None:
        return log.count(ENTERED) - log.count(LEFT_BEFORE_ITS_START)
    entered = ENTERED + b"%d:" % core
    left = re.findall(entered + b"[^\n]*" + LEFT_BEFORE_ITS_START, log)
    return log.count(entered) - len(left)


def addresses(log: bytes) -> Counter[int]:
    """How often the instruction at each address was executed, of all cores, in such a piece."""
    counts = Counter(ADDRESS.findall(log))
    counts.subtract(LEFT_ADDRESS.findall(log))
    return Counter({int(address, 16): count for address, count in counts.items()})


class TracedMachine(Machine):
    """A machine whose executed instructions, of one core or of all, are counted from reset on."""

    def __init__(self, setup: Setup, core: int | None = None) -> None:
        super().__init__(setup)
        self._core = core
        self._pipe = self.folder / "trace"
        self._counter = threading.Thread(target=self._count)
        self.executed = 0
        os.mkfifo(self._pipe)

    def __enter__(self) -> Self:
        return self

    def command(self, log: Path | None = None, terminal: bool = False) -> list[str]:
        traced = ["-singlestep", "-d", "exec,nochain", "-D", str(self._pipe)]
        return [*super().command(log, terminal), *traced]

    def start(self, log: Path | None = None, terminal: bool = False, **streams: Any) -> None:
        self._counter.start()
        super().start(log, terminal, **streams)

    def _count(self) -> None:
        rest = b"\n"
        with open(self._pipe, "rb", buffering=0) as trace:
            while piece := trace.read(CHUNK_BYTES):
                rest += piece
                # The last line stays: the next one may take it back.
                end = rest.rfind(b"\n", 0, rest.rfind(b"\n"))
                if end < 0:
                    continue
                self._take(rest[:end])
                rest = rest[end:]
        self._take(rest[: rest.rfind(b"\n")])

    def _take(self, log: bytes) -> None:
        """Called with each piece of the log in its turn, as executed() wants it."""
        self.executed += executed(log, self._core)

    def count_all(self) -> None:
        """After the machine's end: wait until all that it executed is counted."""
        self._counter.join()

    def stop(self) -> None:
        if self._counter.is_alive() and self.process is None:
            os.close(os.open(self._pipe, os.O_WRONLY))  # ends the wait for a writer
        super().stop()
        if self._counter.ident is not None:
            self._counter.join()


class ProfiledMachine(TracedMachine):
    """A traced machine that also counts each address."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.addresses: Counter[int] = Counter()

    def _take(self, log: bytes) -> None:
        super()._take(log)
        self.addresses.update(addresses(log))


def run_commands(machine: TracedMachine) -> None:
    """Run the boot arguments' commands to their end, all of it counted. BenchError unless the
    last one's status is 0."""
    machine.start(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert machine.process is not None and machine.process.stdout is not None
    output = machine.process.stdout.read()
    status = machine.wait()
    machine.count_all()
    if status:
        line = machine.setup.arguments["exec"]
        raise BenchError(f"'{line}' ended with status {status}: {output.decode()}")


def with_commands(setup: Setup, line: str) -> Setup:
    """The same machine, which runs these shell commands and ends."""
    return replace(setup, arguments={**setup.arguments, "exec": line})


def at_prompt(machine: TracedMachine) -> int:
    """Start the machine; instructions from reset until it sleeps at the shell's prompt."""
    machine.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert machine.process is not None
    read_until(PROMPT, machine.process)
    return until_asleep(machine)


def read_until(prompt: str, process: subprocess.Popen[bytes]) -> None:
    """Read what a guest writes until its prompt. BenchError if it ends before."""
    assert process.stdout is not None
    seen = b""
    while not seen.endswith(prompt.encode()):
        piece = process.stdout.read1()  # type: ignore[attr-defined]
        if not piece:
            raise BenchError(f"the guest ended before its prompt: {seen.decode()[-500:]}")
        seen += piece


def until_asleep(machine: TracedMachine) -> int:
    """Instructions since reset, once no core has executed one for ASLEEP_S."""
    deadline = time.monotonic() + DEADLINE_S
    before, now = -1, machine.executed
    while before != now:
        if time.monotonic() > deadline:
            raise BenchError(f"the cores do not sleep: {now} instructions so far")
        time.sleep(ASLEEP_S)
        before, now = now, machine.executed
    return now
