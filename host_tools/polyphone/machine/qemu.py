"""One emulated machine: its QEMU process, from the files in its RAM to its exit status.

A Machine owns a temporary folder (boot block, ROMFS) and at most one QEMU process;
stop(), or leaving the `with`, ends both, and QEMU ends with this process, whatever ends
that. Who reads the guest's console is decided by how it is started: `console.py` for
tests, the terminal for `poly run`, a pipe for `poly exec`.
"""

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

from polyphone import process
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import layout, romfs
from polyphone.image.boot_block import (
    EXIT_ON_PANIC,
    INPUT_ENDED,
    INPUT_FRAMED,
    INPUT_IS_DATA,
    BootBlock,
)
from polyphone.machine.monitor import Monitor
from polyphone.machine.place import Folder

CORES_DEFAULT = 4
MEM_DEFAULT = 16 * layout.MIB
SEED_MAX = 0xFFFF_FFFF
SPIN_US = 20  # polling before sleep pays only while the peer runs on another host CPU
# The machine hands its status to QEMU's exit device as the complement: QEMU's own 0, after a
# signal or a `quit`, and its 1, after an error, cannot be taken for the machine's success.
STATUS_MASK = 0xFF
STATUS_ENDED = 255  # QEMU ended, and not by the machine
QUIT = "host-qmp-quit"  # QEMU's word for a `quit` of its monitor, and for Ctrl-A X


class Mode(Enum):
    """How QEMU runs the cores."""

    STRESS = "stress"  # a host thread each: real concurrency
    SINGLE = "single"  # in turns on one host thread
    EXACT = "exact"  # in turns, time is the count of instructions: repeatable to the digit


class Input(Enum):
    """What comes in at the serial line; the value: how the cores are told."""

    KEYS = 0  # as somebody types it
    LINES = INPUT_FRAMED  # the same, from a Feed: it has an end, which ends the shell
    DATA = INPUT_FRAMED | INPUT_IS_DATA  # bytes for programs, from a Feed
    NOTHING = INPUT_IS_DATA | INPUT_ENDED


ACCELERATION = {
    Mode.STRESS: ["-accel", "tcg,thread=multi"],
    Mode.SINGLE: ["-accel", "tcg,thread=single"],
    Mode.EXACT: ["-icount", "shift=0,sleep=off"],
}

SERIAL_PIPE = ["-chardev", "stdio,id=console,signal=off"]
# On a terminal the monitor shares it: Ctrl-A C switches, Ctrl-A X quits.
SERIAL_TERMINAL = ["-chardev", "stdio,id=console,signal=off,mux=on"]
MONITOR_TERMINAL = ["-mon", "chardev=console,mode=readline"]


@dataclass(frozen=True)
class Setup:
    """What a machine is made of."""

    board: Board
    cores: int = CORES_DEFAULT
    mem: int = MEM_DEFAULT  # private RAM per core
    apps: Path | None = None  # the folder that cores see as /rom
    system: Path | None = None  # the file that `arguments` come from
    mode: Mode = Mode.STRESS
    seed: int | None = None  # of delays at random, in every core; None: there are none
    arguments: dict[str, Any] = field(default_factory=dict)  # the boot arguments
    input: Input = Input.KEYS

    def spin_us(self) -> int:
        """How long a wait polls: not at all where no peer can make progress meanwhile."""
        crowded = self.cores > len(os.sched_getaffinity(0))
        return SPIN_US if self.mode is Mode.STRESS and not crowded else 0

    def consoles_lead_out(self) -> bool:
        """Whether the host reaches the cores' own consoles. Not where nobody could in time:
        while commands from the boot arguments run, and in exact mode, where input from
        outside has no place."""
        return self.mode is not Mode.EXACT and "exec" not in self.arguments

    def reproduction(self) -> str:
        """A command for a shell that starts this machine on a terminal, or runs its commands."""
        words = ["build/venv/bin/poly", "run", "--board", self.board.name]
        words += ["--cores", str(self.cores), "--mem", layout.size_text(self.mem)]
        words += ["--mode", self.mode.value]
        if self.apps is not None:
            words += ["--apps", str(self.apps)]
        if self.system is not None:
            words += ["--system", str(self.system)]
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        if "exec" in self.arguments:
            words[1:2] = ["exec"]
            words.append(self.arguments["exec"])
        return shlex.join(words)


