"""`poly idl`: the compiler of interface files.

    parser.py      text to syntax tree        diagnostics.py  what is wrong, and where
    check.py       tree to checked model      scope.py        names of types
    describe.py    the wire layout as a table and its hash
    formatting.py  the canonical form of a file
    emit.py        model to Python module     codec.py        its functions

The wire format of a message, little endian throughout:

    uint16 number    which message: 1 and up in the order of the file, an rpc takes two
    uint16 tag       which call a call or response belongs to; 0 in other messages
    fixed part       every argument in its order, aligned to its own size: scalars, structs
                     and fixed arrays in place; of a String or array its length (uint16)
    variable part    the Strings and arrays in their order, each aligned to its element

Number 0 is the answer to a call that failed: uint16 number, uint16 tag, uint16 error (from 1
in the order of the file; 0: one that the file does not declare), then the error's text, in
UTF-8, of at most 234 bytes; behind 0 its name comes first. Padding says nothing. A message
ends where its last part ends; whatever is longer, shorter, or holds a value that its type
does not have, is refused by the receiver (UMP-7, IDL-6).
"""
