"""Names of types and what they mean: resolves declarations, in any order, without cycles."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from polyphone.errors import similar
from polyphone.idl import syntax
from polyphone.idl.diagnostics import InterfaceError, Report, Source, Span
from polyphone.idl.limits import LENGTH_MAX, MEMBERS, MESSAGE_BYTES, NAME_LENGTH, NESTING
from polyphone.idl.metas import py_name
from polyphone.idl.model import (
    Enum,
    Field,
    FixedArray,
    Integer,
    Struct,
    Type,
    aligned,
)
from polyphone.idl.names import mangled_attribute, mangled_type
from polyphone.idl.parser import parse
from polyphone.idl.types import BUILTINS, DECLARABLE, STRINGS

TypeDeclaration: TypeAlias = syntax.Alias | syntax.Typedef | syntax.Struct | syntax.Enum
# What stands for a type that could not be resolved: the mistake was told, checks go on.
UNKNOWN = Integer("unknown", "B", 1)


@dataclass
class Scope:
    """The type declarations of one file, with those of imported files below it."""

    source: Source
    report: Report
    outer: "Scope | None" = None  # of type files
    prefix: str = ""  # of Python's names for the types of an imported file
    declared: dict[str, TypeDeclaration] = field(default_factory=dict)
    # None: could not be read, which was told.
    modules: dict[str, "Scope | None"] = field(default_factory=dict)
    resolved: dict[str, Type] = field(default_factory=dict)
    in_progress: list[str] = field(default_factory=list)
    emitted: list[Enum | Struct] = field(default_factory=list)  # shared by all scopes

    # --- declaring -----------------------------------------------------------------

    def declare(self, node: TypeDeclaration, type_file: bool = False) -> None:
        name = node.name
        check_name(self.report, self.source, name)
        if name.text in STRINGS or (
            name.text in BUILTINS and not (type_file and name.text in DECLARABLE)
        ):
            self.report.error(self.source, name.span, f"'{name.text}' is a type of the language")
        elif first := self.declared.get(name.text):
            line = self.source.line_of(first.name.span.start)
            self.report.error(self.source, name.span, f"the type '{name.text}' is declared twice",
                              f"the first is in line {line}")  # fmt: skip
        else:
            self.declared[name.text] = node

    def add_import(self, node: syntax.Import, loading: tuple[Path, ...]) -> None:
        """Make the types of another file known as `module.name`."""
        report, source = self.report, self.source
        check_name(report, source, node.name)
        if node.name.text in self.modules:
            report.error(source, node.name.span, f"'{node.name.text}' is imported twice")
            return
        self.modules[node.name.text] = None
        path = source.folder / node.path.value
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"cannot import '{node.path.value}': {reason}"
            report.error(source, node.path.span, message,
                         "the path is relative to this file")  # fmt: skip
            return
        except UnicodeDecodeError:
            report.error(source, node.path.span, f"'{node.path.value}' is not UTF-8 text")
            return
        if path.resolve() in loading:
            report.error(source, node.path.span, f"'{node.path.value}' imports itself")
            return
        name = str(Path(source.name).parent / node.path.value)
        scope = Scope(Source(name, text, path), report, self.outer,
                      f"{self.prefix}{node.name.text}_", emitted=self.emitted)  # fmt: skip
        self.modules[node.name.text] = scope
        scope.load((*loading, path.resolve()))

    def load(self, loading: tuple[Path, ...] = (), type_file: bool = False) -> None:
        """Take the types of this scope's file."""
        try:
            tree = parse(self.source)
        except InterfaceError as error:
            self.report.found += error.diagnostics
            return
        for item in tree.items:
            inner = item.declarations if isinstance(item, syntax.Interface) else [item]
            self.add_all(inner, loading, type_file)

    def add_all(
        self,
        nodes: list[syntax.Declaration] | list[syntax.Interface | syntax.Declaration],
        loading: tuple[Path, ...] = (),
        type_file: bool = False,
    ) -> None:
        for node in nodes:
            if isinstance(node, TypeDeclaration):
                self.declare(node, type_file)
            elif isinstance(node, syntax.Import):
                self.add_import(node, loading)

    # --- resolving -----------------------------------------------------------------

    def resolve_all(self) -> None:
        for name in self.declared:
            self._resolve(name)

    def type_of(self, reference: syntax.Reference) -> Type:
        """What a reference means; UNKNOWN after an error."""
        if reference.module:
            module = self.modules.get(reference.module.text)
            if reference.module.text not in self.modules:
                hint = similar(reference.module.text, self.modules)
                self.report.error(self.source, reference.module.span,
                                  f"nothing is imported as '{reference.module.text}'",
                                  hint or f'import "..." as {reference.module.text};')  # fmt: skip
            if module is None:
                return UNKNOWN
            if reference.name.text in module.declared:
                return module._resolve(reference.name.text)
            message = f"'{reference.module.text}' declares no type '{reference.name.text}'"
            self.report.error(self.source, reference.name.span, message,
                              similar(reference.name.text, module.declared))  # fmt: skip
            return UNKNOWN
        name = reference.name.text
        scope: Scope | None = self
        while scope:
            if name in scope.declared:
                return scope._resolve(name)
            scope = scope.outer
        if name in BUILTINS:
            return BUILTINS[name]
        if name in STRINGS:
            self.report.error(self.source, reference.span, "a String is only an argument",
                              "in a struct or typedef: a char array of fixed length")  # fmt: skip
            return UNKNOWN
        known = [*self.declared, *(self.outer.declared if self.outer else ()), *BUILTINS, *STRINGS]
        self.report.error(self.source, reference.span, f"unknown type '{name}'",
                          similar(name, known)
                          or "types of other files: `import`, or --types")  # fmt: skip
        return UNKNOWN

    def _resolve(self, name: str) -> Type:
        if name in self.resolved:
            return self.resolved[name]
        node = self.declared[name]
        if name in self.in_progress:
            chain = [*self.in_progress[self.in_progress.index(name) :], name]
            what = "contains itself" if isinstance(node, syntax.Struct) else "is made of itself"
            self.report.error(self.source, node.name.span, f"the type '{name}' {what}",
                              " -> ".join(chain))  # fmt: skip
            self.resolved[name] = UNKNOWN
            return UNKNOWN
        if len(self.in_progress) > NESTING:
            message = f"types that are made of types, more than {NESTING} deep"
            self.report.error(self.source, node.name.span, message)
            return UNKNOWN
        self.in_progress.append(name)
        make: dict[type, Callable[..., Type]] = {
            syntax.Alias: lambda alias: self.type_of(alias.type),
            syntax.Typedef: self._typedef,
            syntax.Struct: self._struct,
            syntax.Enum: self._enum,
        }
        found = make[type(node)](node)
        self.in_progress.pop()
        found = self.resolved.setdefault(name, found)
        if isinstance(found, Enum | Struct) and found not in self.emitted:
            self.emitted.append(found)
        return found

    def _typedef(self, node: syntax.Typedef) -> Type:
        element = self.type_of(node.type)
        if node.count is None:
            return element
        count = node.count.value
        if not 1 <= count <= LENGTH_MAX:
            message = f"an array has 1 to {LENGTH_MAX:,} elements, not {count:,}"
            self.report.error(self.source, node.count.span, message)
            count = 1
        name = self._py(node)
        array = FixedArray(node.name.text, element, count, name)  # type: ignore[arg-type]
        return array if self._check_size(node.name, array) else UNKNOWN

    def _struct(self, node: syntax.Struct) -> Type:
        if not node.fields:
            self.report.error(self.source, Span(node.end.start, node.end.end),
                              f"the struct '{node.name.text}' has no fields")  # fmt: skip
            return UNKNOWN
        fields: list[Field] = []
        seen: dict[str, syntax.Name] = {}
        end, align = 0, 1
        for part in node.fields:
            if not check_unique(self.report, self.source, part.name, seen, "field"):
                continue
            kind = self.type_of(part.type)
            assert not isinstance(kind, str)
            offset = aligned(end, kind.align)  # type: ignore[union-attr]
            end = offset + kind.size  # type: ignore[union-attr]
            align = max(align, kind.align)  # type: ignore[union-attr]
            chosen = py_name(self.report, self.source, part.metas)
            fields.append(
                Field(part.name.text, kind, offset, chosen or mangled_attribute(part.name.text))
            )
        check_distinct(self.report, self.source, node.name, [part.py_name for part in fields])
        size = aligned(end, align)
        made = Struct(node.name.text, tuple(fields), size, align, self._py(node))
        return made if self._check_size(node.name, made) else UNKNOWN

    def _enum(self, node: syntax.Enum) -> Type:
        seen: dict[str, syntax.Name] = {}
        for member in node.members:
            check_unique(self.report, self.source, member, seen, "member")
        if len(seen) > MEMBERS:
            message = f"'{node.name.text}' has {len(seen):,} members, at most {MEMBERS:,}"
            self.report.error(self.source, node.name.span, message)
        members = tuple(seen)
        py_members = [mangled_attribute(name) for name in members]
        check_distinct(self.report, self.source, node.name, py_members)
        return Enum(node.name.text, members, self._py(node), tuple(py_members))

    def _py(self, node: syntax.Typedef | syntax.Struct | syntax.Enum) -> str:
        chosen = py_name(self.report, self.source, node.metas)
        return chosen or self.prefix + mangled_type(node.name.text)

    def _check_size(self, name: syntax.Name, made: Struct | FixedArray) -> bool:
        size, text = made.size, name.text
        if size > MESSAGE_BYTES:
            message = f"'{text}' takes {size:,} bytes; a message has at most {MESSAGE_BYTES:,}"
        elif made.depth > NESTING:
            message = f"'{text}' has types in types, {made.depth} deep; at most {NESTING}"
        else:
            return True
        self.report.error(self.source, name.span, message)
        return False


