"""Trains and doorbells of kernel/cpu/train.c and bells.c on the host, called through ctypes.

library = build_library(folder)         # the ring of ump_ring.py too
sender = Sender(library, tx, room); sender.post(b"text", kind=3); sender.push()
receiver = Receiver(library, rx, longest); receiver.take() -> b"text"
bells = Bells(library); bells.latch(70); bells.take() -> 70
"""

import ctypes
from collections.abc import Iterable
from pathlib import Path

from ump_ring import (
    BAD_CONSUMED,
    CPU,
    HARNESS,
    LINE,
    PAYLOAD,
    PLAIN,
    Block,
    Consumer,
    Producer,
    compile_c,
    declare_ring,
)

MESSAGE_MAX = 65536
CUT = 63
DOORBELLS = 512
LEVELS = ((64, 128), (128, 192), (192, 448), (448, 512))
IN_A_ROW = 8


class OutboxStruct(ctypes.Structure):
    _fields_ = [
        ("bytes", ctypes.c_void_p),
        ("room", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
        ("done", ctypes.c_uint32),
        ("kind", ctypes.c_uint8),
        ("waits", ctypes.c_bool),
    ]


class InboxStruct(ctypes.Structure):
    _fields_ = [
        ("bytes", ctypes.c_void_p),
        ("room", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
        ("longest", ctypes.c_uint32),
        ("kind", ctypes.c_uint8),
        ("place", ctypes.c_void_p),
        ("place_room", ctypes.c_size_t),
    ]


class TakenStruct(ctypes.Structure):
    _fields_ = [
        ("bytes", ctypes.c_void_p),
        ("length", ctypes.c_uint32),
        ("kind", ctypes.c_uint8),
        ("must_ring", ctypes.c_bool),
        ("_first", ctypes.c_uint64 * (LINE // 8)),
    ]


NONE, MESSAGE, NO_ROOM = range(3)


class BellsStruct(ctypes.Structure):
    _fields_ = [
        ("summary", ctypes.c_uint32),
        ("latched", ctypes.c_uint32 * (DOORBELLS // 32)),
        ("last", ctypes.c_uint16 * len(LEVELS)),
        ("in_a_row", ctypes.c_uint8 * len(LEVELS)),
    ]


def build_library(folder: Path, flags: Iterable[str] = PLAIN) -> ctypes.CDLL:
    """All of the CPU driver that knows no MicroPython, as a shared library."""
    sources = [CPU / name for name in ("ump.c", "train.c", "bells.c")]
    sources += [HARNESS / name for name in ("position.c", "layout.c")]
    output = compile_c(folder / "trains.so", sources, ["-fPIC", "-shared", *flags])
    library = declare_ring(ctypes.CDLL(str(output)))
    pointer = ctypes.POINTER
    tx, rx = pointer(Producer), pointer(Consumer)
    outbox, inbox, bells = pointer(OutboxStruct), pointer(InboxStruct), pointer(BellsStruct)
    number, size, flag = ctypes.c_uint, ctypes.c_size_t, ctypes.c_bool
    for name, result, arguments in (
        ("train_post", flag, [tx, outbox, number, ctypes.c_void_p, size]),
        ("train_push", flag, [tx, outbox]),
        ("train_take", ctypes.c_int, [rx, inbox, pointer(TakenStruct), ctypes.c_void_p, size]),
        ("bells_take", ctypes.c_int, [bells]),
        ("bells_latch_one", None, [bells, number]),
        ("train_keep_start", None, [inbox]),
        ("train_layout", ctypes.c_uint32, []),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    here = 0
    for struct in (OutboxStruct, InboxStruct, TakenStruct, BellsStruct):
        here = here << 8 | ctypes.sizeof(struct)
    assert library.train_layout() == here, "train.h or bells.h has changed: bring these up"
    return library


class Sender:
    """A producer with an outbox, as kernel/cpu/send.c has it."""

    def __init__(self, library: ctypes.CDLL, tx: Producer, room: int) -> None:
        self.library = library
        self.tx = tx
        self.memory = ctypes.create_string_buffer(room)
        self.outbox = OutboxStruct(bytes=ctypes.addressof(self.memory), room=room)
        self.armed = False
        self.drains = False  # stays armed: somebody waits until what was sent is taken

    def credits(self) -> int:
        return int(self.library.ump_credits(ctypes.byref(self.tx)))

    def must_ring(self) -> bool:
        return bool(self.library.ump_send_must_ring(ctypes.byref(self.tx)))

    def arm(self, asleep: bool) -> None:
        if self.armed != asleep and (asleep or not self.drains):
            self.armed = asleep
            self.library.ump_producer_sleep(ctypes.byref(self.tx), asleep)

    def push(self) -> tuple[bool, bool]:
        """Whether the outbox is empty and there is credit, else it is armed; whether slots
        were sent, so that a look at the consumer's sleep is due."""
        before = self.tx.sent
        while True:
            empty = self.library.train_push(ctypes.byref(self.tx), ctypes.byref(self.outbox))
            ready = bool(empty and self.credits() > 0)
            if ready or self.armed or self.tx.fault:
                break
            self.arm(True)  # then look again
        if ready:
            self.arm(False)
        return ready, self.tx.sent != before

    def post(self, message: bytes, kind: int = 0) -> tuple[bool, bool]:
        """Whether the message was accepted; whether slots were sent."""
        ready, sent = self.push()
        if not ready:
            return False, sent
        rest = len(message) - self.credits() * PAYLOAD
        assert rest <= self.outbox.room, "an outbox too small for the longest message"
        accepted = self.library.train_post(
            ctypes.byref(self.tx), ctypes.byref(self.outbox), kind, message, len(message)
        )
        assert accepted, "there was credit"
        if self.outbox.waits:
            self.push()
        return True, True

    def broken(self) -> bool:
        return self.tx.fault == BAD_CONSUMED


class Receiver:
    """A consumer with an inbox, as kernel/cpu/receive.c has it."""

    def __init__(self, library: ctypes.CDLL, rx: Consumer, longest: int) -> None:
        self.library = library
        self.rx = rx
        room = longest if longest < MESSAGE_MAX else 2 * PAYLOAD
        if longest <= PAYLOAD:
            room = 0  # a message of one slot needs none
        self.memory = ctypes.create_string_buffer(room)
        self.inbox = InboxStruct(bytes=ctypes.addressof(self.memory), room=room, longest=longest)
        self.taken = TakenStruct()
        self.kind = 0
        self.must_ring = False  # after take(): the producer waits for credit
        self.armed = False

    def take(self, place: Block | None = None, keep: bool = True) -> bytes | None:
        """The next message if it is there whole; a ringful of slots at most.

        A train may go to `place` without a detour; its start stays there unless `keep`.
        """
        self.must_ring = False
        while True:
            result = self.library.train_take(
                ctypes.byref(self.rx),
                ctypes.byref(self.inbox),
                ctypes.byref(self.taken),
                place and place.address,
                place.length if place else 0,
            )
            self.must_ring |= self.taken.must_ring
            if result != NO_ROOM:
                break
            self.grow()
        if result == NONE:
            if keep:
                self.library.train_keep_start(ctypes.byref(self.inbox))
            return None
        self.kind = self.taken.kind
        return ctypes.string_at(self.taken.bytes, self.taken.length)

    def grow(self) -> None:
        room = min(2 * self.inbox.room, self.inbox.longest)
        memory = ctypes.create_string_buffer(room)
        ctypes.memmove(memory, self.memory, self.inbox.length)
        self.memory = memory
        self.inbox.bytes, self.inbox.room = ctypes.addressof(memory), room

    def ready(self) -> bool:
        return bool(self.library.ump_ready(ctypes.byref(self.rx)))

    def sleep(self, asleep: bool) -> None:
        self.armed = asleep
        self.library.ump_consumer_sleep(ctypes.byref(self.rx), asleep)

    def arm(self) -> bool:
        """Announce sleep and look again: True if something is there, and no sleep announced."""
        if not self.armed:
            self.sleep(True)
        if self.ready():
            self.sleep(False)
            return True
        return False


class Bells:
    """The channels' doorbells of one core."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.struct = BellsStruct()

    def latch(self, bell: int) -> None:
        self.library.bells_latch_one(ctypes.byref(self.struct), bell)

    def take(self) -> int:
        return int(self.library.bells_take(ctypes.byref(self.struct)))
