"""Messages that are wrong in one way, made from the description of an interface.

Mutator(interface, module, random).case(role) is a plain value:

    (interface, role, call, good, wrong, handled, reason)

`call`: (name, arguments) of the call that a client makes first, or None. `good` and `wrong`:
what the peer posts, each (kind, bytes); the good ones, `handled` of which reach a method,
come before the wrong ones, after which the channel must be dead for a `reason`. Made on the
host: the boards read the cases from a file.
"""

import random
import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from polyphone.idl import model
from polyphone.idl.model import HEADER_BYTES, Field, Kind, Message, aligned

TESTS = Path(__file__).resolve().parents[1]
DATA, CAPS, FIN = range(3)  # kinds of a transport's messages
KINDS = 63  # of a channel's; the last one takes a train back
FIRST_TAG = 64  # of a client's first call
STRAYS = 9  # responses to no call that cut the peer off
ROW = struct.Struct("<BBHIII")  # of a capability: poly/capability.py
GOOD_IREF = (1, 0, 3, 7, 0, 0)
BAD_ROWS = (
    (0, 0, 3, 7, 0, 0),  # no kind
    (3, 0, 3, 7, 0, 0),
    (1, 200, 3, 7, 0, 0),  # no core
    (1, 0, 16, 7, 0, 0),  # no place for an export
    (1, 0, 3, 0x10000, 0, 0),  # no generation
    (1, 0, 3, 7, 1, 0),  # something where nothing belongs
    (1, 0, 3, 7, 0, 1),
    (2, 200, 1, 0, 4096, 0),  # a region that is not the peer's
    (2, 0, 1, 1, 4096, 0),  # not on a page
    (2, 0, 1, 0, 4095, 0),
    (2, 0, 1, 0, 0, 0),  # empty
    (2, 0, 1, 0xFFFFF000, 4096, 0),  # beyond all arenas
    (2, 0, 1, 0, 0xFFFFF000, 0),
)

Frame: TypeAlias = tuple[int, bytes]
Case: TypeAlias = tuple[str, str, Any, list[Frame], list[Frame], int, str]

ACCEPTS = {
    "server": (Kind.MESSAGE, Kind.CALL),
    "client": (Kind.MESSAGE, Kind.EVENT, Kind.RESPONSE),
}


