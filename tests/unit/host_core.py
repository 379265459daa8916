"""N cores in one process: stand-ins for the C modules, over the ring of kernel/cpu/ump.c.

    with Machine(library, cores=4, root=folder) as machine:
        machine.type("cores\n"); machine.run_until(...); machine.text()

Each core is a thread, but only one runs at a time: it hands the turn back wherever it
waits or touches another core, and a seed chooses who is next. Time is counted in turns
and jumps to the next deadline when all cores wait; all waiting for ever is an error.
Where bytecode would jump or return is a boundary, in programs and in the kernel's own code:
callbacks run there, interrupts are raised, and sometimes another core has the turn.
"""

import ast
import builtins
import ctypes
import importlib
import io
import random
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from typing import Any

import host_calls
from ump_ring import CLOSED, LINE, PAYLOAD, PEER_DIED, Consumer, Producer
from ump_trains import DOORBELLS, LEVELS, MESSAGE_MAX, Bells, Receiver, Sender

KERNEL = Path(__file__).resolve().parents[2] / "kernel"
URGENT = 64
SCHEDULER_DEPTH = 8
STARTING, ONLINE, DEAD, STOPPED = range(4)
NOT_READY = 0xFFFFFFFF
PANICS_KEPT = 16
PAGE = 4096
TURN_US = 20
PROGRAM_RARITY, KERNEL_RARITY = 8, 16  # of a turn of others at a boundary
LIMIT_TURNS = 200_000  # a hang detector


class PowerOff(BaseException):
    """The machine was switched off, or the core restarted: ends a core's thread."""


class Here(threading.local):
    """`core`: whose thread this is. A life that is over does nothing more, nor its `finally`."""

    life: Any = None

    @property
    def core(self) -> Any:
        if self.life is None:
            raise AttributeError("no core's thread")
        if getattr(self.life, "over", False):  # a test's own stand-in has no lives
            raise PowerOff
        return self.life

    @core.setter
    def core(self, life: Any) -> None:
        self.life = life

    @core.deleter
    def core(self) -> None:
        self.life = None


here = Here()


@contextmanager
def acting_as(core: Any) -> Iterator[None]:
    """The stand-ins, called from the test's own thread, act on this core."""
    here.core = core
    try:
        yield
    finally:
        del here.core


class Control:
    """A core's control page: what outlives a life."""

    def __init__(self, cores: int) -> None:
        self.state = STARTING
        self.generation = 0
        self.panics_us: list[float] = []
        self.met = [0] * cores
        self.untold = 0
        self.turns = 0
        self.claim: tuple[int, int, int] | None = None  # whose life, by whom in which life
        self.ready = [0] * cores


