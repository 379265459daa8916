"""A checked interface: types with their layout, messages with their numbers.

Everything here is consistent; who makes it (check.py) has told all mistakes before.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum as Enumeration
from typing import TypeAlias

HEADER_BYTES = 4  # of every message: its number and its tag, both uint16


@dataclass(frozen=True)
class Integer:
    """A number of fixed size, little endian. `code` is that of Python's struct."""

    name: str
    code: str
    size: int

    @property
    def align(self) -> int:
        return self.size

    @property
    def signed(self) -> bool:
        return self.code.islower()

    @property
    def bits(self) -> int:
        return 8 * self.size

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Bool:
    """One byte, 0 or 1."""

    code = "B"
    size = 1
    align = 1

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Enum:
    """One byte, two if there are more than 256 members: the member's number, from 0."""

    name: str
    members: tuple[str, ...]
    py_name: str
    py_members: tuple[str, ...]

    @property
    def code(self) -> str:
        return "B" if len(self.members) <= 256 else "H"

    @property
    def size(self) -> int:
        return 1 if self.code == "B" else 2

    @property
    def align(self) -> int:
        return self.size

    def __str__(self) -> str:
        return f"enum {self.name}"


@dataclass(frozen=True)
class Capability:
    """Travels beside the message; in it, a uint16: 0 for none, or its place from 1."""

    given_away: bool
    code = "H"
    size = 2
    align = 2

    def __str__(self) -> str:
        return "give_away_cap" if self.given_away else "cap"


@dataclass(frozen=True)
class Region:
    """A part of a registered region: three uint32, its number, offset and length."""

    size = 12
    align = 4

    def __str__(self) -> str:
        return "region"


@dataclass(frozen=True)
class Struct:
    """Fields one after the other, each aligned to its own size; a namedtuple in Python."""

    name: str
    fields: tuple["Field", ...]
    size: int
    align: int
    py_name: str

    @functools.cached_property
    def depth(self) -> int:
        """How many types lie in each other."""
        depth: int = max(getattr(part.type, "depth", 0) for part in self.fields)
        return 1 + depth

    def __str__(self) -> str:
        return f"struct {self.name}"


@dataclass(frozen=True)
class FixedArray:
    """So many elements, in the fixed part; a tuple in Python, bytes if of uint8 or char."""

    name: str
    element: "Fixed"
    count: int
    py_name: str

    @functools.cached_property
    def size(self) -> int:
        return self.element.size * self.count

    @functools.cached_property
    def depth(self) -> int:
        """How many types lie in each other."""
        depth: int = getattr(self.element, "depth", 0)
        return 1 + depth

    @property
    def align(self) -> int:
        return self.element.align

    @property
    def of_bytes(self) -> bool:
        return is_byte(self.element)

    def __str__(self) -> str:
        return f"{self.element}[{self.count}]"


Scalar: TypeAlias = Integer | Bool | Enum | Capability
Fixed: TypeAlias = Scalar | Region | Struct | FixedArray


@dataclass(frozen=True)
class String:
    """UTF-8 in the variable part, `maximum` bytes at most; a str in Python."""

    maximum: int
    element = Integer("char", "B", 1)

    def __str__(self) -> str:
        return f"String[{self.maximum}]"


@dataclass(frozen=True)
class Array:
    """Elements in the variable part, `maximum` at most; a tuple, or bytes, in Python."""

    element: Fixed
    maximum: int

    @property
    def of_bytes(self) -> bool:
        return is_byte(self.element)

    def __str__(self) -> str:
        return f"{self.element}[0..{self.maximum}]"


Variable: TypeAlias = String | Array
Type: TypeAlias = Fixed | Variable


def is_byte(element: Fixed) -> bool:
    return isinstance(element, Integer) and element.code == "B"


def capabilities(kind: Type) -> int:
    """How many capabilities a value carries at most."""
    if isinstance(kind, Capability):
        return 1
    if isinstance(kind, Struct):
        return sum(capabilities(part.type) for part in kind.fields)
    if isinstance(kind, FixedArray):
        return kind.count * capabilities(kind.element)
    return kind.maximum * capabilities(kind.element) if isinstance(kind, Array) else 0


@dataclass(frozen=True)
class Field:
    """A part of a struct or of a message's fixed part, at its offset.

    For a variable part `offset` is that of its length, a uint16.
    """

    name: str
    type: Type
    offset: int
    py_name: str


def is_plain(fields: Iterable[Field]) -> bool:
    """Whether all are numbers, whose values mean just that."""
    return all(isinstance(part.type, Integer) for part in fields)


class Kind(Enumeration):
    """Who sends a message, and what it belongs to."""

    MESSAGE = "message"  # either side
    EVENT = "event"  # the server; a later one may replace one that was not sent yet
    CALL = "call"  # the client
    RESPONSE = "response"  # the server, to a call


@dataclass(frozen=True)
class Message:
    """One message number and what it carries."""

    number: int
    kind: Kind
    name: str  # on the wire's description: unique
    py_name: str  # of its functions
    fields: tuple[Field, ...]  # in their order of declaration
    fixed_bytes: int  # header and fixed part
    pair: int = 0  # the other number of a call and its response
    idempotent: bool = False

    @property
    def fixed(self) -> list[Field]:
        return [part for part in self.fields if not isinstance(part.type, Variable)]

    @property
    def variable(self) -> list[Field]:
        return [part for part in self.fields if isinstance(part.type, Variable)]

    @property
    def capabilities(self) -> int:
        return sum(capabilities(part.type) for part in self.fields)

    @property
    def minimum_bytes(self) -> int:
        return self._bytes(full=False)

    @property
    def maximum_bytes(self) -> int:
        return self._bytes(full=True)

    def _bytes(self, full: bool) -> int:
        end = self.fixed_bytes
        for part in self.variable:
            assert isinstance(part.type, Variable)
            element = part.type.element
            end = aligned(end, element.align) + full * element.size * part.type.maximum
        return end


@dataclass(frozen=True)
class Rpc:
    """A call and its response."""

    name: str
    py_name: str
    call: Message
    response: Message


@dataclass(frozen=True)
class Interface:
    name: str
    description: str
    py_name: str
    types: tuple[Enum | Struct, ...]  # in an order in which each comes after what it uses
    messages: tuple[Message, ...]  # by number, from 1
    rpcs: tuple[Rpc, ...]
    errors: tuple[str, ...]
    py_errors: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def one_way(self) -> Iterator[Message]:
        """Messages and events."""
        return (found for found in self.messages if found.kind in (Kind.MESSAGE, Kind.EVENT))


def aligned(offset: int, align: int) -> int:
    return (offset + align - 1) // align * align
