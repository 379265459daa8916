"""A checked interface to a Python module for MicroPython: its types, codecs and views.

What a module has, in its order: NAME, HASH, FRAME_BYTES (what a buffer must hold), a
constant for each message number, ERRORS, the types, `pack_<name>` and `unpack_<name>`
for each message, DESCRIPTION (number -> poly.wire.Message), METHODS and INTERFACE; then
the views Client and Server, which stand on poly.views, and Binding, on poly.events.

    pack_<name>(buffer, [tag,] [caps,] arguments...) -> length
        tag: of calls and responses. caps: a list that takes what travels beside the
        message, where there are `cap` arguments. Raises Misuse, and nothing is to be sent.
    unpack_<name>(buffer, length, [caps]) -> tuple of the arguments
        Raises Malformed. Marks the entries of `caps` as taken.

Messages of plain numbers take one call of struct each way, with a constant format.
"""

from collections.abc import Sequence

from polyphone.idl.codec import LINE_COLUMNS, Codec, Lines, cells, layout_format
from polyphone.idl.describe import interface_hash
from polyphone.idl.limits import MESSAGE_BYTES
from polyphone.idl.model import HEADER_BYTES, Enum, Interface, Kind, Message, Struct, is_plain
from polyphone.idl.names import constant

FAILURE_BYTES = 240  # the answer to a call that failed, with its text: poly.wire has it


def emit(interface: Interface, file_name: str) -> str:
    """The module's source text."""
    codec = Codec()
    body = _head(codec, interface)
    for kind in interface.types:
        body += _enum(kind) if isinstance(kind, Enum) else _struct(codec, kind)
    for message in interface.messages:
        body += ["", "", *codec.pack_message(message), "", "", *codec.unpack_message(message)]
    body += ["", "", *_tables(codec, interface)]
    body += _client(codec, interface) + _server(codec, interface) + _binding(codec, interface)
    title = interface.description.replace("\\", "/").replace('"', "'")
    head = [
        f'"""{interface.name}{f": {title}" if title else ""}',
        "",
        f"Made from {file_name} by `poly idl`; changes belong there.",
        '"""',
        "",
        *codec.imports.lines(),
    ]
    return "\n".join(head + body) + "\n"


# --- types and tables --------------------------------------------------------------


def _head(codec: Codec, interface: Interface) -> Lines:
    longest = max(message.maximum_bytes for message in interface.messages)
    lines = [
        "",
        f'NAME = "{interface.name}"',
        f'HASH = "{interface_hash(interface)}"',
        f"FRAME_BYTES = {max(min(longest, MESSAGE_BYTES), FAILURE_BYTES)}  # the longest message",
        "",
        *(f"{constant(found.py_name)} = {found.number}" for found in interface.messages),
    ]
    for name, python in zip(interface.errors, interface.py_errors, strict=True):
        base = codec.wire("DeclaredError")
        lines += ["", "", f"class {python}({base}):", f'    """{name}"""']
    lines += ["", ""] if interface.errors else [""]
    return [*lines, f"ERRORS = {_tuple(interface.py_errors)}"]


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' * (len(items) == 1)})"


def _enum(kind: Enum) -> Lines:
    lines = ["", "", f"class {kind.py_name}:", f'    """{kind}"""', ""]
    return lines + [f"    {name} = {number}" for number, name in enumerate(kind.py_members)]


def _struct(codec: Codec, kind: Struct) -> Lines:
    namedtuple = codec.imports.use("collections", "namedtuple")
    names = _tuple([f'"{part.py_name}"' for part in kind.fields])
    lines = ["", "", f'{kind.py_name} = {namedtuple}("{kind.py_name}", {names})']
    return [*lines, "", "", *codec.pack_struct(kind), "", "", *codec.unpack_struct(kind)]


def _tables(codec: Codec, interface: Interface) -> Lines:
    row = codec.wire("Message")
    lines = ["DESCRIPTION = {"]
    for message in interface.messages:
        kind = codec.wire(message.kind.name)
        arguments = _tuple([f'"{part.py_name}"' for part in message.fields])
        functions = f"pack_{message.py_name}, unpack_{message.py_name}"
        rest = f"{message.pair}, {message.capabilities}, {message.idempotent}, {_scalars(message)}"
        lines += [
            f"    {message.number}: {row}(",
            f'        "{message.name}", {kind}, {arguments},',
            f"        {functions},",
            f"        {rest},",
            "    ),",
        ]
    lines += ["}", "", "# Of the objects that take what comes.", "METHODS = {"]
    rpcs = {rpc.call.number: rpc.py_name for rpc in interface.rpcs}
    for message in interface.messages:
        if message.kind is not Kind.RESPONSE:
            name = rpcs.get(message.number, message.py_name)
            lines.append(f'    {message.number}: "{name}",')
    record = codec.wire("Interface")
    fields = "NAME, HASH, DESCRIPTION, METHODS, ERRORS, FRAME_BYTES"
    return [*lines, "}", "", f"INTERFACE = {record}({fields})"]


