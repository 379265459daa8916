"""From the syntax tree to a checked interface: all mistakes of a file in one run."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from polyphone.idl import syntax
from polyphone.idl.diagnostics import InterfaceError, Report, Source
from polyphone.idl.limits import (
    ARGUMENTS,
    CAPABILITIES,
    DEFAULT_MAXIMUM,
    LENGTH_MAX,
    MESSAGE_BYTES,
    NUMBERS,
)
from polyphone.idl.metas import py_name
from polyphone.idl.model import (
    HEADER_BYTES,
    Array,
    Enum,
    Field,
    Integer,
    Interface,
    Kind,
    Message,
    Rpc,
    String,
    Struct,
    Type,
    Variable,
    aligned,
)
from polyphone.idl.names import constant, mangled, mangled_method
from polyphone.idl.parser import parse
from polyphone.idl.scope import (
    UNKNOWN,
    Scope,
    check_distinct,
    check_name,
    check_unique,
)
from polyphone.idl.types import STRINGS

LENGTH = Integer("uint16", "H", 2)


@dataclass
class Checked:
    """What a file is found to be; `interface` is None for a file of types."""

    interface: Interface | None
    report: Report = field(default_factory=Report)


def check(source: Source, types: Sequence[Source] = ()) -> Checked:
    """Read and check a file. Raises InterfaceError with all errors, in the order of the text."""
    report = Report()
    emitted: list[Enum | Struct] = []
    outer: Scope | None = None
    for file in types:
        outer = Scope(file, report, outer, emitted=emitted)
        outer.load(type_file=True)
    if not report.errors:
        tree = parse(source)
        scope = Scope(source, report, outer, emitted=emitted)
        interface = _Checker(scope, tree).check()
    if report.errors:
        raise InterfaceError(sorted(report.errors, key=lambda found: found.span.start))
    return Checked(interface, report)


class _Checker:
    def __init__(self, scope: Scope, tree: syntax.File) -> None:
        self.scope = scope
        self.tree = tree
        self.source, self.report = scope.source, scope.report
        self.seen: dict[str, syntax.Name] = {}
        self.messages: list[Message] = []
        self.rpcs: list[Rpc] = []
        self.errors: dict[str, syntax.Name] = {}
        self.py_errors: list[str] = []

    def check(self) -> Interface | None:
        interfaces = [item for item in self.tree.items if isinstance(item, syntax.Interface)]
        outside = [item for item in self.tree.items if not isinstance(item, syntax.Interface)]
        for extra in interfaces[1:]:
            self.report.error(self.source, extra.name.span,
                              f"a second interface in one file: '{extra.name.text}'",
                              "give each a file; shared types are imported")  # fmt: skip
        for item in outside:
            if isinstance(item, syntax.Message | syntax.ErrorName):
                self.report.error(self.source, item.name.span,
                                  f"'{item.name.text}' stands outside of an interface",
                                  "only types and imports may")  # fmt: skip
        loading = (self.source.path,) if self.source.path else ()
        self.scope.add_all(outside, loading, type_file=not interfaces)
        if interfaces:
            self.scope.add_all(interfaces[0].declarations, loading)
        self.scope.resolve_all()
        return self._interface(interfaces[0]) if interfaces else None

    def _interface(self, node: syntax.Interface) -> Interface:
        check_name(self.report, self.source, node.name)
        declarations = node.declarations
        for item in declarations:
            if isinstance(item, syntax.ErrorName):
                if check_unique(self.report, self.source, item.name, self.errors, "error"):
                    chosen = py_name(self.report, self.source, item.metas)
                    self.py_errors.append(chosen or mangled(item.name.text))
        for item in declarations:
            if isinstance(item, syntax.Message):
                self._message(item)
        if not self.messages:
            self.report.error(self.source, node.name.span,
                              f"the interface '{node.name.text}' has no messages")  # fmt: skip
        elif self.messages[-1].number >= NUMBERS:
            count = self.messages[-1].number
            self.report.error(self.source, node.name.span,
                              f"'{node.name.text}' needs {count:,} message numbers,"
                              f" at most {NUMBERS - 1:,}",
                              "an rpc takes two: for its call and its response")  # fmt: skip
        self._check_python_names(node)
        description = node.description.value if node.description else ""
        return Interface(
            node.name.text, description, mangled(node.name.text), tuple(self.scope.emitted),
            tuple(self.messages), tuple(self.rpcs), tuple(self.errors), tuple(self.py_errors),
        )  # fmt: skip

    def _check_python_names(self, node: syntax.Interface) -> None:
        """Classes and constants of the module must differ."""
        if self.report.errors:
            return  # some of them may be the reason
        taken = {kind.py_name for kind in self.scope.emitted}
        functions = {
            f"{way}_{found.py_name}" for way in ("pack", "unpack") for found in self.messages
        }
        if clash := functions.intersection(taken):
            self.report.error(self.source, node.name.span,
                              f"a type and a function are both '{min(clash)}' in Python",
                              'choose another name with @py(name="...")')  # fmt: skip
        classes = [kind.py_name for kind in self.scope.emitted]
        check_distinct(self.report, self.source, node.name, classes)
        named = list(zip(self.errors.values(), self.py_errors, strict=True))
        named += [(self.seen[found.name], constant(found.py_name)) for found in self.messages]
        self._check_new(named, taken)
        named = [(self.seen[rpc.name], rpc.py_name) for rpc in self.rpcs]
        one_way = (found for found in self.messages if not found.pair)
        named += [(self.seen[found.name], found.py_name) for found in one_way]
        self._check_new(named, set())

    def _check_new(self, named: list[tuple[syntax.Name, str]], taken: set[str]) -> None:
        for name, python in named:
            if python in taken:
                self.report.error(self.source, name.span,
                                  f"'{name.text}' is '{python}' in Python, as something else is",
                                  'choose another name with @py(name="...")')  # fmt: skip
            taken.add(python)

    # --- messages ------------------------------------------------------------------

    def _message(self, node: syntax.Message) -> None:
        if node.older:
            word = node.older.text
            self.report.warn(self.source, node.older.span, f"'{word}' is an older form",
                             "write `message`, or `rpc` for a call with its response")  # fmt: skip
        if not check_unique(self.report, self.source, node.name, self.seen, "message"):
            return
        chosen = py_name(self.report, self.source, node.metas)
        name = node.name.text
        arguments = node.parameters.arguments
        if len(arguments) > ARGUMENTS:
            self.report.error(self.source, arguments[ARGUMENTS].span,
                              f"'{name}' has {len(arguments)} arguments, at most {ARGUMENTS}",
                              "put some of them in a struct")  # fmt: skip
        if node.kind != "rpc":
            self._check_no_directions(node)
            python = chosen or mangled_method(name)
            kind = Kind(node.kind)
            self.messages.append(self._layout(node.name, kind, name, python, arguments))
            return
        ways = self._by_direction(node)
        python = chosen or mangled_method(name)
        first = len(self.messages) + 1
        halves = []
        for kind, part in ((Kind.CALL, ways["in"]), (Kind.RESPONSE, ways["out"])):
            half = f"{name}_{kind.value}"
            if other := self.seen.get(half):
                self.report.error(self.source, other.span,
                                  f"'{half}' is also a half of the rpc '{name}'")  # fmt: skip
            self.seen[half] = node.name
            pair = first if kind is Kind.RESPONSE else first + 1
            message = self._layout(node.name, kind, half, f"{python.rstrip('_')}_{kind.value}",
                                   part, pair, node.idempotent)  # fmt: skip
            self.messages.append(message)
            halves.append(message)
        self.rpcs.append(Rpc(name, python, *halves))

    def _check_no_directions(self, node: syntax.Message) -> None:
        an = "an" if node.kind == "event" else "a"
        for argument in node.parameters.arguments:
            if argument.direction:
                word = argument.direction.text
                self.report.error(self.source, argument.direction.span,
                                  f"'{word}' in {an} {node.kind}: it has one direction only",
                                  f"`rpc {node.name.text}` has both")  # fmt: skip

    def _by_direction(self, node: syntax.Message) -> dict[str, list[syntax.Argument]]:
        ways: dict[str, list[syntax.Argument]] = {"in": [], "out": []}
        for argument in node.parameters.arguments:
            declared = f"{argument.type} {argument.name.text}"
            if argument.direction:
                ways[argument.direction.text].append(argument)
            else:
                self.report.error(self.source, argument.span,
                                  f"the argument '{argument.name.text}' has no direction",
                                  f"in an rpc: `in {declared}` or `out {declared}`",
                                  )  # fmt: skip
        return ways

    def _layout(
        self,
        at: syntax.Name,
        kind: Kind,
        name: str,
        python: str,
        arguments: list[syntax.Argument],
        pair: int = 0,
        idempotent: bool = False,
    ) -> Message:
        end = HEADER_BYTES
        fields = []
        seen: dict[str, syntax.Name] = {}
        for argument in arguments:
            if not check_unique(self.report, self.source, argument.name, seen, "argument"):
                continue
            if argument.bound and argument.bound.length:
                check_unique(self.report, self.source, argument.bound.length, seen, "argument")
            chosen = py_name(self.report, self.source, argument.metas)
            found = self._argument_type(argument)
            place = LENGTH if isinstance(found, Variable) else found
            offset = aligned(end, place.align)
            end = offset + place.size
            parameter = chosen or mangled(argument.name.text)
            fields.append(Field(argument.name.text, found, offset, parameter))
        check_distinct(self.report, self.source, at, [part.py_name for part in fields])
        message = Message(len(self.messages) + 1, kind, name, python, tuple(fields), end,
                          pair, idempotent)  # fmt: skip
        self._check_size(at, message)
        return message

    def _check_size(self, at: syntax.Name, message: Message) -> None:
        if message.fixed_bytes > MESSAGE_BYTES:
            self.report.error(self.source, at.span,
                              f"'{message.name}' takes {message.fixed_bytes:,} bytes;"
                              f" a message has at most {MESSAGE_BYTES:,}")  # fmt: skip
        elif message.maximum_bytes > MESSAGE_BYTES:
            self.report.warn(self.source, at.span,
                             f"'{message.name}' may grow to {message.maximum_bytes:,} bytes;"
                             f" more than {MESSAGE_BYTES:,} will be refused")  # fmt: skip
        if message.capabilities > CAPABILITIES:
            self.report.error(self.source, at.span,
                              f"'{message.name}' carries {message.capabilities} capabilities,"
                              f" at most {CAPABILITIES}")  # fmt: skip

    # --- arguments -----------------------------------------------------------------

    def _argument_type(self, argument: syntax.Argument) -> Type:
        reference, bound = argument.type, argument.bound
        if not reference.module and reference.name.text in STRINGS:
            return self._string(argument)
        element = self.scope.type_of(reference)
        if bound is None:
            return element
        name = argument.name.text
        if bound.length is None:
            self.report.error(self.source, bound.span,
                              f"an array of {reference} tells its length and its maximum",
                              f"`{reference} {name}[{name}_len, {bound.maximum.text}]`;"  # type: ignore[union-attr]
                              " for a fixed length: `typedef`")  # fmt: skip
            return UNKNOWN
        if element is UNKNOWN:
            return UNKNOWN
        assert not isinstance(element, Variable)
        default = min(DEFAULT_MAXIMUM, LENGTH_MAX // element.size)
        return Array(element, self._maximum(argument, element.size, default))

    def _string(self, argument: syntax.Argument) -> Type:
        bound = argument.bound
        if bound and bound.length:
            maximum = bound.maximum.text if bound.maximum else DEFAULT_MAXIMUM
            self.report.error(self.source, bound.span, "a String tells its maximum only",
                              f"`String {argument.name.text}[{maximum}]`")  # fmt: skip
            return UNKNOWN
        return String(self._maximum(argument, 1, DEFAULT_MAXIMUM))

    def _maximum(self, argument: syntax.Argument, size: int, default: int) -> int:
        bound = argument.bound
        name = argument.name.text
        if bound is None or bound.maximum is None:
            written = "String" if argument.type.name.text in STRINGS else argument.type
            length = f"{bound.length.text}, " if bound and bound.length else ""
            self.report.warn(self.source, argument.span,
                             f"'{name}' has no maximum: {default} is assumed",
                             f"`{written} {name}[{length}{default}]`")  # fmt: skip
            return default
        maximum = bound.maximum.value
        most = MESSAGE_BYTES // size
        if not 1 <= maximum <= most:
            message = f"the maximum of '{name}' is 1 to {most:,}, not {maximum:,}"
            hint = f"a message has at most {MESSAGE_BYTES:,} bytes" if maximum > most else ""
            self.report.error(self.source, bound.maximum.span, message, hint)
            return 1
        return maximum
