"""The types that need no declaration, and those that type files may declare anew."""

from polyphone.idl.model import Bool, Capability, Integer, Region, Type

BUILTINS: dict[str, Type] = {
    "uint8": Integer("uint8", "B", 1),
    "uint16": Integer("uint16", "H", 2),
    "uint32": Integer("uint32", "I", 4),
    "uint64": Integer("uint64", "Q", 8),
    "int8": Integer("int8", "b", 1),
    "int16": Integer("int16", "h", 2),
    "int32": Integer("int32", "i", 4),
    "int64": Integer("int64", "q", 8),
    "int": Integer("int32", "i", 4),
    "char": Integer("char", "B", 1),
    # The same on all boards, so that interfaces do not depend on one.
    "uintptr": Integer("uint64", "Q", 8),
    "intptr": Integer("int64", "q", 8),
    "size": Integer("uint64", "Q", 8),
    "errval": Integer("uint64", "Q", 8),
    "iref": Integer("uint32", "I", 4),
    "bool": Bool(),
    "cap": Capability(False),
    "give_away_cap": Capability(True),
    "region": Region(),
}
STRINGS = ("String", "string")
# Barrelfish's type files say what these are on each of its machines.
DECLARABLE = ("iref", "errval", "size", "uintptr", "intptr", "char")
