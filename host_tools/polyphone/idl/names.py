"""Which names generated modules may use: the one rule of mangling.

A name of an interface file that Python could not tell from its own gets a trailing
underscore. A method, field or member is an attribute, so that is a keyword: `from`
becomes `from_`. A type or an argument must not hide a builtin either, nor what the
generated modules use: `id` becomes `id_`. With `@py(name="...")` a file chooses another
name. Names that begin with an underscore are the modules' own, and refused.
"""

import builtins
import keyword

# Parameters of generated functions; their locals begin with an underscore, as imports do.
FUNCTIONS = frozenset("self buffer length tag caps continuation binding".split())
STRUCT_FUNCTIONS = frozenset(("at", "value"))
# Classes and constants of generated modules; message numbers are upper-case names too.
MODULE = frozenset(
    "NAME HASH FRAME_BYTES ERRORS DESCRIPTION METHODS INTERFACE Client Server Binding Tx".split()
)
# What the base classes of the views have: a message must not hide it.
VIEWS = frozenset(
    "channel buffer receiver session strays closed close error_handler binding send submit"
    " reserve notify missing answer_slowly ended handler_failed peer_closes started"
    " register_send deregister_send late_answers drain messages on_error unanswered"
    " INTERFACE ACCEPTS HELD TX".split()
)
KEYWORDS = frozenset(keyword.kwlist) | {"async", "await"}
TAKEN = KEYWORDS | FUNCTIONS | MODULE | frozenset(dir(builtins)) | {"const"}


def mangled(name: str) -> str:
    """The name of an argument, an error or the module."""
    return name + "_" if name in TAKEN else name


def mangled_type(name: str) -> str:
    """The name of a class, which must not hide parameters of the functions of structs."""
    return name + "_" if name in STRUCT_FUNCTIONS else mangled(name)


def mangled_attribute(name: str) -> str:
    """The name of a struct's field or of an enum's member."""
    return name + "_" if name in KEYWORDS else name


def mangled_method(name: str) -> str:
    """The name of a method of the views."""
    return name + "_" if name in VIEWS else mangled_attribute(name)


def constant(name: str) -> str:
    """The constant that is a message's number."""
    upper = name.upper()
    return upper + "_" if upper in MODULE else upper
