"""The syntax tree of an interface file: what was written, unchecked.

Nodes compare by what they say, not by where they stand: spans take no part.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from polyphone.idl.diagnostics import Source, Span


@dataclass
class Name:
    text: str
    span: Span = field(compare=False)


@dataclass
class Number:
    value: int
    text: str = field(compare=False)  # 0x10 stays 0x10 in canonical format
    span: Span = field(compare=False)


@dataclass
class Text:
    value: str  # as written, without the quotes
    span: Span = field(compare=False)


Value: TypeAlias = Number | Name | Text


@dataclass
class Meta:
    """@name(key=value, ...)"""

    name: Name
    settings: list[tuple[Name, Value]]
    span: Span = field(compare=False)


@dataclass
class Reference:
    """A type's name, perhaps of an imported file: `module.name`."""

    module: Name | None
    name: Name
    span: Span = field(compare=False)

    def __str__(self) -> str:
        return f"{self.module.text}.{self.name.text}" if self.module else self.name.text


@dataclass
class Bound:
    """[length, maximum], [length] or [maximum]"""

    length: Name | None
    maximum: Number | None
    span: Span = field(compare=False)


@dataclass
class Argument:
    metas: list[Meta]
    direction: Name | None  # in, out
    type: Reference
    name: Name
    bound: Bound | None
    span: Span = field(compare=False)


@dataclass
class Parameters:
    arguments: list[Argument]
    end: Span = field(compare=False)  # the closing parenthesis


@dataclass
class Field:
    metas: list[Meta]
    type: Reference
    name: Name
    span: Span = field(compare=False)


@dataclass
class Import:
    path: Text
    name: Name
    span: Span = field(compare=False)


@dataclass
class Alias:
    name: Name
    type: Reference
    span: Span = field(compare=False)


@dataclass
class Typedef:
    metas: list[Meta]
    type: Reference
    name: Name
    count: Number | None  # None: another name of the type
    span: Span = field(compare=False)


@dataclass
class Struct:
    metas: list[Meta]
    fields: list[Field]
    name: Name
    end: Span = field(compare=False)  # the closing brace
    span: Span = field(compare=False)


@dataclass
class Enum:
    metas: list[Meta]
    members: list[Name]
    name: Name
    end: Span = field(compare=False)
    span: Span = field(compare=False)


@dataclass
class Message:
    """message, event or rpc: `kind` says which."""

    kind: str
    metas: list[Meta]
    idempotent: bool
    name: Name
    parameters: Parameters
    span: Span = field(compare=False)
    older: Name | None = field(default=None, compare=False)  # `call`, `response`: now `message`


@dataclass
class ErrorName:
    metas: list[Meta]
    name: Name
    span: Span = field(compare=False)


Declaration: TypeAlias = Import | Alias | Typedef | Struct | Enum | Message | ErrorName


@dataclass
class Interface:
    name: Name
    description: Text | None
    declarations: list[Declaration]
    end: Span = field(compare=False)
    span: Span = field(compare=False)


@dataclass
class Comment:
    text: str
    span: Span = field(compare=False)


@dataclass
class File:
    """A whole file: types and imports, and at most one interface is of use."""

    items: list[Interface | Declaration]
    comments: list[Comment] = field(compare=False)
    source: Source = field(compare=False)
