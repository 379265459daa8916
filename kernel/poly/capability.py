"""Capabilities that travel with a message (SPEC IDL-7): in front of its frame, in one train,
so that they arrive with it, never before or after.

A capability is an iref, the right to bind to an export wherever that is, or a region of
shared RAM. What a peer sends is checked here as far as it can be; whether an export is
still there, its monitor says when somebody binds.
"""

from struct import pack_into, unpack_from

import cpu

from poly import limits
from poly.errors import Misuse
from poly.grant import Lent, Region
from poly.region import in_arena
from poly.transport import CAPS
from poly.wire import CAPABILITY_BYTES, COUNT_BYTES, Malformed

COUNT = "<I"
IREF, REGION = 1, 2  # kinds
FORMAT = "<BBHIII"  # kind, core, and of an iref slot and generation, of a region:
# the number of its grant, offset, length


def post(what):
    """Post (transport, buffer, length, capabilities). Undisturbed: what is granted was sent."""
    transport, buffer, length, caps = what
    grants = []
    try:
        message = packed(transport.peer, buffer, length, caps, grants)
        transport.channel.post(message, len(message), CAPS)
    except BaseException:
        for grant in grants:
            grant.region.returned(grant)
        raise


def packed(peer, buffer, length, caps, grants):
    """A frame with its capabilities for core `peer`; its regions' Grants go to `grants`.
    Raises Misuse."""
    start = COUNT_BYTES + len(caps) * CAPABILITY_BYTES
    message = bytearray(start + length)
    pack_into(COUNT, message, 0, len(caps))
    for capability in caps:
        if not isinstance(capability, (Region, Lent)) and not is_iref(capability):
            raise Misuse("a capability is an iref or a region, not %r" % (capability,))
    for at, capability in enumerate(caps):
        if is_iref(capability):
            core, slot, generation = capability
            row = (IREF, core, slot, generation, 0, 0)
        else:
            grant = capability.granted(peer)
            grants.append(grant)
            offset, size = capability.offset, capability.length
            row = (REGION, cpu.core(), grant.number, offset, size, 0)
        pack_into(FORMAT, message, COUNT_BYTES + at * CAPABILITY_BYTES, *row)
    message[start:] = memoryview(buffer)[:length]
    return message


def is_iref(capability):
    return isinstance(capability, tuple) and len(capability) == 3


def unpacked(transport, buffer, length):
    """(frame, capabilities) of a message that was received. Raises Malformed."""
    name = transport.name
    if length < COUNT_BYTES:
        raise Malformed("length", name)
    (count,) = unpack_from(COUNT, buffer, 0)
    start = COUNT_BYTES + count * CAPABILITY_BYTES
    if not 0 < count <= limits.CAPABILITIES or start > length:
        raise Malformed("capability", name)
    rows = [unpack_from(FORMAT, buffer, at) for at in range(COUNT_BYTES, start, CAPABILITY_BYTES)]
    for row in rows:
        if not (is_iref_row(row) or is_region_row(row, transport.peer)):
            raise Malformed("capability", name)
    caps = []
    for kind, core, number, first, second, _ in rows:
        if kind == IREF:
            caps.append((core, number, first))
        else:
            caps.append(Lent(transport.domain, core, number, first, second))
    return bytes(buffer[start:length]), caps


def is_iref_row(row):
    kind, core, slot, generation, second, rest = row
    return (
        kind == IREF
        and core < cpu.cores()
        and slot < limits.EXPORTS
        and generation <= 0xFFFF
        and not second
        and not rest
    )


def is_region_row(row, peer):
    """Whole pages of the peer's own arena."""
    kind, core, _, offset, length, rest = row
    if kind != REGION or core != peer or rest or not length:
        return False
    if offset % limits.PAGE_BYTES or length % limits.PAGE_BYTES:
        return False
    return in_arena(core, offset, length)
