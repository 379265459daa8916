"""The functions that put a message into a buffer and take it out again, as Python text.

Scalars, lengths and fixed arrays of bytes are cells: all cells of a message or struct
go through one format of struct. Regions, structs and other arrays have places of
their own, which that format pads over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from polyphone.idl.limits import MESSAGE_BYTES
from polyphone.idl.model import (
    HEADER_BYTES,
    Array,
    Bool,
    Capability,
    Enum,
    Field,
    Fixed,
    FixedArray,
    Integer,
    Kind,
    Message,
    Region,
    Scalar,
    String,
    Struct,
    Variable,
    aligned,
    capabilities,
    is_plain,
)

STEP = "    "
LINE_COLUMNS = 99
INNER_COLUMNS = LINE_COLUMNS - len(STEP)  # of a line in a function
Lines = list[str]


@dataclass
class Imports:
    """What the functions made so far need from elsewhere; all imports get a leading
    underscore, which no name of an interface file has."""

    needed: dict[str, set[str]] = field(default_factory=dict)

    def use(self, module: str, name: str) -> str:
        self.needed.setdefault(module, set()).add(name)
        return "_" + name

    def lines(self) -> Lines:
        found: Lines = []
        for module, names in sorted(self.needed.items(), key=lambda item: "." in item[0]):
            inner = [f"{name} as _{name}" for name in sorted(names)]
            line = f"from {module} import {', '.join(inner)}"
            if len(line) > LINE_COLUMNS:
                line = f"from {module} import (\n" + "".join(f"    {n},\n" for n in inner) + ")"
            found.append(line)
        return found


@dataclass(frozen=True)
class Cell:
    """A field's part of the one format."""

    field: Field
    code: str
    size: int

    @property
    def is_length(self) -> bool:
        return isinstance(self.field.type, Variable)


def cells(fields: Sequence[Field]) -> list[Cell]:
    found = []
    for part in fields:
        kind = part.type
        if isinstance(kind, Variable):
            found.append(Cell(part, "H", 2))
        elif isinstance(kind, FixedArray) and kind.of_bytes:
            found.append(Cell(part, f"{kind.size}s", kind.size))
        elif isinstance(kind, Scalar):
            found.append(Cell(part, kind.code, kind.size))
    return found


def layout_format(found: Sequence[Cell], start: int) -> str:
    """Struct's format of cells, from offset `start` on."""
    text, end = "", start
    for cell in found:
        if cell.field.offset > end:
            text += f"{cell.field.offset - end}x"
        text += cell.code
        end = cell.field.offset + cell.size
    return text