class Machine:
    """A machine with the image of its board, which must have been built."""

    def __init__(self, setup: Setup, debug: bool = False) -> None:
        """With `debug`, the cores wait for a debugger on TCP port `gdb_port`."""
        self.setup = setup
        self._gdb = _listener() if debug else None
        self.gdb_port: int | None = self._gdb.getsockname()[1] if self._gdb else None
        if not setup.board.image.exists():
            raise UserError(
                f"{setup.board.name} is not built: make build BOARD={setup.board.name}"
            )
        rom = romfs.pack(setup.apps)
        self.layout = layout.plan(setup.board, setup.cores, setup.mem, len(rom))
        self._folder = Folder()
        self.folder = self._folder.path
        self.process: subprocess.Popen[bytes] | None = None
        self._monitor = Monitor()
        self._write_files(rom)

    def _write_files(self, rom: bytes) -> None:
        place = self.layout
        block = BootBlock(
            core_count=self.setup.cores,
            spin_us=self.setup.spin_us(),
            private_base=place.private_base,
            private_bytes=place.private_bytes,
            shared_base=place.shared_base,
            shared_bytes=place.shared_bytes,
            romfs_base=place.romfs_base,
            romfs_bytes=place.romfs_bytes,
            seed=self.setup.seed or 0,
            flags=self.setup.input.value
            | (EXIT_ON_PANIC if "exec" in self.setup.arguments else 0),
            arguments=self.setup.arguments,
        )
        (self.folder / "boot.bin").write_bytes(block.pack())
        (self.folder / "romfs.bin").write_bytes(rom)

    def command(self, log: Path | None = None, terminal: bool = False) -> list[str]:
        """QEMU's command line. `log` records the console; `terminal`: a person sits at it."""
        board, place = self.setup.board, self.layout
        serial = list(SERIAL_TERMINAL if terminal else SERIAL_PIPE)
        if log is not None:
            serial[-1] += f",logfile={_quoted(log)},logappend=off"
        debug = []
        if self._gdb is not None:
            debug = ["-S", "-chardev", f"socket,id=gdb,fd={self._gdb.fileno()},server=on,wait=off"]
            debug += ["-gdb", "chardev:gdb"]
        return [
            board.qemu["system"],
            *("-machine", board.qemu["machine"]),
            *("-cpu", board.qemu["cpu"]),
            *("-smp", str(self.setup.cores)),
            *("-m", f"{place.ram_bytes // layout.MIB}M"),
            *ACCELERATION[self.setup.mode],
            *board.qemu["arguments"],
            *("-display", "none", "-no-reboot"),
            *serial,
            *("-serial", "chardev:console"),
            *(MONITOR_TERMINAL if terminal else ["-monitor", "none"]),
            *("-chardev", f"socket,id=qmp,fd={self._monitor.theirs},server=off"),
            *("-mon", "chardev=qmp,mode=control"),
            *self._own_consoles(),
            *debug,
            *("-kernel", str(board.image)),
            *_load(self.folder / "boot.bin", place.boot_block),
            *_load(self.folder / "romfs.bin", place.romfs_base),
        ]

    def _own_consoles(self) -> list[str]:
        """A device for each core's own console, as far as there are slots for them."""
        setup = self.setup
        kind = "pty" if setup.consoles_lead_out() else "null"
        words = ["-global", "virtio-mmio.force-legacy=false"]
        for core in range(setup.cores):
            slot = setup.board.console_slot(core)
            if slot is not None:
                words += ["-chardev", f"{kind},id=core{core}"]
                words += ["-device", f"virtio-serial-device,id=serial{core},max_ports=2,"
                          f"bus=virtio-mmio-bus.{slot}"]  # fmt: skip
                words += ["-device", f"virtserialport,bus=serial{core}.0,nr=1,chardev=core{core}"]
        return words

    def consoles(self) -> dict[int, Path]:
        """The terminal device of each core's own console, by core."""
        found = {}
        for device in self.qmp("query-chardev", {})[0]:
            kind, _, terminal = device["filename"].partition(":")
            if kind == "pty" and device["label"].startswith("core"):
                found[int(device["label"].removeprefix("core"))] = Path(terminal)
        return dict(sorted(found.items()))

    def link_consoles(self, folder: Path) -> dict[int, Path]:
        """Make `folder`/core<N> lead to each core's own console; the links, by core."""
        folder.mkdir(parents=True, exist_ok=True)
        links = {}
        for core, terminal in self.consoles().items():
            links[core] = folder / f"core{core}"
            links[core].symlink_to(terminal)
        return links

    def reproduction(self) -> str:
        """A command for a shell that starts the same machine on a terminal."""
        return self.setup.reproduction()

    def start(self, log: Path | None = None, terminal: bool = False, **streams: Any) -> None:
        """Start QEMU, from the main thread; `streams` are Popen's stdin, stdout, stderr."""
        assert self.process is None, "a machine starts once"
        command = self.command(log, terminal)
        inherited = [self._monitor.theirs, *([self._gdb.fileno()] if self._gdb else [])]
        try:
            self.process = process.start(command, pass_fds=inherited, **streams)
        except FileNotFoundError:
            raise UserError(f"{command[0]} is not installed: make setup") from None
        self._monitor.started()

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit status that the machine gave itself, once it has ended. Where QEMU ended
        otherwise: 128 + n after signal n, else 255, and `fault()` says what it was.

        subprocess.TimeoutExpired if it has not ended."""
        assert self.process is not None
        status = self.process.wait(timeout_s)
        self._monitor.hear(ended=True)
        if status < 0:
            return 128 - status
        said = self._monitor.greeted and not self._monitor.ended_by
        return status ^ STATUS_MASK if said else STATUS_ENDED

    def fault(self) -> str:
        """What ended QEMU after wait(); "" if the machine did."""
        assert self.process is not None and self.process.returncode is not None
        status, ended_by = self.process.returncode, self._monitor.ended_by
        if status < 0:
            return f"QEMU was ended by {_signal_name(-status)}"
        if ended_by:
            return f"QEMU was ended from outside ({ended_by})"
        return "" if self._monitor.greeted else "QEMU could not start the machine"

    def was_quit(self) -> bool:
        """Whether it ended by Ctrl-A X, or `quit` of QEMU's monitor."""
        return self._monitor.ended_by == QUIT

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def monitor_command(self, line: str) -> str:
        """The answer of QEMU's human monitor to `line`."""
        return self.monitor_commands([(line, 0)])[0]

    def monitor_commands(self, lines: Sequence[tuple[str, int]]) -> list[str]:
        """Its answers to lines that are each about a core."""
        arguments = [{"command-line": line, "cpu-index": core} for line, core in lines]
        return [str(answer) for answer in self.qmp("human-monitor-command", *arguments)]

    def qmp(self, command: str, *arguments: dict[str, Any]) -> list[Any]:
        """The answers of QEMU to a command of its machine protocol, with each of these.

        UserError if they do not come in time."""
        return self._monitor.ask(command, arguments)

    def hear(self) -> None:
        """Take what QEMU says unasked, which would pile up in it."""
        self._monitor.hear()

    def physical_memory(self, address: int, length: int) -> bytes:
        """What the machine's RAM holds there."""
        file = self.folder / "memory"
        try:
            where = {"val": address, "size": length, "filename": str(file)}
            self._monitor.ask("pmemsave", [where])
        except UserError as error:
            raise UserError(f"QEMU does not give its memory at {address:#x}: {error}") from None
        content = file.read_bytes()
        file.unlink()
        return content

    def registers(self) -> str:
        """The registers of every core."""
        return self.monitor_command("info registers -a")

    def stop(self) -> None:
        """End QEMU if it runs, and remove the machine's files. May be called again."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        pass  # input that the guest never read
        try:
            self._monitor.close()
        finally:
            if self._gdb is not None:
                self._gdb.close()
            self._folder.remove()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _load(file: Path, address: int) -> list[str]:
    return ["-device", f"loader,file={_quoted(file)},addr={address:#x},force-raw=on"]


def _quoted(path: Path) -> str:
    """A path as a value of a QEMU option, where a comma ends it unless doubled."""
    return str(path).replace(",", ",,")


def _listener() -> socket.socket:
    """A socket at a free TCP port of this host. Ours from the start and handed to QEMU: nobody
    takes the port meanwhile, and who connects early waits."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is accepted has it too
    return listener


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
