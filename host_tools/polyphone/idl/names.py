"""Which names generated modules may use: the one rule of mangling.

A name of an interface file that is a keyword or builtin of Python or MicroPython, or
that generated modules use themselves, gets a trailing underscore: `from` becomes
`from_` (an argument another one, if a type of the file has that name). With
`@py(name="...")` a file chooses another one. Names that begin with an underscore are
the modules' own, and refused in interface files.
"""

import builtins
import keyword

# Locals, parameters and imports of generated functions.
FUNCTIONS = frozenset(
    "self buffer length tag caps continuation binding channel pack_into unpack_from namedtuple"
    " micropython struct".split()
)
# Classes and constants of generated modules; message numbers are upper-case names too.
MODULE = frozenset(
    "NAME HASH FRAME_BYTES DESCRIPTION ERRORS METHODS Client Server Binding Tx"
    " ClientView ServerView EventView DeclaredError Malformed Misuse".split()
)
# What the base classes of the views have: a message must not hide it.
VIEWS = frozenset(
    "rx tx rx_table error_handler register_send change_port control close closed call answer"
    " send reserve release export state can_send missing".split()
)
PYTHON = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"async", "await", "const"}


def mangled(name: str) -> str:
    """The name that generated Python uses for a name of an interface file."""
    return name + "_" if name in PYTHON or name in FUNCTIONS or name in MODULE else name


def mangled_method(name: str) -> str:
    """As `mangled`, for what becomes a method of a view."""
    return name + "_" if name in VIEWS else mangled(name)


def constant(name: str) -> str:
    """The constant that is a message's number."""
    upper = name.upper()
    return upper + "_" if upper in MODULE else upper
