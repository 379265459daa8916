"""The UMP ring of kernel/cpu/ump.c on the host: compiled as it is, called through ctypes.

    library = build_ring_library(folder)
    ring = Ring(library, slots=64)          # memory, a producer and a consumer
    ring.send(b"text", kind=3); ring.receive() -> Message(3, True, b"text")

`ring_struct()`, `Producer` and `Consumer` mirror ump.h for those who need the fields.
"""

import ctypes
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

CPU = Path(__file__).resolve().parents[2] / "kernel" / "cpu"
HARNESS = Path(__file__).with_name("ump")
PLAIN = ("-O2", "-g")

LINE = 64
PAYLOAD = 60
KIND_MAX = 63
ALIVE, BAD_LENGTH, BAD_SEQUENCE, BAD_CONSUMED, BAD_KIND, PEER_DIED, CLOSED = range(7)


class Slot(ctypes.Structure):
    _fields_ = [("payload", ctypes.c_uint8 * PAYLOAD), ("header", ctypes.c_uint32)]


class Producer(ctypes.Structure):
    _fields_ = [
        ("ring", ctypes.c_void_p),
        ("slot", ctypes.c_void_p),
        ("stamp", ctypes.c_uint32),
        ("mask", ctypes.c_uint32),
        ("sent", ctypes.c_uint32),
        ("limit", ctypes.c_uint32),
        ("fault", ctypes.c_uint32),
    ]


class Consumer(ctypes.Structure):
    _fields_ = [
        ("ring", ctypes.c_void_p),
        ("slot", ctypes.c_void_p),
        ("stamp", ctypes.c_uint32),
        ("mask", ctypes.c_uint32),
        ("received", ctypes.c_uint32),
        ("fault", ctypes.c_uint32),
    ]


class MessageStruct(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_uint8), ("last", ctypes.c_uint8), ("length", ctypes.c_uint8)]


class Message(NamedTuple):
    kind: int
    last: bool
    payload: bytes


def ring_struct(slots: int) -> type[ctypes.Structure]:
    """struct ump_ring with so many slots."""

    class RingStruct(ctypes.Structure):
        _fields_ = [
            ("consumed", ctypes.c_uint32),
            ("_after_consumed", ctypes.c_uint8 * (LINE - 4)),
            ("rx_sleep", ctypes.c_uint32),
            ("_after_rx_sleep", ctypes.c_uint8 * (LINE - 4)),
            ("tx_sleep", ctypes.c_uint32),
            ("_after_tx_sleep", ctypes.c_uint8 * (LINE - 4)),
            ("slots", Slot * slots),
        ]

    return RingStruct


def compile_c(output: Path, sources: Iterable[Path], flags: Iterable[str]) -> Path:
    """Compile for the host, with the warnings of the board build as errors."""
    command = [
        "gcc",
        *("-std=gnu99", "-Wall", "-Wextra", "-Werror"),
        *flags,  # whose folders come before these
        *(f"-I{HARNESS}", f"-I{CPU}"),
        *map(str, sources),
        *("-o", str(output)),
    ]
    made = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, f"{' '.join(command)}\n{made.stdout}{made.stderr}"
    return output


def build_ring_library(folder: Path, flags: Iterable[str] = PLAIN) -> ctypes.CDLL:
    """ump.c as a shared library, with the argument types of its functions set."""
    sources = [CPU / "ump.c", HARNESS / "position.c"]
    flags = ["-fPIC", "-shared", *flags]
    return declare_ring(ctypes.CDLL(str(compile_c(folder / "ump.so", sources, flags))))


