"""Capabilities that travel with a message (SPEC IDL-7): in front of its frame, in one train,
so that they arrive with it, never before or after.

A capability is an iref: the right to bind to an export, wherever that is. What a peer sends
is checked here as far as it can be; whether the export is still there, its monitor says
when somebody binds.
"""

from struct import pack_into, unpack_from

import cpu

from poly import limits
from poly.errors import Misuse
from poly.wire import CAPABILITY_BYTES as IREF_BYTES
from poly.wire import COUNT_BYTES, Malformed

COUNT = "<I"
IREF = "<BBHHH"  # kind, core, slot, generation, 0
IREF_KIND = 1


def packed(buffer, length, caps):
    """(bytes, length) of a frame and its capabilities. Raises Misuse for what is none."""
    start = COUNT_BYTES + len(caps) * IREF_BYTES
    message = bytearray(start + length)
    pack_into(COUNT, message, 0, len(caps))
    for at, iref in enumerate(caps):
        if not isinstance(iref, tuple) or len(iref) != 3:
            raise Misuse("a capability is an iref (core, slot, generation), not %r" % (iref,))
        pack_into(IREF, message, COUNT_BYTES + at * IREF_BYTES, IREF_KIND, *iref, 0)
    message[start:] = memoryview(buffer)[:length]
    return message, len(message)


def unpacked(name, buffer, length):
    """(frame, capabilities) of a message that was received. Raises Malformed."""
    if length < COUNT_BYTES:
        raise Malformed("length", name)
    (count,) = unpack_from(COUNT, buffer, 0)
    start = COUNT_BYTES + count * IREF_BYTES
    if not 0 < count <= limits.CAPABILITIES or start > length:
        raise Malformed("capability", name)
    caps = []
    for at in range(COUNT_BYTES, start, IREF_BYTES):
        kind, core, slot, generation, rest = unpack_from(IREF, buffer, at)
        if kind != IREF_KIND or core >= cpu.cores() or slot >= limits.EXPORTS or rest:
            raise Malformed("capability", name)
        caps.append((core, slot, generation))
    return bytes(buffer[start:length]), caps