class HostCore:
    """What the CPU driver keeps for one life of one core."""

    def __init__(self, machine: "Machine", number: int, control: Control) -> None:
        self.machine = machine
        self.number = number
        self.control = control
        self.over = False
        self.restarts = False  # the next turn is the next life's
        self.kernel: Any = None
        self.urgent: set[int] = set()
        self.bells = Bells(machine.library)
        self.callback: Callable[[None], None] | None = None
        self.scheduled: list[tuple[Callable[[Any], None], Any]] = []
        self.in_callback = False
        self.event = False
        self.interrupted = self.killing = False
        self.interrupts = 0
        self.deadline_us: float | None = 0
        self.alarm_us: float | None = None
        self.sources: Any = None  # of the module `calls`, as the next two
        self.port: Any = None
        self.due = False
        self.mapped: set[int] = set()
        self.heap_locks = 0
        self.heap_limit = 0
        self.input = bytearray()
        self.input_taken = 0  # of it, by programs here
        self.input_wanted = self.input_ended = False
        self.interrupt_char = -1
        self.route: tuple[Any, int, int] | None = None
        self.line = b""
        self.modules: dict[str, Any] = {}
        self.path: list[str] = []
        self.argv: list[str] = [""]
        self.folder = "/"
        self.main: dict[str, Any] = {}
        self.main_function: Callable[[], None] = lambda: None
        self.turn = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.failure: BaseException | None = None
        self.done = False

    @property
    def state(self) -> int:
        return self.control.state

    @property
    def generation(self) -> int:
        return self.control.generation

    def live(self) -> None:
        here.core = self
        self.turn.acquire()
        try:
            import poly.boot

            poly.boot.prepare()
            self.main_function()
        except PowerOff:
            pass
        except BaseException as error:
            self.failure = error
        self.done = True
        self.machine.back.release()

    # --- turns -----------------------------------------------------------------

    def hand_over(self, deadline_us: float | None = 0) -> None:
        """Let others run; until `deadline_us` or an event (None: an event only)."""
        self.deadline_us = deadline_us
        self.machine.back.release()
        self.turn.acquire()
        if self.machine.off or self.over or self.state >= DEAD:
            raise PowerOff

    def wait(self, deadline_us: float | None) -> None:
        self.flush()
        if self.alarm_us is not None and (deadline_us is None or self.alarm_us < deadline_us):
            deadline_us = self.alarm_us
        if not (self.event or self.scheduled):
            self.hand_over(deadline_us)
        self.event = False

    def boundary(self) -> bool:
        """What happens between two bytecodes; whether KeyboardInterrupt is due."""
        if self.in_callback:
            return False
        self.in_callback = True
        try:
            if self.urgent and self.callback:
                self.control.turns += 1
                self.callback(None)
            if self.scheduled:
                function, argument = self.scheduled.pop(0)
                function(argument)
        finally:
            self.in_callback = False
        due = self.interrupted or self.killing
        self.interrupted = False
        return due

    def boundary_raise(self) -> None:
        """As many turns of callbacks as there are callbacks waiting, and one."""
        for _ in range(1 + len(self.scheduled)):
            if self.boundary():
                raise KeyboardInterrupt

    def bytecode_boundary(self, rarity: int) -> None:
        """Where bytecode would jump; one of so many has a turn of others before it."""
        if not self.in_callback and threading.current_thread() is self.thread:
            if self.machine.random.randrange(rarity) == 0:
                self.hand_over()
            self.boundary_raise()

    # --- console -----------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self.route is None:
            if self.number == 0:
                self.machine.console += data
            return
        for byte in data:
            self.line += bytes((byte,))
            if byte == 10 or len(self.line) == PAYLOAD:
                self.flush()

    def flush(self) -> None:
        if self.route and self.line:
            channel, kind, reserve = self.route
            line, self.line = self.line, b""
            while not channel.dead() and not channel.try_send(line, kind, reserve):
                self.hand_over()
                self.boundary_raise()

    def feed(self, byte: int) -> bool:
        self.event = True
        if byte == self.interrupt_char:
            self.interrupted = True
            self.interrupts += 1
            self.urgent.add(self.number)
        elif len(self.input) == 256:
            return False
        else:
            self.input.append(byte)
        return True