class Mutator:
    def __init__(self, interface: model.Interface, module: types.ModuleType, rng: random.Random):
        self.interface = interface
        self.module = module
        self.name = interface.name
        self.random = rng
        self.buffer = bytearray(module.FRAME_BYTES + 4096)

    # --- what is right -------------------------------------------------------------

    def value(self, kind: model.Type) -> Any:
        """A random value of a type, rather short than long."""
        rng = self.random
        if isinstance(kind, model.Integer):
            low = -(1 << kind.bits - 1) if kind.signed else 0
            return low + rng.getrandbits(kind.bits)
        if isinstance(kind, model.Bool):
            return rng.random() < 0.5
        if isinstance(kind, model.Enum):
            return rng.randrange(len(kind.members))
        if isinstance(kind, model.Capability):
            return GOOD_IREF
        if isinstance(kind, model.Region):
            return tuple(rng.getrandbits(32) for _ in range(3))
        if isinstance(kind, model.Struct):
            parts = [self.value(part.type) for part in kind.fields]
            return getattr(self.module, kind.py_name)(*parts)
        if isinstance(kind, model.FixedArray):
            count = kind.count
        else:
            limit = kind.maximum if rng.random() < 0.02 else min(kind.maximum, 90)
            count = rng.randint(1, limit)
        if isinstance(kind, model.String):
            return "".join(rng.choices("abc xyz", k=count))
        if kind.of_bytes:
            return rng.randbytes(count)
        return [self.value(kind.element) for _ in range(count)]

    def pack(self, message: Message, tag: int) -> tuple[bytearray, list[Any]]:
        """A right frame and its capabilities."""
        caps: list[Any] = []
        between: list[Any] = [tag] if message.pair else []
        if message.capabilities:
            between.append(caps)
        arguments = [self.value(part.type) for part in message.fields]
        packer = getattr(self.module, f"pack_{message.py_name}")
        length = packer(self.buffer, *between, *arguments)
        return bytearray(self.buffer[:length]), caps

    def choose(self, messages: Iterator[Message] | list[Message]) -> Message:
        return self.random.choice(list(messages))

    def of_role(self, role: str) -> list[Message]:
        """What a side of this role takes."""
        return [found for found in self.interface.messages if found.kind in ACCEPTS[role]]

    def tag(self, message: Message) -> int:
        return FIRST_TAG if message.pair else 0

    def call_for(self, message: Message) -> Any:
        """The call that a response answers, for a client to make."""
        if message.kind is not Kind.RESPONSE:
            return None
        call = self.interface.messages[message.pair - 1]
        return self.method(call), tuple(self.value(part.type) for part in call.fields)

    def method(self, message: Message) -> str:
        return str(self.module.METHODS[message.number])

    # --- what is wrong -------------------------------------------------------------

    def case(self, role: str) -> Case:
        """A case of one of the mistakes that this role can meet."""
        while True:
            mistake = self.random.choice(MISTAKES)
            target = self.choose(self.of_role(role))
            made = getattr(self, f"wrong_{mistake}")(target, role)
            if made is not None:
                wrong, reason = made
                good, handled = self.before(role, target)
                return (self.name, role, self.call_for(target), good, wrong, handled, reason)

    def before(self, role: str, target: Message) -> tuple[list[Frame], int]:
        """Right messages that come first, now and then."""
        one_way = [found for found in self.of_role(role) if not found.pair]
        good = []
        for _ in range(self.random.choice((0, 0, 1, 2))):
            if one_way:
                frame, caps = self.pack(self.choose(one_way), 0)
                good.append(framed(frame, caps))
        return good, len(good)

    def wrong_short(self, message: Message, role: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        return [framed(frame[: self.random.randrange(len(frame))], caps)], "length"

    def wrong_long(self, message: Message, role: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        more = self.random.randint(1, 20)
        if len(frame) + more > self.module.FRAME_BYTES:
            return None  # the channel refuses it
        return [framed(frame + self.random.randbytes(more), caps)], "length"

    def wrong_number(self, message: Message, role: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        taken = {found.number for found in self.of_role(role)}
        least = 1 if role == "client" else 0
        number = self.random.choice(
            (self.random.randrange(least, 20), self.random.getrandbits(16))
        )
        if number in taken or number < least:
            return None
        struct.pack_into("<H", frame, 0, number)
        return [framed(frame, caps)], "number"

    def wrong_tag(self, message: Message, role: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        if message.kind is Kind.RESPONSE:
            # Of another call, or answering one twice: strays, so many at most.
            tags = [self.random.randrange(1, 1 << 16) for _ in range(STRAYS)]
            if FIRST_TAG in tags:
                return None
            frames = []
            for tag in tags:
                struct.pack_into("<H", frame, 2, tag)
                frames.append(framed(frame, caps))
            return frames, "tag"
        struct.pack_into("<H", frame, 2, 0 if message.pair else self.random.randrange(1, 1 << 16))
        return [framed(frame, caps)], "tag"

    def wrong_twice(self, message: Message, role: str) -> Any:
        """A call is answered again and again (replay)."""
        if message.kind is not Kind.RESPONSE:
            return None
        frame, caps = self.pack(message, FIRST_TAG)
        return [framed(frame, caps)] * (STRAYS + 1), "tag"

    def wrong_count(self, message: Message, role: str) -> Any:
        variable = [part for part in message.variable if part.type.maximum < 0xFFFF]
        if not variable:
            return None
        frame, caps = self.pack(message, self.tag(message))
        part = self.random.choice(variable)
        assert isinstance(part.type, model.Variable)
        count = self.random.choice(
            (part.type.maximum + 1, 0xFFFF, self.random.randint(part.type.maximum + 1, 0xFFFF))
        )
        struct.pack_into("<H", frame, part.offset, count)
        return [framed(frame, caps)], "count"

    def wrong_bool(self, message: Message, role: str) -> Any:
        return self.wrong_leaf(message, model.Bool, "bool")

    def wrong_enum(self, message: Message, role: str) -> Any:
        return self.wrong_leaf(message, model.Enum, "enum")

    def wrong_leaf(self, message: Message, kind: type, reason: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        found = [(at, leaf) for at, leaf in leaves(message, frame) if isinstance(leaf, kind)]
        if not found:
            return None
        at, leaf = self.random.choice(found)
        least = 2 if kind is model.Bool else len(leaf.members)
        value = self.random.choice((least, 255, self.random.randint(least, 255)))
        frame[at : at + leaf.size] = value.to_bytes(leaf.size, "little")
        return [framed(frame, caps)], reason

    def wrong_text(self, message: Message, role: str) -> Any:
        texts = [part for part in message.variable if isinstance(part.type, model.String)]
        if not texts:
            return None
        frame, caps = self.pack(message, self.tag(message))
        for part, at, count in places(message, frame):
            if part in texts and count:
                place = at + self.random.randrange(count)
                frame[place] = self.random.choice((0xFF, 0xFE, 0x80, 0xC3))
                return [framed(frame, caps)], "utf-8"
        return None

    def wrong_capability(self, message: Message, role: str) -> Any:
        frame, caps = self.pack(message, self.tag(message))
        if not message.capabilities:
            return [framed(frame, [GOOD_IREF])], "capability"
        choice = self.random.randrange(3)
        if choice == 0:
            return [framed(frame, [*caps, GOOD_IREF])], "capability"  # one that is not named
        if choice == 1:
            return [framed(frame, caps[:-1])], "capability"  # one that is not there
        if message.capabilities < 2:
            return None
        at = [at for at, leaf in leaves(message, frame) if isinstance(leaf, model.Capability)]
        frame[at[0]] = frame[at[1]]  # one that is named twice, another not at all
        return [framed(frame, caps)], "capability"

    def wrong_envelope(self, message: Message, role: str) -> Any:
        """Capabilities that are none, or not so many."""
        frame, caps = self.pack(message, self.tag(message))
        if not caps:
            return None
        choice = self.random.randrange(8)
        if choice == 0:
            return [(CAPS, self.random.randbytes(self.random.randrange(4)))], "length"
        if choice == 1:
            count = self.random.choice((0, 17, 0xFFFFFFFF, self.random.randrange(17, 1 << 32)))
            return [(CAPS, struct.pack("<I", count) + bytes(frame))], "capability"
        return [framed(frame, [*caps[:-1], self.random.choice(BAD_ROWS)])], "capability"

    def wrong_failure(self, message: Message, role: str) -> Any:
        """The answer that a call failed."""
        if message.kind is not Kind.RESPONSE:
            return None
        errors = len(self.interface.errors)
        choice = self.random.randrange(3)
        if choice == 0:
            number = self.random.choice((errors + 1, 0xFFFF))
            text = bytes(self.random.randrange(20))
            return [(DATA, struct.pack("<HHH", 0, FIRST_TAG, number) + text)], "enum"
        number = self.random.randrange(errors + 1)
        if choice == 1:
            text = b"x" * self.random.randrange(200) + self.random.choice((b"\xff", b"\xc3"))
            return [(DATA, struct.pack("<HHH", 0, FIRST_TAG, number) + text)], "utf-8"
        length = self.random.choice((4, 5, 241, self.random.randrange(241, 300)))
        return [(DATA, struct.pack("<HH", 0, FIRST_TAG) + bytes(length - HEADER_BYTES))], "length"

    def wrong_kind(self, message: Message, role: str) -> Any:
        frame, _ = self.pack(message, self.tag(message))
        kind = self.random.randrange(FIN + 1, KINDS)
        return [(kind, bytes(frame))], f"kind {kind}"

    def wrong_fin(self, message: Message, role: str) -> Any:
        """A close that carries something."""
        return [(FIN, self.random.randbytes(self.random.randint(1, 60)))], "kind 2"


MISTAKES = [name[len("wrong_") :] for name in vars(Mutator) if name.startswith("wrong_")]
MISTAKES.remove("leaf")


def framed(frame: bytes | bytearray, caps: list[Any]) -> Frame:
    """As a transport posts it."""
    if not caps:
        return DATA, bytes(frame)
    irefs = b"".join(ROW.pack(*cap) for cap in caps)
    return CAPS, struct.pack("<I", len(caps)) + irefs + bytes(frame)


def leaves(message: Message, frame: bytes | bytearray) -> Iterator[tuple[int, Any]]:
    """(offset, type) of each scalar of a right frame."""
    for part in message.fixed:
        yield from inside(part.type, part.offset)
    for part, at, count in places(message, frame):
        assert isinstance(part.type, model.Variable)
        if not isinstance(part.type, model.String):
            for number in range(count):
                yield from inside(part.type.element, at + number * part.type.element.size)


def inside(kind: Any, at: int) -> Iterator[tuple[int, Any]]:
    if isinstance(kind, model.Struct):
        for part in kind.fields:
            yield from inside(part.type, at + part.offset)
    elif isinstance(kind, model.FixedArray):
        for number in range(kind.count):
            yield from inside(kind.element, at + number * kind.element.size)
    else:
        yield at, kind


def places(message: Message, frame: bytes | bytearray) -> Iterator[tuple[Field, int, int]]:
    """(part, offset, count) of each variable part of a right frame."""
    end = message.fixed_bytes
    for part in message.variable:
        assert isinstance(part.type, model.Variable)
        (count,) = struct.unpack_from("<H", frame, part.offset)
        at = aligned(end, part.type.element.align)
        yield part, at, count
        end = at + count * part.type.element.size


def cases(files: list[str], seed: int, count: int) -> Iterator[Case]:
    """So many, of all interfaces in turn and of both sides."""
    from idl_values import module_of

    from polyphone.idl.command import compile_file

    rng = random.Random(seed)
    mutators = []
    for file in files:
        interface = compile_file(Path(file)).interface
        assert interface
        mutators.append(Mutator(interface, module_of(interface), rng))
    for number in range(count):
        yield mutators[number % len(mutators)].case(rng.choice(("server", "client")))


def write_cases(output: Path, files: list[Path], seed: int, count: int) -> None:
    """Into a file, a line each. A process of its own: the stand-ins replace modules."""
    command = [sys.executable, __file__, str(seed), str(count), *map(str, files)]
    with output.open("w") as file:
        subprocess.run(command, check=True, stdout=file, timeout=300)


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS / "unit"), str(TESTS.parent / "host_tools")]
    import host_calls

    sys.modules["calls"] = host_calls
    for case in cases(sys.argv[3:], int(sys.argv[1]), int(sys.argv[2])):
        print(repr(case))