class Codec:
    """Makes functions, and notes what they import."""

    def __init__(self) -> None:
        self.imports = Imports()

    def wire(self, name: str) -> str:
        return self.imports.use("poly.wire", name)

    @property
    def pack_into(self) -> str:
        return self.imports.use("struct", "pack_into")

    @property
    def unpack_from(self) -> str:
        return self.imports.use("struct", "unpack_from")

    # --- messages ------------------------------------------------------------------

    def pack_message(self, message: Message) -> Lines:
        """`def pack_...`"""
        where = message.name
        tagged = message.kind in (Kind.CALL, Kind.RESPONSE)
        names = ["buffer", *["tag"] * tagged, *["caps"] * bool(message.capabilities)]
        names += [part.py_name for part in message.fields]
        lines: Lines = []
        for part in message.variable:
            lines += self._check_variable(f"{where}.{part.name}", part)
        found = cells(message.fields)
        checks, values = self._cell_values(where, found, "")
        lines += checks
        # Number and tag as one word: each item of a format costs about 200 instructions.
        spec = "<I" + layout_format(found, HEADER_BYTES)
        header = f"{message.number} | tag << 16" if tagged else str(message.number)
        lines += _call(f'{self.pack_into}("{spec}", buffer, 0', [header, *values])
        for part in message.fixed:
            if not any(cell.field is part for cell in found):
                lines += self._put(
                    f"{where}.{part.name}", part.type, str(part.offset), part.py_name
                )
        end = str(message.fixed_bytes)
        if message.variable:
            lines += self._put_variables(where, message)
            end = "_end"
        lines.append(f"return {end}")
        return [_def(f"pack_{message.py_name}", names), *_indented(lines)]

    def unpack_message(self, message: Message) -> Lines:
        """`def unpack_...`"""
        where = message.name
        names = ["buffer", "length", *["caps"] * bool(message.capabilities)]
        least = message.fixed_bytes
        malformed = self.wire("Malformed")
        lines = [
            f"if length {'<' if message.variable else '!='} {least}:",
            f'    raise {malformed}("length", "{where}")',
        ]
        found = cells(message.fields)
        read = (
            f'{self.unpack_from}("<{layout_format(found, HEADER_BYTES)}", buffer, {HEADER_BYTES})'
        )
        if is_plain(message.fields):
            lines.append(f"return {read}" if found else "return ()")
            return [_def(f"unpack_{message.py_name}", names), *_indented(lines)]
        targets = [
            f"_len_{cell.field.name}" if cell.is_length else cell.field.py_name for cell in found
        ]
        if targets:
            one = f"({targets[0]},)" if len(targets) == 1 else ", ".join(targets)
            lines.append(f"{one} = {read}")
        if message.variable:
            lines += self._bounds_of_variables(where, message)
        results = []
        for part in message.fields:
            inner = f"{where}.{part.name}"
            if isinstance(part.type, Variable):
                results.append(self._variable_value(inner, part))
            elif part.py_name in targets:
                results.append(self._cell_value(inner, part.type, part.py_name))
            else:
                results.append(self._value(inner, part.type, str(part.offset)))
        if message.capabilities:
            lines += _result("_result = ", results)
            lines += [f'{self.wire("check_taken")}("{where}", caps)', "return _result"]
        else:
            lines += _result("return ", results)
        return [_def(f"unpack_{message.py_name}", names), *_indented(lines)]

    # --- structs -------------------------------------------------------------------

    def pack_struct(self, kind: Struct) -> Lines:
        """`def _pack_...`, for structs inside of messages"""
        names = ["buffer", "at", *["caps"] * bool(capabilities(kind)), "value"]
        found = cells(kind.fields)
        lines, values = self._cell_values(kind.name, found, "value.")
        if found:
            spec = "<" + layout_format(found, 0)
            lines += _call(f'{self.pack_into}("{spec}", buffer, at', values)
        for part in kind.fields:
            if not any(cell.field is part for cell in found):
                inner = f"{kind.name}.{part.name}"
                lines += self._put(
                    inner, part.type, f"at + {part.offset}", f"value.{part.py_name}"
                )
        return [_def(f"_pack_{kind.py_name}", names), *_indented(lines)]

    def unpack_struct(self, kind: Struct) -> Lines:
        names = ["buffer", "at", *["caps"] * bool(capabilities(kind))]
        found = cells(kind.fields)
        read = f'{self.unpack_from}("<{layout_format(found, 0)}", buffer, at)'
        if is_plain(kind.fields):
            lines = [f"return {kind.py_name}(*{read})"]
            return [_def(f"_unpack_{kind.py_name}", names), *_indented(lines)]
        lines = [f"_cells = {read}"] if found else []
        results = []
        for part in kind.fields:
            inner = f"{kind.name}.{part.name}"
            index = next((n for n, cell in enumerate(found) if cell.field is part), None)
            if index is None:
                results.append(self._value(inner, part.type, f"at + {part.offset}"))
            else:
                results.append(self._cell_value(inner, part.type, f"_cells[{index}]"))
        lines += [f"return {kind.py_name}(", *(f"    {text}," for text in results), ")"]
        return [_def(f"_unpack_{kind.py_name}", names), *_indented(lines)]

    # --- cells ---------------------------------------------------------------------

    def _cell_values(
        self, where: str, found: Sequence[Cell], prefix: str
    ) -> tuple[Lines, list[str]]:
        """What must hold before cells are packed, and what is packed."""
        checks: Lines = []
        values = []
        for cell in found:
            kind, value = cell.field.type, prefix + cell.field.py_name
            inner = f"{where}.{cell.field.name}"
            if isinstance(kind, Integer):
                checks += self._range_check(inner, kind, value)
            values.append(self._cell_packed(inner, kind, value))
        return checks, values

    def _cell_packed(self, where: str, kind: object, value: str) -> str:
        """What is packed for a value, as an expression that also checks."""
        if isinstance(kind, Variable):
            return f"len({value})"
        if isinstance(kind, Bool):
            return f"1 if {value} else 0"
        if isinstance(kind, Enum):
            return f'{self.wire("member")}("{where}", {value}, {len(kind.members)})'
        if isinstance(kind, Capability):
            return f"{self.wire('put_capability')}(caps, {value})"
        if isinstance(kind, FixedArray):
            return f'{self.wire("exact_bytes")}("{where}", {value}, {kind.count})'
        return value

    def _range_check(self, where: str, kind: Integer, value: str) -> Lines:
        # What is left of a number in range is 0; of a negative one it is -1.
        rest = f"{value} >> {kind.bits}"
        if kind.signed:
            rest = f"({value} + {1 << kind.bits - 1:#x}) >> {kind.bits}"
        return [f"if {rest}:", f'    raise {self.wire("out_of_range")}("{where}", {value})']

    def _cell_value(self, where: str, kind: object, value: str) -> str:
        """What a cell means, as an expression that also checks."""
        if isinstance(kind, Bool):
            return f'{self.wire("truth")}("{where}", {value})'
        if isinstance(kind, Enum):
            return f'{self.wire("member_of")}("{where}", {value}, {len(kind.members)})'
        if isinstance(kind, Capability):
            return f'{self.wire("take_capability")}("{where}", caps, {value})'
        return value

    # --- what is no cell -----------------------------------------------------------

    def _put(self, where: str, kind: object, at: str, value: str, depth: int = 0) -> Lines:
        """Lines that put a value at a place in the buffer."""
        if isinstance(kind, Region):
            return [f'{self.wire("put_region")}("{where}", buffer, {at}, {value})']
        if isinstance(kind, Struct):
            caps = "caps, " if capabilities(kind) else ""
            return [f"_pack_{kind.py_name}(buffer, {at}, {caps}{value})"]
        if isinstance(kind, FixedArray) and kind.of_bytes:
            data = f'{self.wire("exact_bytes")}("{where}", {value}, {kind.count})'
            return [f"buffer[{at} : {at} + {kind.count}] = {data}"]
        if isinstance(kind, FixedArray):
            check = f'{self.wire("check_exact")}("{where}", {value}, {kind.count})'
            return [check, *self._put_elements(where, kind.element, at, value, depth)]
        assert isinstance(kind, Scalar)
        packed = self._cell_packed(where, kind, value)
        return [f'{self.pack_into}("<{kind.code}", buffer, {at}, {packed})']

    def _put_elements(self, where: str, element: Fixed, at: str, value: str, depth: int) -> Lines:
        if isinstance(element, Integer):
            low = -(1 << element.bits - 1) if element.signed else 0
            high = (1 << element.bits - element.signed) - 1
            put = self.wire("put_integers")
            return [f'{put}("{where}", buffer, {at}, "{element.code}", {value}, {low}, {high:#x})']
        place, item = f"_at{depth}", f"_item{depth}"
        return [
            f"{place} = {at}",
            f"for {item} in {value}:",
            *_indented(self._put(where, element, place, item, depth + 1)),
            f"    {place} += {element.size}",
        ]

    def _value(self, where: str, kind: object, at: str, depth: int = 0) -> str:
        """An expression for what lies at a place in the buffer."""
        if isinstance(kind, Region):
            return f'{self.unpack_from}("<III", buffer, {at})'
        if isinstance(kind, Struct):
            return f"_unpack_{kind.py_name}(buffer, {at}{', caps' if capabilities(kind) else ''})"
        if isinstance(kind, FixedArray):
            return self._elements(where, kind.element, str(kind.count), at, depth)
        assert isinstance(kind, Scalar)
        one = (
            f"buffer[{at}]"
            if kind.code == "B"
            else (f'{self.unpack_from}("<{kind.code}", buffer, {at})[0]')
        )
        return self._cell_value(where, kind, one)

    def _elements(self, where: str, element: Fixed, count: str, at: str, depth: int) -> str:
        if isinstance(element, Integer) and element.code == "B":
            return f"bytes(buffer[{at} : {at} + {count}])"
        if isinstance(element, Integer):
            if count.isdigit():
                return f'{self.unpack_from}("<{count}{element.code}", buffer, {at})'
            return f'{self.unpack_from}("<%d{element.code}" % {count}, buffer, {at})'
        index = f"_i{depth}"
        place = f"{at} + {element.size} * {index}"
        one = self._value(where, element, place, depth + 1)
        return f"tuple([{one} for {index} in range({count})])"

    # --- variable parts ------------------------------------------------------------

    def _check_variable(self, where: str, part: Field) -> Lines:
        kind, name = part.type, part.py_name
        if isinstance(kind, String):
            return [f'{name} = {self.wire("text_bytes")}("{where}", {name}, {_most(kind)})']
        assert isinstance(kind, Array)
        if kind.of_bytes:
            return [f'{name} = {self.wire("byte_data")}("{where}", {name}, {_most(kind)})']
        return [f'{self.wire("check_count")}("{where}", {name}, {_most(kind)})']

    def _put_variables(self, where: str, message: Message) -> Lines:
        """Lines that put the variable parts behind the fixed one; then `_end` is the end."""
        may_overflow = message.maximum_bytes > MESSAGE_BYTES
        lines = [f"_end = {message.fixed_bytes}"]
        for number, part in enumerate(message.variable):
            kind, name = part.type, part.py_name
            assert isinstance(kind, String | Array)
            element = kind.element
            if element.align > 1 and (number or message.fixed_bytes % element.align):
                lines.append(f"_end = {self.wire('put_padding')}(buffer, _end, {element.align})")
            size = f"{element.size} * " if element.size > 1 else ""
            lines.append(f"_start, _end = _end, _end + {size}len({name})")
            inner = f"{where}.{part.name}"
            if may_overflow:
                lines.append(f'{self.wire("check_room")}("{inner}", _end)')
            if isinstance(kind, String) or kind.of_bytes:
                lines.append(f"buffer[_start:_end] = {name}")
            else:
                lines += self._put_elements(inner, element, "_start", name, 0)
        return lines

    def _bounds_of_variables(self, where: str, message: Message) -> Lines:
        """Where each variable part starts, its count checked; and that the last one ends."""
        lines: Lines = []
        malformed = self.wire("Malformed")
        end = ""  # of the part before, as an expression
        for part in message.variable:
            kind, count, start = part.type, f"_len_{part.name}", f"_at_{part.name}"
            assert isinstance(kind, String | Array)
            lines += [
                f"if {count} > {_most(kind)}:",
                f'    raise {malformed}("count", "{where}.{part.name}")',
            ]
            element = kind.element
            if not end:
                end = str(aligned(message.fixed_bytes, element.align))
            elif element.align > 1:
                end = f"{self.wire('aligned')}({end}, {element.align})"
            lines.append(f"{start} = {end}")
            end = f"{start} + {f'{element.size} * ' if element.size > 1 else ''}{count}"
        return [*lines, f"if length != {end}:", f'    raise {malformed}("length", "{where}")']

    def _variable_value(self, where: str, part: Field) -> str:
        kind, count, at = part.type, f"_len_{part.name}", f"_at_{part.name}"
        if isinstance(kind, String):
            return f'{self.wire("text_of")}("{where}", buffer, {at}, {at} + {count})'
        assert isinstance(kind, Array)
        return self._elements(where, kind.element, count, at, 0)


def _most(kind: String | Array) -> int:
    """A maximum that a length, a uint16, can say, and a message can hold."""
    return min(kind.maximum, MESSAGE_BYTES - 1)


def _def(name: str, parameters: Sequence[str]) -> str:
    line = f"def {name}({', '.join(parameters)}):"
    if len(line) <= LINE_COLUMNS:
        return line
    return "\n".join([f"def {name}(", *(f"    {one}," for one in parameters), "):"])


def _call(start: str, arguments: Sequence[str]) -> Lines:
    line = f"{start}, {', '.join(arguments)})"
    if len(line) <= INNER_COLUMNS:
        return [line]
    name, _, rest = start.partition("(")
    return [f"{name}(", f"    {rest},", *(f"    {one}," for one in arguments), ")"]


def _result(start: str, values: Sequence[str]) -> Lines:
    line = f"{start}({values[0]},)" if len(values) == 1 else start + ", ".join(values)
    if len(line) <= INNER_COLUMNS:
        return [line]
    return [f"{start}(", *(f"    {one}," for one in values), ")"]


def _indented(lines: Sequence[str]) -> Lines:
    return [STEP + line for line in lines]