def declare_ring(library: ctypes.CDLL) -> ctypes.CDLL:
    """Set the types of the functions of ump.h in a library that has them."""
    pointer, word, flag = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_bool
    tx, rx = ctypes.POINTER(Producer), ctypes.POINTER(Consumer)
    message = ctypes.POINTER(MessageStruct)
    for name, result, arguments in (
        ("ump_producer_open", None, [tx, pointer, word]),
        ("ump_consumer_open", None, [rx, pointer, word]),
        ("ump_credits", word, [tx]),
        ("ump_send", flag, [tx, ctypes.c_uint, flag, pointer, ctypes.c_size_t]),
        ("ump_send_slots", word, [tx, ctypes.c_uint, pointer, word]),
        ("ump_receive_slots", word, [rx, ctypes.c_uint, pointer, word]),
        ("ump_send_must_ring", flag, [tx]),
        ("ump_receive", flag, [rx, message, pointer]),
        ("ump_ready", flag, [rx]),
        ("ump_receive_must_ring", flag, [rx]),
        ("ump_consumer_sleep", None, [rx, flag]),
        ("ump_producer_sleep", None, [tx, flag]),
        ("ring_open_at", None, [pointer, tx, rx, word, word]),
        ("ring_end_bytes", ctypes.c_size_t, []),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    here = ctypes.sizeof(Producer) << 8 | ctypes.sizeof(Consumer)
    assert library.ring_end_bytes() == here, "ump.h has changed: bring Producer and Consumer up"
    return library


class Block:
    """Memory of exactly so many bytes from malloc, so that AddressSanitizer guards both ends."""

    _libc = ctypes.CDLL(None)
    _libc.posix_memalign.argtypes = [
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.c_size_t,
        ctypes.c_size_t,
    ]
    _libc.free.argtypes = [ctypes.c_void_p]

    def __init__(self, length: int, alignment: int = 8) -> None:
        address = ctypes.c_void_p()
        assert self._libc.posix_memalign(ctypes.byref(address), alignment, length) == 0
        assert address.value
        self.address: int = address.value
        self.length = length
        self.fill(0)

    def fill(self, byte: int) -> None:
        ctypes.memset(self.address, byte, self.length)

    def bytes(self) -> bytes:
        return ctypes.string_at(self.address, self.length)

    def __del__(self) -> None:
        self._libc.free(self.address)


class Ring:
    """A ring with both its ends, `count` slots after its beginning."""

    def __init__(self, library: ctypes.CDLL, slots: int, count: int = 0) -> None:
        self.library = library
        self.slots = slots
        struct = ring_struct(slots)
        self.block = Block(ctypes.sizeof(struct), LINE)
        self.shared: Any = struct.from_address(self.block.address)
        self.tx, self.rx = Producer(), Consumer()
        self.room = Block(LINE)
        library.ring_open_at(
            self.block.address, ctypes.byref(self.tx), ctypes.byref(self.rx), slots, count
        )

    def credits(self) -> int:
        return int(self.library.ump_credits(ctypes.byref(self.tx)))

    def send(self, payload: bytes, kind: int = 0, last: bool = True, shift: int = 0) -> bool:
        """Send from memory that ends with the payload and starts `shift` bytes off alignment."""
        private = Block(max(shift + len(payload), 1))
        ctypes.memmove(private.address + shift, payload, len(payload))
        return bool(
            self.library.ump_send(
                ctypes.byref(self.tx), kind, last, private.address + shift, len(payload)
            )
        )

    def send_slots(self, payload: bytes, kind: int = 0, shift: int = 0) -> int:
        """Send full slots from memory that ends with the payload, `shift` bytes off alignment."""
        private = Block(max(shift + len(payload), 1))
        ctypes.memmove(private.address + shift, payload, len(payload))
        slots = len(payload) // PAYLOAD
        start = private.address + shift
        return int(self.library.ump_send_slots(ctypes.byref(self.tx), kind, start, slots))

    def receive_slots(self, kind: int, slots: int, shift: int = 0) -> bytes:
        """What up to so many full slots of this kind hold; into memory with no room for more."""
        private = Block(max(shift + slots * PAYLOAD, 1))
        start = private.address + shift
        taken = self.library.ump_receive_slots(ctypes.byref(self.rx), kind, start, slots)
        return ctypes.string_at(start, taken * PAYLOAD)

    def send_must_ring(self) -> bool:
        return bool(self.library.ump_send_must_ring(ctypes.byref(self.tx)))

    def receive(self) -> Message | None:
        message = MessageStruct()
        room = self.room.address
        if not self.library.ump_receive(ctypes.byref(self.rx), ctypes.byref(message), room):
            return None
        payload = ctypes.string_at(room, message.length)
        return Message(message.kind, bool(message.last), payload)

    def receive_must_ring(self) -> bool:
        return bool(self.library.ump_receive_must_ring(ctypes.byref(self.rx)))

    def ready(self) -> bool:
        return bool(self.library.ump_ready(ctypes.byref(self.rx)))

    def consumer_sleep(self, asleep: bool) -> None:
        self.library.ump_consumer_sleep(ctypes.byref(self.rx), asleep)

    def producer_sleep(self, asleep: bool) -> None:
        self.library.ump_producer_sleep(ctypes.byref(self.tx), asleep)

    def next_slot(self) -> Any:
        """The slot that the consumer looks at next."""
        return self.shared.slots[self.rx.received % self.slots]