class Machine:
    """A machine; the test's own thread deals out the turns."""

    def __init__(
        self,
        library: ctypes.CDLL,
        cores: int,
        root: Path,
        seed: int = 0,
        arguments: str = "{}",
        arena: int = 1 << 20,
    ) -> None:
        self.library = library
        self.root = root
        self.arguments = arguments
        self.arena = arena
        self.random = random.Random(seed)
        self.now_us = 0.0
        self.console = b""
        self.status: int | None = None
        self.off = False
        self.reports: dict[int, str] = {}
        pairs = cores * (cores - 1) // 2
        self.mesh = 0
        self.arenas = pairs * PAGE
        length = self.arenas + cores * arena
        self.memory = ctypes.create_string_buffer(length + PAGE)
        self.base = -(-ctypes.addressof(self.memory) // PAGE) * PAGE
        self.back = threading.Semaphore(0)
        controls = [Control(cores) for _ in range(cores)]
        self.cores = [HostCore(self, number, controls[number]) for number in range(cores)]

    def __enter__(self) -> "Machine":
        self.stdout = sys.stdout
        sys.stdout = Output(self.stdout)  # type: ignore[assignment]
        for core in self.cores:
            core.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.off = True
        for core in self.cores:
            while not core.done:
                core.turn.release()
                assert self.back.acquire(timeout=5), f"core {core.number} does not stop"
            core.thread.join()
        sys.stdout = self.stdout

    def step(self) -> None:
        """One turn of one core."""
        ready = [core for core in self.cores if self.may_run(core)]
        if not ready:
            ends = [core.deadline_us for core in self.cores if core.deadline_us is not None]
            ends = [end for core, end in zip(self.cores, ends, strict=False) if not core.done]
            assert ends, "all cores wait for ever:\n" + self.text()
            self.now_us = max(self.now_us, min(ends))
            ready = [core for core in self.cores if self.may_run(core)]
        core = self.random.choice(ready)
        self.now_us += TURN_US
        if core.restarts:
            self.begin_again(core)
            return
        core.turn.release()
        self.back.acquire()
        if core.failure:
            raise core.failure

    def begin_again(self, old: HostCore) -> None:
        """The next life of a core takes the place of this one: kernel/cpu/life.c."""
        old.over = True
        if not old.done:
            old.turn.release()
            self.back.acquire()
        control = old.control
        new = self.cores[old.number] = HostCore(self, old.number, control)
        control.ready = [NOT_READY] * len(self.cores)
        control.generation += 1
        control.state = STARTING
        for core in self.cores:
            if core is not new:
                control.met[core.number] = core.generation
                self.ring(core.number, new.number)
        new.thread.start()

    def may_run(self, core: HostCore) -> bool:
        if core.restarts:
            return True
        if core.done or core.state >= DEAD:
            return False
        return core.event or (core.deadline_us is not None and core.deadline_us <= self.now_us)

    def run_until(self, condition: Callable[[], Any]) -> None:
        for _ in range(LIMIT_TURNS):
            if condition():
                return
            self.step()
        raise AssertionError(f"nothing came of it in {LIMIT_TURNS} turns:\n" + self.text())

    def run_to_end(self) -> int:
        """Until it is switched off; the exit status."""
        self.run_until(lambda: self.status is not None)
        assert self.status is not None
        return self.status

    # --- the console ----------------------------------------------------------------

    def text(self) -> str:
        return self.console.decode(errors="replace").replace("\r\n", "\n")

    def type(self, text: str) -> None:
        for byte in text.encode():
            self.cores[0].feed(byte)

    def command(self, line: str) -> str:
        """What a command line typed at the prompt prints."""
        self.run_until(self.prompted)
        before = len(self.console)
        self.type(line + "\n")
        self.run_until(lambda: len(self.console) > before and self.prompted())
        text = self.console[before:].decode(errors="replace").replace("\r\n", "\n")
        return text.removeprefix(line + "\n").removesuffix("poly> ")

    def prompted(self) -> bool:
        return self.console.endswith(b"poly> ") and not self.cores[0].input

    # --- what tests do to cores --------------------------------------------------------

    def crash(self, number: int, report: str) -> None:
        """The core panics, as the CPU driver does it."""
        control = self.cores[number].control
        control.panics_us.append(self.now_us)
        control.state = DEAD
        self.reports[number] = report
        for core in self.cores:
            if core.number != number:
                self.ring(core.number, number)

    def restart(self, number: int) -> None:
        self.cores[number].restarts = True

    def ring(self, number: int, bell: int) -> None:
        core = self.cores[number]
        if bell < URGENT:
            core.urgent.add(bell)
        else:
            core.bells.latch(bell)
        core.event = True

    def leaks(self) -> list[str]:
        """What is still held of that which every program gives back."""
        found = []
        for core in self.cores:
            kernel = core.kernel
            if core.state != ONLINE:
                continue
            mesh = {page for page in core.mapped if page < self.arenas}
            for name, held in (
                ("regions", kernel.arena.taken),
                ("doorbells", kernel.doorbells.taken),
                ("children", kernel.children),
                ("pages", core.mapped - mesh),
                ("programs of links", [k for k, v in kernel.monitor.links.items() if v.child]),
                ("unanswered", [k for k, v in kernel.monitor.links.items() if v.asked]),
                ("records", kernel.monitor.bind and kernel.monitor.bind.records),
            ):
                if held:
                    found.append(f"core {core.number}: {name}: {held}")
        return found

    def host_path(self, path: str) -> Path:
        full = path if path.startswith("/") else here.core.folder + "/" + path
        return self.root / full.lstrip("/")


class Output(io.TextIOBase):
    """sys.stdout: to the core whose thread prints, else to where it went before."""

    def __init__(self, outside: Any) -> None:
        self.outside = outside
        self.buffer = OutputBytes()

    def write(self, text: str) -> int:
        core = getattr(here, "core", None)
        if core is None:
            return int(self.outside.write(text))
        core.write(text.replace("\n", "\r\n").encode())
        return len(text)

    def flush(self) -> None:
        pass


class OutputBytes:
    """MicroPython's write(buffer[, offset][, length])."""

    def write(self, data: Any, first: int | None = None, second: int | None = None) -> int:
        offset = first or 0 if second is not None else 0
        length = second if second is not None else first
        piece = bytes(data)[offset : None if length is None else offset + length]
        here.core.write(piece)
        return len(piece)


# --- ump ---------------------------------------------------------------------------------


class ChannelDied(OSError):
    pass


FAULTS = (
    None,
    "peer sent a bad length",
    "peer sent a bad sequence number",
    "peer acknowledged what was not sent",
    "peer sent an overlong train",
    "peer died",
    "closed",
)


class Channel:
    """One end of two C rings."""

    def __init__(
        self,
        offset: int,
        slots: int,
        side: int,
        bell: int,
        peer_core: int,
        peer_bell: int,
        always_ring: bool = False,
        longest: int = MESSAGE_MAX,
    ) -> None:
        machine = here.core.machine
        self.pages = range(offset, offset + self.region_bytes(slots), PAGE)
        self.open(machine.base + offset, slots, side, bell, peer_core, peer_bell, longest)
        self.always_ring = always_ring
        self.check_mapped()

    def open(
        self,
        address: int,
        slots: int,
        side: int,
        bell: int,
        peer_core: int,
        peer_bell: int,
        longest: int,
    ) -> None:
        self.core: HostCore = here.core
        self.machine = self.core.machine
        assert 0 <= bell < DOORBELLS and 0 <= peer_bell < DOORBELLS
        self.slots, self.peer, self.bell, self.peer_bell = slots, peer_core, bell, peer_bell
        self.always_ring = False
        self.memory: Any = None
        library = self.machine.library
        self.tx, self.rx = Producer(), Consumer()
        ring = 3 * LINE + slots * LINE
        library.ump_producer_open(ctypes.byref(self.tx), address + side * ring, slots)
        library.ump_consumer_open(ctypes.byref(self.rx), address + (1 - side) * ring, slots)
        self.sender = Sender(library, self.tx, longest)
        self.receiver = Receiver(library, self.rx, longest)
        self.longest = longest
        self.ended = 0

    @staticmethod
    def pair(
        slots: int, bell_a: int, bell_b: int, longest: int = MESSAGE_MAX
    ) -> "tuple[Channel, Channel]":
        memory = ctypes.create_string_buffer(2 * (3 * LINE + slots * LINE) + LINE)
        address = -(-ctypes.addressof(memory) // LINE) * LINE
        own = here.core.number
        ends = Channel.__new__(Channel), Channel.__new__(Channel)
        for side, (end, bell, other) in enumerate(
            zip(ends, (bell_a, bell_b), (bell_b, bell_a), strict=True)
        ):
            end.pages = range(0)
            end.open(address, slots, side, bell, own, other, longest)
            end.memory = memory
        return ends

    @staticmethod
    def region_bytes(slots: int) -> int:
        return -(-2 * (3 * LINE + slots * LINE) // PAGE) * PAGE

    def check_mapped(self) -> None:
        assert here.core is self.core, "a channel's end used by another core"
        for page in self.pages:
            assert page in self.core.mapped, f"core {self.core.number}: page {page:#x} not mapped"

    @property
    def kind(self) -> int:
        return self.receiver.kind

    def dead(self) -> int:
        return int(self.ended or self.rx.fault or self.tx.fault)

    def check_alive(self) -> None:
        if self.dead():
            raise ChannelDied(
                32, {PEER_DIED: "peer died", CLOSED: "closed"}.get(self.dead(), "broken")
            )

    def ring_peer(self) -> None:
        self.machine.ring(self.peer, self.peer_bell)

    def set_peer_bell(self, bell: int) -> None:
        self.peer_bell = bell

    # --- without waiting ---------------------------------------------------------

    def sent(self, anything: bool) -> None:
        if anything and (self.sender.must_ring() or self.always_ring):
            self.ring_peer()

    def post(self, buffer: Any, length: int, kind: int = 0) -> bool:
        self.check_mapped()
        if not 0 <= length <= min(len(buffer), self.longest):
            raise ValueError(
                f"message of {length} bytes, buffer of {len(buffer)}, at most {self.longest}"
            )
        self.check_alive()
        accepted, anything = self.sender.post(bytes(buffer[:length]), kind)
        self.sent(anything)
        self.check_alive()
        return accepted

    def push(self) -> bool:
        self.check_mapped()
        self.check_alive()
        ready, anything = self.sender.push()
        self.sent(anything)
        self.check_alive()
        return ready

    def unsent(self) -> bool:
        return bool(self.sender.outbox.waits)

    def position(self) -> int:
        return int(self.tx.sent)

    def taken(self, position: int) -> bool:
        self.check_mapped()
        while True:
            untaken = self.slots - self.credits()
            self.check_alive()
            if (self.tx.sent - untaken - position) % 2**32 < 2**31:
                self.sender.drains = False
                return True
            self.sender.drains = True
            if self.sender.armed:
                return False
            self.sender.arm(True)  # then look again

    def take_message(self) -> bytes | None:
        self.check_mapped()
        message = self.receiver.take()
        if self.receiver.must_ring:
            self.ring_peer()
        if message is None:
            self.check_alive()
        return message

    def take(self, buffer: Any) -> int:
        if len(buffer) < self.longest:
            raise ValueError(f"messages of up to {self.longest} bytes, buffer of {len(buffer)}")
        message = self.take_message()
        if message is None:
            return -1
        buffer[: len(message)] = message
        return len(message)

    def arm(self) -> bool:
        self.check_mapped()
        if self.receiver.arm():
            return True
        if self.dead():
            self.receiver.sleep(False)
            return True
        return False

    def disarm(self) -> None:
        self.check_mapped()
        self.receiver.sleep(False)

    def credits(self) -> int:
        return self.sender.credits()

    def try_send(self, message: Any, kind: int = 0, reserve: int = 0) -> bool:
        self.check_mapped()
        slots = max(-(-len(message) // PAYLOAD), 1)
        assert slots + reserve <= self.slots
        self.check_alive()
        if self.sender.outbox.waits and not self.push():
            return False
        return self.credits() >= slots + reserve and self.post(message, len(message), kind)

    def try_recv(self) -> bytes | None:
        if not self.core.in_callback:
            self.core.hand_over()
            self.core.boundary_raise()
        message = self.take_message()
        if message is not None:
            self.disarm()
        return message

    def try_recv_into(self, buffer: Any) -> int:
        message = self.take_message()
        if message is None:
            return -1
        self.disarm()
        return self.fill(buffer, message)

    def fill(self, buffer: Any, message: bytes) -> int:
        if len(message) > len(buffer):
            raise ValueError(f"message of {len(message)} bytes, buffer of {len(buffer)}")
        buffer[: len(message)] = message
        return len(message)

    # --- waiting -----------------------------------------------------------------

    def send(self, message: Any, kind: int = 0) -> None:
        while not self.post(message, len(message), kind):
            self.core.wait(None)
            self.core.boundary_raise()
        while not self.push() and self.sender.outbox.waits:
            self.core.wait(None)
            self.core.boundary_raise()
        self.core.hand_over()
        self.core.boundary_raise()

    def recv(self) -> bytes:
        while True:
            message = self.take_message()
            if message is not None:
                self.disarm()
                return message
            if not self.arm():
                self.core.wait(None)
            self.core.boundary_raise()

    def recv_into(self, buffer: Any) -> int:
        return self.fill(buffer, self.recv())

    # --- ends ----------------------------------------------------------------------

    def fault(self) -> str | None:
        return FAULTS[self.dead()]

    def die(self, reason: str = "") -> None:
        self.ended = self.ended or PEER_DIED
        self.core.event = True

    def abandon(self) -> None:
        self.ended = self.ended or PEER_DIED
        self.rx.fault = self.tx.fault = self.ended
        self.pages = range(0)
        self.core.event = True

    def close(self) -> None:
        self.ended = self.rx.fault = self.tx.fault = self.dead() or CLOSED


# --- cpu ---------------------------------------------------------------------------------


class Cpu(types.ModuleType):
    """The cpu module; a function acts on the core whose thread calls it."""

    URGENT, DOORBELLS, BELL_LEVELS = URGENT, DOORBELLS, LEVELS
    STARTING, ONLINE, DEAD, STOPPED = STARTING, ONLINE, DEAD, STOPPED
    PANICS_KEPT = PANICS_KEPT

    def core(self) -> int:
        return int(here.core.number)

    def cores(self) -> int:
        return len(here.core.machine.cores)

    def control(self, core: int | None = None) -> Control:
        own = here.core
        return own.machine.cores[own.number if core is None else core].control  # type: ignore[no-any-return]

    def generation(self, core: int | None = None) -> int:
        return self.control(core).generation

    def state(self, core: int) -> int:
        return self.control(core).state

    def known(self, core: int) -> bool:
        met = self.control().met[core]
        return self.generation(core) == met and self.state(core) <= ONLINE

    def meet(self, core: int, generation: int) -> bool:
        new = self.control().met[core] != generation
        self.control().met[core] = generation
        if new:
            self.ring(core, URGENT)
        return new

    def met_by(self, core: int) -> bool:
        return self.control(core).met[self.core()] == self.generation()

    def set_untold(self, count: int) -> None:
        self.control().untold = count

    def untold(self, core: int) -> bool:
        return self.control(core).untold != 0

    def turns(self, core: int) -> int:
        return self.control(core).turns

    def patience(self, ms: int) -> None:
        pass

    def companions(self, cores: Iterable[int]) -> None:
        pass

    def panics(self, core: int, period_ms: int) -> int:
        now_us = here.core.machine.now_us
        times = self.control(core).panics_us[-PANICS_KEPT:]
        return sum(now_us - time_us < period_ms * 1000 for time_us in times)

    def restart(self, core: int) -> None:
        own = here.core
        own.machine.restart(core)
        while core == own.number:
            own.hand_over()

    def revive(self, core: int) -> bool:
        control, own = self.control(core), here.core
        claim = control.claim
        counts = (
            claim is not None
            and claim[0] == control.generation
            and claim[2] == self.generation(claim[1])
            and self.state(claim[1]) <= ONLINE
        )
        dead = control.state == DEAD and not counts
        if dead:
            control.claim = (control.generation, own.number, own.generation)
            self.restart(core)
        return dead

    def give_up(self, core: int) -> bool:
        dead = self.state(core) == DEAD
        if dead:
            self.control(core).state = STOPPED
        return dead

    def undisturbed(self, function: Callable[[Any], Any], argument: Any) -> Any:
        core = here.core
        before, core.in_callback = core.in_callback, True
        try:
            return function(argument)
        finally:
            core.in_callback = before

    def online(self) -> None:
        self.control().state = ONLINE
        here.core.machine.ring(0, URGENT)

    def arguments(self) -> str:
        return str(here.core.machine.arguments)

    def board(self) -> str:
        return "host"

    def romfs(self) -> None:
        return None

    def private_bytes(self) -> int:
        return 16 << 20

    def instructions(self) -> int:
        return int(here.core.machine.now_us)

    def exit(self, status: int = 0) -> None:
        here.core.machine.status = status
        raise PowerOff

    def wait(self, timeout_ms: int = -1) -> None:
        core = here.core
        core.boundary_raise()
        core.wait(None if timeout_ms < 0 else core.machine.now_us + timeout_ms * 1000)
        core.boundary_raise()

    def stream_period(self, period_ms: int) -> None:
        pass

    def alarm(self, from_now_ms: int) -> None:
        core = here.core
        core.alarm_us = None if from_now_ms < 0 else core.machine.now_us + from_now_ms * 1000

    def on_start(self, function: Callable[[], None]) -> None:
        here.core.main_function = function

    def on_urgent(self, callback: Callable[[None], None]) -> None:
        here.core.callback = callback

    def take_urgent(self) -> int:
        if not here.core.urgent:
            return -1
        peer = min(here.core.urgent)
        here.core.urgent.remove(peer)
        return int(peer)

    def ring(self, core: int, bell: int) -> None:
        here.core.machine.ring(core, bell)

    def latch(self, bell: int) -> None:
        assert URGENT <= bell < DOORBELLS
        here.core.machine.ring(here.core.number, bell)

    def take_bell(self) -> int:
        return here.core.bells.take()  # type: ignore[no-any-return]

    def interrupt(self, again: bool = False) -> None:
        here.core.interrupted = here.core.event = True
        here.core.killing |= again

    def settle(self) -> None:
        here.core.interrupted = here.core.killing = False

    def interrupts(self) -> int:
        return int(here.core.interrupts)

    def report(self, core: int) -> str | None:
        return here.core.machine.reports.get(core)  # type: ignore[no-any-return]

    def mesh(self, core: int) -> int | None:
        low, high = sorted((core, here.core.number))
        page = int(here.core.machine.mesh + (high * (high - 1) // 2 + low) * PAGE)
        self.map(page, PAGE)
        if low == core:
            return page if self.control(low).ready[high] == self.generation() else None
        own = self.control()
        if own.ready[high] != own.met[high]:
            if not self.met_by(high):
                return None
            self.zero(page, PAGE)
            own.ready[high] = own.met[high]
            self.ring(high, URGENT)
        return page

    def arena(self, core: int | None = None) -> tuple[int, int]:
        machine = here.core.machine
        number = here.core.number if core is None else core
        return machine.arenas + number * machine.arena, machine.arena

    def map(self, offset: int, length: int) -> None:
        assert offset % PAGE == length % PAGE == 0
        here.core.mapped.update(range(offset, offset + length, PAGE))

    def unmap(self, offset: int, length: int) -> None:
        here.core.mapped.difference_update(range(offset, offset + length, PAGE))

    def zero(self, offset: int, length: int) -> None:
        ctypes.memset(here.core.machine.base + offset, 0, length)

    def shared(self, offset: int, length: int) -> memoryview:
        core = here.core
        for page in range(offset, offset + length, PAGE):
            assert page in core.mapped, f"core {core.number}: page {page:#x} not mapped"
        place = core.machine.base + offset
        return memoryview((ctypes.c_ubyte * length).from_address(place)).cast("B")

    def is_console(self) -> bool:
        return bool(here.core.number == 0)

    def output(self, channel: Any = None, kind: int = 0, reserve: int = 0) -> None:
        here.core.flush()
        here.core.route = channel and (channel, kind, reserve)

    def feed(self, data: Any, length: int = -1) -> int:
        taken, interrupts = 0, here.core.interrupts
        end = len(data) if length < 0 else length
        while taken < end and here.core.interrupts == interrupts and here.core.feed(data[taken]):
            taken += 1
        return taken

    def take_input(self, most: int = -1) -> Any:
        if most >= 0:
            taken = bytes(here.core.input[:most])
            del here.core.input[:most]
            return taken
        core = here.core
        if core.number and not core.input_wanted:
            core.input_wanted = True
            core.machine.ring(0, core.number)
        if not core.input:
            return -1
        core.input_taken += 1
        return core.input.pop(0)

    def unread(self, data: bytes) -> None:
        here.core.input[:0] = data

    def new_input(self, ended: bool) -> None:
        here.core.input.clear()
        here.core.input_ended, here.core.input_wanted = ended, False

    def end_input(self) -> None:
        here.core.input_ended = here.core.event = True

    def input_ended(self) -> bool:
        return here.core.input_ended and not here.core.input

    def input_taken(self, core: int) -> int:
        return int(here.core.machine.cores[core].input_taken)

    def input_wanted(self, core: int) -> bool:
        return bool(here.core.machine.cores[core].input_wanted)

    def interrupt_char(self, char: int) -> int:
        before = int(here.core.interrupt_char)
        here.core.interrupt_char = char
        waiting = bytes(here.core.input)
        here.core.input.clear()
        while waiting:
            waiting = waiting[self.feed(waiting) :]
        return before

    def serial_write(self, data: Any, *part: int) -> None:
        offset = part[0] if len(part) > 1 else 0
        length = part[-1] if part else len(data)
        here.core.machine.console += bytes(data)[offset : offset + length]

    def forget_scheduled(self) -> None:
        here.core.scheduled.clear()

    forget_programs = forget_scheduled

    def own_input(self) -> bool:
        return False  # these cores have no consoles of their own

    def on_own_input(self, callback: Callable[[], None]) -> None:
        pass

    def readline(
        self,
        prompt: str,
        complete: Callable[[str], list[str]],
        wait: Callable[[], None] | None = None,
    ) -> str | None:
        here.core.write(prompt.encode())
        line = b""
        while True:
            byte = self.take_input()
            if byte < 0:
                (wait or self.wait)()
            elif byte == 3:
                raise KeyboardInterrupt
            elif byte == 4 and not line:
                return None
            elif byte in b"\r\n":
                here.core.write(line + b"\r\n")
                return line.decode()
            else:
                line += bytes((byte,))

    def hide_line(self) -> bool:
        return False

    def show_line(self) -> None:
        pass

    def heap_limit(self, limit: int) -> None:
        here.core.heap_limit = limit

    def repl(self, wait: Callable[[], None]) -> None:
        while True:
            line = self.readline(">>> ", lambda text: [], wait)
            if line is None:
                return
            exec(compile(line, "<repl>", "single"), here.core.main)

    def this(self, kernel: Any = None) -> Any:
        if kernel is not None:
            here.core.kernel = kernel
        return here.core.kernel


# --- MicroPython's own modules, where CPython's differ ---------------------------------------


def now_us() -> int:
    return int(here.core.machine.now_us)


class Sys:
    """sys of one core."""

    def __getattr__(self, name: str) -> Any:
        if name in ("modules", "path", "argv"):
            return getattr(here.core, name)
        return getattr(sys, name)

    def print_exception(self, error: BaseException, file: Any = None) -> None:
        print(f"Traceback:\n{type(error).__name__}: {error}", file=file)


class Os:
    """os of one core: its own current folder, and the machine's files."""

    def sync(self) -> None:
        pass

    def getcwd(self) -> str:
        return str(here.core.folder)

    def chdir(self, path: str) -> None:
        from poly.paths import absolute

        if not here.core.machine.host_path(path).is_dir():
            raise OSError(2, "ENOENT")
        here.core.folder = absolute(path, here.core.folder)

    def stat(self, path: str) -> tuple[int, ...]:
        found = here.core.machine.host_path(path)
        if not found.exists():
            raise OSError(2, "ENOENT")
        mode = 0x4000 if found.is_dir() else 0x8000
        return (mode, 0, 0, 0, 0, 0, found.stat().st_size, 0, 0, 0)

    def ilistdir(self, path: str = ".") -> list[tuple[str, int, int, int]]:
        folder = here.core.machine.host_path(path)
        if not folder.is_dir():
            raise OSError(2, "ENOENT")
        return [
            (entry.name, 0x4000 if entry.is_dir() else 0x8000, 0, entry.stat().st_size)
            for entry in folder.iterdir()
        ]


class Gc:
    def __getattr__(self, name: str) -> Any:
        values = {"mem_alloc": 30_000, "mem_free": 16_000_000}
        return lambda *_: values.get(name, 0)


def host_open(path: str, *rest: Any) -> Any:
    return open(here.core.machine.host_path(path), *rest)


def host_import(name: str, *_: Any) -> Any:
    """Runs a program as __main__, as MicroPython's import does with False for fromlist."""
    core = here.core
    if name.startswith("programs."):
        path = KERNEL / "programs" / f"{name.split('.')[1]}.py"
    else:
        path = core.machine.host_path(f"{core.path[0]}/{name}.py")
    module = types.ModuleType("__main__")
    core.modules["__main__"] = module
    space = module.__dict__
    replaced = {
        "__import__": program_import,
        "open": host_open,
        "__boundary__": program_boundary,
    }
    space["__builtins__"] = {**vars(builtins), **replaced}
    exec(with_boundaries(path), space)
    return module


class Boundaries(ast.NodeTransformer):
    """Calls __boundary__() wherever bytecode jumps, and where a function returns."""

    def visit_block(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(self.call()))
        return node

    visit_While = visit_For = visit_ExceptHandler = visit_block

    def visit_If(self, node: ast.If) -> ast.If:
        node.orelse.insert(0, ast.Expr(self.call()))
        self.visit_block(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.body.append(ast.Expr(self.call()))
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        self.generic_visit(node)
        node.value = self.call(node.value or ast.Constant(None))
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.BoolOp:
        self.generic_visit(node)
        after = [ast.BoolOp(ast.And(), [self.call(), value]) for value in node.values[1:]]
        node.values[1:] = after
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        node.ifs.insert(0, self.call())
        return node

    def call(self, *value: ast.expr) -> ast.Call:
        """What is the value, or True."""
        return ast.Call(ast.Name("__boundary__", ast.Load()), list(value), [])


def with_boundaries(path: Path) -> types.CodeType:
    tree = ast.fix_missing_locations(Boundaries().visit(ast.parse(path.read_text())))
    return compile(tree, str(path), "exec")


def program_boundary(value: Any = True) -> Any:
    here.core.bytecode_boundary(PROGRAM_RARITY)
    return value


def kernel_boundary(value: Any = True) -> Any:
    life = here.life
    if isinstance(life, HostCore) and not life.in_callback and len(life.machine.cores) > 1:
        here.core.bytecode_boundary(KERNEL_RARITY)
    return value


class KernelLoader(SourceFileLoader):
    """Loads the kernel's modules, with boundaries."""

    def get_code(self, fullname: str) -> types.CodeType:
        return with_boundaries(Path(self.path))

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__boundary__"] = kernel_boundary
        super().exec_module(module)


def kernel_hook(folder: str) -> FileFinder:
    """For sys.path_hooks: who finds the kernel's modules."""
    if not Path(folder).is_relative_to(KERNEL):
        raise ImportError
    return FileFinder(folder, (KernelLoader, [".py"]))


def program_import(name: str, *rest: Any) -> Any:
    return REPLACED.get(name) or __import__(name, *rest)


def schedule(function: Callable[[Any], None], argument: Any) -> None:
    if len(here.core.scheduled) == SCHEDULER_DEPTH:
        raise RuntimeError("schedule queue full")
    here.core.scheduled.append((function, argument))


def heap_unlock() -> None:
    here.core.heap_locks -= 1


def heap_lock() -> None:
    here.core.heap_locks += 1


REPLACED: dict[str, Any] = {"sys": Sys(), "os": Os(), "gc": Gc()}


def install() -> None:
    """Put the stand-ins where the kernel's imports find them."""
    micropython = types.ModuleType("micropython")
    micropython.__dict__.update(
        heap_lock=heap_lock,
        heap_unlock=heap_unlock,
        heap_locked=lambda: here.core.heap_locks,
        schedule=schedule,
    )
    ump = types.ModuleType("ump")
    ump.__dict__.update(
        Channel=Channel, ChannelDied=ChannelDied, PAYLOAD=PAYLOAD, MESSAGE_MAX=MESSAGE_MAX
    )
    sys.modules["micropython"] = micropython
    sys.modules["ump"] = ump
    sys.modules["calls"] = host_calls
    sys.modules["cpu"] = Cpu("cpu")
    sys.modules["vfs"] = types.ModuleType("vfs")
    sys.modules["vfs"].__dict__.update(mount=lambda *mounted: [], VfsRom=lambda image: None)
    time.__dict__.update(
        ticks_ms=lambda: now_us() // 1000,
        ticks_us=now_us,
        ticks_diff=lambda end, start: end - start,
        ticks_add=lambda start, delta: start + delta,
    )
    sys.path_hooks.insert(0, kernel_hook)
    sys.path_importer_cache.pop(str(KERNEL), None)
    sys.path.insert(0, str(KERNEL)) if str(KERNEL) not in sys.path else None
    for name in ("poly.boot", "poly.serve", "servers.screen", "shell.line"):
        importlib.import_module(name)
    for name, module in list(sys.modules.items()):
        # The screen's sys is the real one, where Output is.
        if name.split(".")[0] in OURS and name != "servers.screen":
            for replaced, replacement in REPLACED.items():
                if hasattr(module, replaced):
                    setattr(module, replaced, replacement)
    sys.modules["poly.program"].__dict__["__import__"] = host_import
    sys.modules["shell.commands"].__dict__["open"] = host_open


OURS = ("poly", "servers", "shell", "programs")
install()
