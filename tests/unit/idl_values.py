"""Random interfaces and random values for them, and generated modules run on the host."""

import string
import struct
import types

import host_core  # noqa: F401  the kernel's packages are found from now on
from hypothesis import strategies as st

from polyphone.idl import model
from polyphone.idl.check import check
from polyphone.idl.diagnostics import Source
from polyphone.idl.emit import emit

SCALARS = (
    "uint8 uint16 uint32 uint64 int8 int16 int32 int64 int char uintptr intptr size errval iref"
    " bool cap give_away_cap region"
).split()


def module_of(interface: model.Interface) -> types.ModuleType:
    """The generated module of an interface."""
    module = types.ModuleType(interface.py_name)
    source = emit(interface, interface.name + ".if")
    exec(compile(source, interface.name + ".py", "exec"), module.__dict__)
    return module


def interface_of(text: str) -> model.Interface:
    interface = check(Source("random.if", text)).interface
    assert interface
    return interface


# --- interfaces --------------------------------------------------------------------


@st.composite
def sources(draw):
    """The text of an interface in which all kinds of types and messages occur."""
    counter = iter(range(1000))
    words = st.text(string.ascii_letters, min_size=1, max_size=3)

    def name():
        # Short names meet builtins and keywords; the number keeps them apart.
        return f"{draw(words)}{next(counter)}"

    lines, named = [], []
    for kind in draw(st.lists(st.sampled_from(["alias", "array", "struct", "enum"]), max_size=4)):
        known = SCALARS + named
        new = name()
        if kind == "alias":
            lines.append(f"alias {new} {draw(st.sampled_from(known))};")
        elif kind == "array":
            count = draw(st.integers(1, 3))
            lines.append(f"typedef {draw(st.sampled_from(known))} {new}[{count}];")
        elif kind == "struct":
            fields = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4))
            inner = " ".join(f"{field} {name()};" for field in fields)
            lines.append(f"typedef struct {{ {inner} }} {new};")
        else:
            members = ", ".join(name() for _ in range(draw(st.integers(1, 4))))
            lines.append(f"typedef enum {{ {members} }} {new};")
        named.append(new)

    def argument():
        shape = draw(st.sampled_from(["plain", "plain", "string", "array"]))
        if shape == "string":
            return f"String {name()}[{draw(st.integers(1, 40))}]"
        kind = draw(st.sampled_from(SCALARS + named))
        bound = f"[{name()}, {draw(st.integers(1, 2))}]" if shape == "array" else ""
        return f"{kind} {name()}{bound}"

    for kind in draw(
        st.lists(st.sampled_from(["message", "event", "rpc"]), min_size=1, max_size=3)
    ):
        arguments = [argument() for _ in range(draw(st.integers(0, 4)))]
        if kind == "rpc":
            arguments = [draw(st.sampled_from(["in ", "out "])) + text for text in arguments]
        lines.append(f"{kind} {name()}({', '.join(arguments)});")
    return "interface random { " + "\n".join(lines) + " };"


# --- values ------------------------------------------------------------------------


def values(kind, module, caps):
    """A strategy of a type's values; capabilities are strings, each one another."""
    if isinstance(kind, model.Integer):
        low = -(1 << kind.bits - 1) if kind.signed else 0
        return st.integers(low, low + (1 << kind.bits) - 1)
    if isinstance(kind, model.Bool):
        return st.booleans()
    if isinstance(kind, model.Enum):
        return st.integers(0, len(kind.members) - 1)
    if isinstance(kind, model.Capability):
        return st.none() | st.builds(lambda: f"capability {next(caps)}")
    if isinstance(kind, model.Region):
        return st.tuples(*[st.integers(0, 0xFFFFFFFF)] * 3)
    if isinstance(kind, model.Struct):
        parts = [values(part.type, module, caps) for part in kind.fields]
        return st.builds(getattr(module, kind.py_name), *parts)
    if isinstance(kind, model.String):
        return st.text(max_size=kind.maximum).filter(
            lambda text: (
                len(text.encode(errors="surrogatepass")) <= kind.maximum and text.isprintable()
            )
        )
    least = kind.count if isinstance(kind, model.FixedArray) else 0
    most = kind.count if isinstance(kind, model.FixedArray) else kind.maximum
    if kind.of_bytes:
        return st.binary(min_size=least, max_size=most)
    elements = values(kind.element, module, caps)
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


def pack(message, module, buffer, arguments, tag=77):
    """Length and capabilities of a message that is put into the buffer."""
    caps = []
    between = [tag] if message.pair else []
    if message.capabilities:
        between.append(caps)
    function = getattr(module, f"pack_{message.py_name}")
    return function(buffer, *between, *arguments), caps


def unpack(message, module, buffer, length, caps):
    function = getattr(module, f"unpack_{message.py_name}")
    return function(buffer, length, *([list(caps)] if message.capabilities else []))


def header(buffer):
    return struct.unpack_from("<HH", buffer, 0)
