"""The wire layout of an interface as a table, and the hash that identifies it (SES-2)."""

import hashlib
from collections.abc import Iterator

from polyphone.idl.limits import MESSAGE_BYTES, SLOT_BYTES
from polyphone.idl.model import (
    Array,
    Enum,
    Field,
    FixedArray,
    Interface,
    Kind,
    Message,
    Struct,
    Type,
    Variable,
    aligned,
)

HASH_DIGITS = 16
SENDERS = {
    Kind.MESSAGE: "either side",
    Kind.EVENT: "server",
    Kind.CALL: "client",
    Kind.RESPONSE: "server",
}
HEADER = (("uint16", 0, "number"), ("uint16", 2, "tag"))


def interface_hash(interface: Interface) -> str:
    """16 hexadecimal digits: other ones for any other wire layout or any other name on it.

    Comments, formatting, names of types and names for Python take no part.
    """
    lines = [f"interface {interface.name}", *(f"error {name}" for name in interface.errors)]
    for message in interface.messages:
        again = " idempotent" if message.idempotent else ""
        lines.append(f"{message.number} {message.kind.value} {message.name}{again}")
        lines += (f"{part.offset} {part.name} {_identity(part.type)}" for part in message.fields)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:HASH_DIGITS]


def _identity(kind: Type) -> str:
    """A type by what it is on the wire."""
    if isinstance(kind, Enum):
        return f"enum({','.join(kind.members)})"
    if isinstance(kind, Struct):
        fields = (f"{part.offset} {part.name} {_identity(part.type)}" for part in kind.fields)
        return f"struct({', '.join(fields)})"
    if isinstance(kind, FixedArray):
        return f"{_identity(kind.element)}[{kind.count}]"
    if isinstance(kind, Array):
        return f"{_identity(kind.element)}[0..{kind.maximum}]"
    return str(kind)


def slots(length: int) -> int:
    """Slots of a ring that a message of so many bytes takes."""
    return max(1, -(-length // SLOT_BYTES))


def describe(interface: Interface) -> str:
    """The whole table, as `poly idl --describe` prints it."""
    title = f' "{interface.description}"' if interface.description else ""
    lines = [f"interface {interface.name}{title}", f"hash {interface_hash(interface)}"]
    for message in interface.messages:
        lines += ["", *_message(message)]
    for kind in interface.types:
        lines += ["", *(_enum(kind) if isinstance(kind, Enum) else _struct(kind))]
    if interface.errors:
        lines += ["", "errors"]
        lines += [f"{number:>7} {name}" for number, name in enumerate(interface.errors, 1)]
    return "\n".join(lines) + "\n"


def _message(message: Message) -> Iterator[str]:
    pair = ""
    if message.pair:
        other = "response" if message.kind is Kind.CALL else "to call"
        pair = f", {other} {message.pair}"
    again = ", idempotent" if message.idempotent else ""
    kind = f"{message.kind.value} of {SENDERS[message.kind]}"
    yield f"{message.number} {message.name}: {kind}{pair}{again}"
    yield f"  {_bytes(message)}"
    yield "  offset      size  type"
    for kind, offset, name in HEADER:
        value = f" = {message.number}" if name == "number" else ""
        value = " = 0" if name == "tag" and not message.pair else value
        yield _row(str(offset), "2", kind, name + value)
    for part in message.fields:
        if isinstance(part.type, Variable):
            yield _row(str(part.offset), "2", "uint16", f"length of {part.name}")
        else:
            yield _row(str(part.offset), str(part.type.size), str(part.type), part.name)
    place = f"{message.fixed_bytes}"
    for part in message.variable:
        assert isinstance(part.type, Variable)
        element = part.type.element
        if place != "then":
            place = str(aligned(int(place), element.align))
        size = f"0..{element.size * part.type.maximum}"
        yield _row(place, size, str(part.type), part.name)
        place = "then"


def _bytes(message: Message) -> str:
    least, most = message.minimum_bytes, min(message.maximum_bytes, MESSAGE_BYTES)
    length = f"{least} bytes" if least == most else f"{least} to {most} bytes"
    low, high = slots(least), slots(most)
    taken = f"{low} slot{'s' * (low > 1)}" if low == high else f"{low} to {high} slots"
    count = message.capabilities
    caps = f", {count} capabilit{'y' if count == 1 else 'ies'} at most" if count else ""
    return f"{length}, {taken}{caps}"


def _row(offset: str, size: str, kind: str, name: str) -> str:
    return f"  {offset:>6} {size:>9}  {kind:<20} {name}".rstrip()


def _enum(kind: Enum) -> Iterator[str]:
    yield f"{kind}, {kind.size} byte{'s' * (kind.size > 1)}"
    for number, member in enumerate(kind.members):
        yield f"{number:>7} {member}"


def _struct(kind: Struct) -> Iterator[str]:
    yield f"{kind}, {kind.size} byte{'s' * (kind.size > 1)}"
    yield "  offset      size  type"
    for part in kind.fields:
        yield _field(part)


def _field(part: Field) -> str:
    assert not isinstance(part.type, Variable)
    return _row(str(part.offset), str(part.type.size), str(part.type), part.name)
