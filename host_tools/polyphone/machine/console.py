"""A guest's serial console as a program sees it: prompts, commands, their output.

Every wait has a timeout, which is a hang detector, not a performance target. When
one strikes, or the machine ends too early, the error shows the end of the console
log, the panic reports in it with symbols and, while there is a machine, every
core's registers.
"""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pexpect
from pexpect.fdpexpect import fdspawn

from polyphone import symbolize
from polyphone.machine import crash
from polyphone.machine.qemu import Machine

PROMPT = "poly> "
PYTHON_PROMPT = ">>> "
TIMEOUT_S = 60.0
TAIL_LINES = 40
CTRL_C, CTRL_D = "\x03", "\x04"
LOG_LAG_S = 0.5  # QEMU writes the log after the console itself
LOG_POLL_S = 0.01
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class ConsoleError(AssertionError):
    """The guest did not do in time what was waited for; the text shows what it did."""


@dataclass(frozen=True)
class Result:
    """What a shell command printed (lines end in a newline) and its status."""

    output: str
    status: int

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()


class _Stream(fdspawn):  # type: ignore[type-arg]
    received = 0  # characters; bytes are as many or more

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> str:
        text = str(super().read_nonblocking(size, timeout))
        self.received += len(text)
        return text


class Console:
    """Starts a machine and holds its console; `log` records all that the guest writes."""

    def __init__(self, machine: Machine, log: Path, timeout_s: float = TIMEOUT_S) -> None:
        self.machine = machine
        self.log = log
        self.timeout_s = timeout_s
        log.parent.mkdir(parents=True, exist_ok=True)
        self._errors = machine.folder / "qemu.err"
        # Pipes, because sockets have room for few messages of one byte each, and what QEMU
        # must write again it logs again.
        stdin, self._input = os.pipe()
        self._output, stdout = os.pipe()
        with self._errors.open("wb") as errors:
            machine.start(log, stdin=stdin, stdout=stdout, stderr=errors)
        os.close(stdin)
        os.close(stdout)
        self.stream = _Stream(
            self._output, timeout=timeout_s, encoding="utf-8", codec_errors="replace"
        )

    def send(self, text: str) -> None:
        """Type `text` as it is."""
        data = text.encode()
        while data:
            data = data[os.write(self._input, data) :]

    def expect(self, pattern: str, timeout_s: float | None = None, what: str = "") -> str:
        """Wait for a regular expression; the text before it. ConsoleError if it does not come,
        which calls it `what`."""
        what = what or repr(pattern)
        try:
            self.stream.expect(pattern, timeout=timeout_s or self.timeout_s)
        except pexpect.TIMEOUT:
            self.fail(f"no {what} within {timeout_s or self.timeout_s:g} s")
        except pexpect.EOF:
            self.fail(f"the machine ended with status {self.machine.wait(10)} before {what}")
        return str(self.stream.before)

    @property
    def matched(self) -> re.Match[str]:
        """What the last expect() matched."""
        match = self.stream.match
        assert isinstance(match, re.Match)
        return match

    def expect_prompt(self, timeout_s: float | None = None) -> str:
        """Wait for the shell's prompt; the text before it."""
        return self._until_prompt(PROMPT, timeout_s)

    def run(self, command: str, timeout_s: float | None = None) -> Result:
        """Run a shell command at the prompt; its output, and its status as `status` tells it."""
        output = self.command(command, timeout_s)
        answer = self.command("status", timeout_s).strip()
        if not answer.isdecimal():
            self.fail(f"`status` answered {answer!r} after {command!r}")
        return Result(output, int(answer))

    def command(self, line: str, timeout_s: float | None = None, prompt: str = PROMPT) -> str:
        """Type a line at the prompt; what is printed until the next prompt, without the echo."""
        self.send(line + "\r")
        # A prompt that stands before the echo was drawn again, below a line of another core.
        echo = re.escape(line) if line.isprintable() else ""
        self.expect(echo + r"\r\n", timeout_s, f"echo of {line!r}")
        return self._until_prompt(prompt, timeout_s)

    def _until_prompt(self, prompt: str, timeout_s: float | None) -> str:
        # Nothing behind it, but perhaps before it: output need not end with a newline.
        text = self.expect(re.escape(prompt) + r"\Z", timeout_s, f"prompt {prompt!r}")
        return ESCAPES.sub("", text).replace("\r\n", "\n")

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait until the machine ends; its exit status. ConsoleError if it does not."""
        try:
            self.stream.expect(pexpect.EOF, timeout=timeout_s or self.timeout_s)
        except pexpect.TIMEOUT:
            self.fail(f"the machine did not end within {timeout_s or self.timeout_s:g} s")
        return self.machine.wait(self.timeout_s)

    def panics(self) -> list[str]:
        """The panic reports so far, with symbols."""
        found = symbolize.reports(self.text())
        if not found:
            return []
        symbols = symbolize.Symbols(self.machine.setup.board.image)
        return [symbolize.annotate(report, symbols) for report in found]

    def text(self) -> str:
        """All that the guest has written so far."""
        end = time.monotonic() + LOG_LAG_S
        while not self.log.exists() or self.log.stat().st_size < self.stream.received:
            if time.monotonic() > end:
                break
            time.sleep(LOG_POLL_S)
        if not self.log.exists():
            return ""
        return self.log.read_bytes().decode(errors="replace").replace("\r\n", "\n")

    def fail(self, problem: str) -> NoReturn:
        """Raise ConsoleError(problem) with all that helps to find its cause."""
        parts = [problem, f"reproduce: {self.machine.reproduction()}", *self.panics()]
        tail = self.text().splitlines()[-TAIL_LINES:]
        parts += [f"end of {self.log}:", *tail]
        if self.machine.running():
            try:
                registers = self.machine.registers()
                symbols = symbolize.Symbols(self.machine.setup.board.image)
                parts += [*crash.places(registers, symbols), "registers:", registers]
            except Exception as error:  # a hung QEMU must not hide the problem itself
                parts.append(f"(no registers: {error!r})")
        errors = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        if errors:
            parts += ["QEMU says:", errors]
        raise ConsoleError("\n".join(parts))

    def close(self) -> None:
        """End the machine and the console."""
        self.machine.stop()
        for end in (self._input, self._output):
            if end >= 0:
                os.close(end)
        self._input = self._output = -1


class CoreRepl:
    """Python on one core, through the shell's `repl CORE`; used in a `with` at the prompt."""

    def __init__(self, console: Console, core: int) -> None:
        self.console = console
        self.core = core

    def __enter__(self) -> "CoreRepl":
        self.console.command(f"repl {self.core}", prompt=PYTHON_PROMPT)
        return self

    def run(self, line: str, timeout_s: float | None = None) -> str:
        """Run one line of Python on the core; what it printed."""
        return self.console.command(line, timeout_s, PYTHON_PROMPT)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.console.send(CTRL_D)
            self.console.expect_prompt()