# --- names -------------------------------------------------------------------------


def check_name(report: Report, source: Source, name: syntax.Name) -> bool:
    if name.text.startswith("_"):
        report.error(source, name.span, f"'{name.text}': names that begin with '_' are reserved",
                     f"call it '{name.text.lstrip('_') or 'x'}'")  # fmt: skip
    elif len(name.text) > NAME_LENGTH:
        message = f"a name has at most {NAME_LENGTH} letters, this one {len(name.text)}"
        report.error(source, name.span, message)
    else:
        return True
    return False


def check_unique(
    report: Report, source: Source, name: syntax.Name, seen: dict[str, syntax.Name], what: str
) -> bool:
    """Whether the name is new in `seen`; tells where the first one is, if not."""
    check_name(report, source, name)
    if first := seen.get(name.text):
        line, column = source.line_of(first.span.start), source.column_of(first.span.start)
        report.error(source, name.span, f"the {what} '{name.text}' is declared twice",
                     f"the first is in line {line}, column {column}")  # fmt: skip
        return False
    seen[name.text] = name
    return True


def check_distinct(report: Report, source: Source, at: syntax.Name, py_names: list[str]) -> None:
    """Names that were different must be so in Python too."""
    twice = sorted(name for name, count in Counter(py_names).items() if count > 1)
    if twice:
        report.error(source, at.span, f"'{at.text}' has two names that are '{twice[0]}' in Python",
                     'choose another with @py(name="...")')  # fmt: skip