def _scalars(message: Message) -> str:
    """The format of all arguments if they are plain numbers."""
    if not is_plain(message.fields):
        return "None"
    return f'"<{layout_format(cells(message.fields), HEADER_BYTES)}"'


# --- views -------------------------------------------------------------------------


def _class(codec: Codec, name: str, place: str, base: str, about: str) -> Lines:
    base = codec.imports.use(place, base)
    return [
        "",
        "",
        f"class {name}({base}):",
        f'    """{about}"""',
        "",
        "    INTERFACE = INTERFACE",
    ]


def _method(name: str, parameters: Sequence[str], body: Lines) -> Lines:
    line = f"    def {name}({', '.join(['self', *parameters])}):"
    if len(line) > LINE_COLUMNS:
        wrapped = [f"        {one}," for one in ["self", *parameters]]
        return ["", f"    def {name}(", *wrapped, "    ):", *body]
    return ["", line, *body]


def _packed(message: Message, owner: str, tag: str = "") -> tuple[Lines, str, str]:
    """Lines before, the call of pack, and how its capabilities are passed on."""
    names = [f"{owner}.buffer", *([tag] if tag else [])]
    names += ["caps"] * bool(message.capabilities)
    names += [part.py_name for part in message.fields]
    before = ["        caps = []"] if message.capabilities else []
    caps = ", caps" if message.capabilities else ""
    return before, f"pack_{message.py_name}({', '.join(names)})", caps


def _client(codec: Codec, interface: Interface) -> Lines:
    about = "What a client does: calls are awaited, messages are sent when there is credit."
    lines = _class(codec, "Client", "poly.views", "ClientView", about)
    for rpc in interface.rpcs:
        parameters = [part.py_name for part in rpc.call.fields]
        if is_plain(rpc.call.fields):
            arguments = ", ".join([str(rpc.call.number), *parameters])
            body = [f"        return self._call({arguments})"]
        else:
            before, pack, caps = _packed(rpc.call, "self", "tag")
            body = [
                *before,
                "        tag = self.reserve()",
                f"        length = {pack}",
                f"        return self.submit(tag, {rpc.response.number}, length{caps})",
            ]
        lines += _stub(codec, rpc.call, _method(rpc.py_name, parameters, body))
    return lines + _senders(codec, interface, Kind.MESSAGE)


def _server(codec: Codec, interface: Interface) -> Lines:
    about = "One session of a server: what comes is given to the methods of its object."
    lines = _class(codec, "Server", "poly.views", "ServerView", about)
    lines += _senders(codec, interface, Kind.MESSAGE)
    return lines + _senders(codec, interface, Kind.EVENT)


def _stub(codec: Codec, message: Message, method: Lines) -> Lines:
    """A method that sends plain numbers: in the CPU driver, but for what is unusual."""
    if message.kind is Kind.EVENT or not is_plain(message.fields):
        return method
    plain = codec.imports.use("calls", "plain")
    return ["", f"    @{plain}({message.number})", *method[1:]]


def _senders(codec: Codec, interface: Interface, kind: Kind) -> Lines:
    lines: Lines = []
    for message in interface.messages:
        if message.kind is kind:
            before, pack, caps = _packed(message, "self")
            send = f"return self.send({pack}{caps})"
            if kind is Kind.EVENT and not message.capabilities:
                send = f"self.notify({message.number}, {pack})"
            parameters = [part.py_name for part in message.fields]
            method = _method(message.py_name, parameters, [*before, "        " + send])
            lines += _stub(codec, message, method)
    return lines


def _binding(codec: Codec, interface: Interface) -> Lines:
    lines = ["", "", "class Tx:", '    """Sends one message at once, or raises Busy."""']
    lines += ["", "    def __init__(self, binding):", "        self.binding = binding"]
    for message in interface.messages:
        tagged = message.pair != 0
        before, pack, caps = _packed(message, "binding", "tag" if tagged else "")
        parameters = [part.py_name for part in message.fields] + ["continuation=None"]
        body = ["        binding = self.binding", *before]
        if message.kind is Kind.RESPONSE:
            parameters.append("tag=None")
            body += ["        if tag is None:", "            tag = binding.tag"]
        elif message.kind is Kind.CALL:
            parameters.append("tag=1")
        body.append(f"        binding.transmit({pack}, continuation{caps})")
        lines += _method(message.py_name, parameters, body)
    about = "Either side, by events: rx, tx, continuations."
    return [*lines, *_class(codec, "Binding", "poly.events", "EventView", about), "    TX = Tx"]
