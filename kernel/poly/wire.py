"""What the codecs that `poly idl` generates have in common: values checked on both sides.

A sender's mistake is a Misuse and nothing was sent. What a peer sent wrong is
Malformed, with one of REASONS, and the channel's end (IDL-6, UMP-7). `where` says
which message and argument: "say.text".
"""

from collections import namedtuple
from struct import pack_into, unpack_from

from poly.errors import Error, Misuse, PeerBroke, ServerFailed
from poly.text import described, shortened
from poly.text import text_of as error_text

MESSAGE_BYTES = 65536  # one message of a channel
HEADER_BYTES = 4  # its number and its tag
COUNT_BYTES = 4  # in front of the capabilities of a message
CAPABILITY_BYTES = 16
NOTHING = b""
ZEROS = bytes(8)

# Who sends a message, and what it belongs to.
MESSAGE, EVENT, CALL, RESPONSE = range(4)
# A row of a generated DESCRIPTION. `pair` is the other number of a call and its
# response. `scalars`: struct's format of all arguments, behind the header, if they
# are plain numbers; None if not.
Message = namedtuple(
    "Message",
    (
        "name",
        "kind",
        "arguments",
        "pack",
        "unpack",
        "pair",
        "capabilities",
        "idempotent",
        "scalars",
    ),
)
# What a generated module says of itself. `methods`: number -> name of the method that
# takes it, for all but responses.
Interface = namedtuple(
    "Interface", ("name", "hash", "description", "methods", "errors", "frame_bytes")
)

REASONS = (
    "number",  # no such message, or not one that this side may send
    "tag",  # of no call that waits for this response
    "length",  # shorter or longer than its arguments
    "count",  # more elements than the maximum
    "bool",  # neither 0 nor 1
    "enum",  # no member
    "utf-8",  # a String that is none
    "capability",  # named but not there, there but not named, or named twice
)


class DeclaredError(Error):
    """An error that an interface declares: raised by a method of the server, it is raised
    where the call is awaited, with its text."""


class Malformed(PeerBroke):
    """A message that breaks its interface's rules; `reason` is one of REASONS."""

    def __init__(self, reason, where):
        super().__init__("%s: wrong %s" % (where, reason))
        self.reason = reason


def longest(interface):
    """Bytes of an interface's longest message, with what travels beside it."""
    most = 0
    for message in interface.description.values():
        most = max(most, message.capabilities)
    return interface.frame_bytes + (COUNT_BYTES + most * CAPABILITY_BYTES if most else 0)


# --- sending -----------------------------------------------------------------------


def out_of_range(where, value):
    """The error for a number that its type does not have."""
    return Misuse("%s: %r is out of range" % (where, value))


def text_bytes(where, text, maximum):
    """A String's bytes. Raises Misuse if there are more than the maximum."""
    try:
        data = text.encode()
    except UnicodeError:
        raise Misuse("%s: no UTF-8 can express it" % where)
    if len(data) > maximum:
        raise Misuse("%s: %d bytes, at most %d" % (where, len(data), maximum))
    return data


def byte_data(where, data, maximum):
    """Bytes for an array of uint8 or char. Raises Misuse if there are more than the maximum."""
    if isinstance(data, memoryview):
        data = bytes(data)  # its elements may be longer than a byte
    if not isinstance(data, (bytes, bytearray)):
        raise Misuse("%s: bytes are wanted, not %r" % (where, type(data)))
    if len(data) > maximum:
        raise Misuse("%s: %d bytes, at most %d" % (where, len(data), maximum))
    return data


def exact_bytes(where, data, count):
    """Bytes for a fixed array of uint8 or char."""
    data = byte_data(where, data, count)
    if len(data) != count:
        raise Misuse("%s: %d bytes, not %d" % (where, len(data), count))
    return data


def check_count(where, values, maximum):
    """Refuse more elements than an array may have."""
    if len(values) > maximum:
        raise Misuse("%s: %d elements, at most %d" % (where, len(values), maximum))


def check_exact(where, values, count):
    """Refuse anything but the elements that a fixed array has."""
    if len(values) != count:
        raise Misuse("%s: %d elements, not %d" % (where, len(values), count))


def check_room(where, end):
    """Refuse what no channel takes."""
    if end > MESSAGE_BYTES:
        raise Misuse("%s: %d bytes, at most %d in a message" % (where, end, MESSAGE_BYTES))


def put_padding(buffer, end, align):
    """Zeros up to the next multiple of `align`, a power of two; where that is."""
    at = end + align - 1 & -align
    if at != end:
        buffer[end:at] = ZEROS[: at - end]
    return at


def put_integers(where, buffer, at, code, values, low, high):
    """Numbers one after the other, each in its range."""
    for value in values:
        if not low <= value <= high:
            raise out_of_range(where, value)
    pack_into("<%d%s" % (len(values), code), buffer, at, *values)


def put_region(where, buffer, at, region):
    """(number, offset, length) of a part of a registered region."""
    check_exact(where, region, 3)
    put_integers(where, buffer, at, "I", region, 0, 0xFFFFFFFF)


def member(where, value, count):
    """An enum's member, as it is sent."""
    if not 0 <= value < count:
        raise out_of_range(where, value)
    return value


def put_capability(caps, capability):
    """Let a capability travel with the message; its place there, or 0 for None."""
    if capability is None:
        return 0
    caps.append(capability)
    return len(caps)


# --- receiving ---------------------------------------------------------------------


def text_of(where, buffer, at, end):
    """A String that was received."""
    try:
        return str(bytes(buffer[at:end]), "utf-8")
    except UnicodeError:
        raise Malformed("utf-8", where)


def truth(where, value):
    """A bool that was received."""
    if value > 1:
        raise Malformed("bool", where)
    return value == 1


def member_of(where, value, count):
    """An enum's member that was received."""
    if value >= count:
        raise Malformed("enum", where)
    return value


def aligned(end, align):
    """The next multiple of `align`, a power of two."""
    return end + align - 1 & -align


TAKEN = object()


def take_capability(where, caps, place):
    """The capability that the message names by its place, each once."""
    if not place:
        return None
    if place > len(caps) or caps[place - 1] is TAKEN:
        raise Malformed("capability", where)
    capability = caps[place - 1]
    caps[place - 1] = TAKEN
    return capability


def check_taken(where, caps):
    """Refuse capabilities that no argument named."""
    for capability in caps:
        if capability is not TAKEN:
            raise Malformed("capability", where)


# --- a call that failed ------------------------------------------------------------

FAILED = 0  # number of the message that answers it
FAILURE_HEAD = 6  # number, tag, and which error
FAILURE_BYTES = 240  # with its text: four slots


def place_of(interface, error):
    """Which of an interface's errors it is, counted from 1; 0: none of them."""
    for at, declared in enumerate(interface.errors):
        if isinstance(error, declared):
            return at + 1
    return 0


def pack_failure(buffer, tag, place, error):
    """The answer to a call that ended with an error; its length.

    One that the interface declares travels as its place there and its text, any other as 0,
    its name and its text; what is over 234 bytes is cut off.
    """
    pack_into("<HHH", buffer, 0, FAILED, tag, place)
    try:
        text = error_text(error) if place else described(error)
        data = shortened(text, FAILURE_BYTES - FAILURE_HEAD)
    except MemoryError:
        return FAILURE_HEAD
    length = FAILURE_HEAD + len(data)
    buffer[FAILURE_HEAD:length] = data
    return length


def failure_of(interface, buffer, length):
    """The error that a failed call raises."""
    if not FAILURE_HEAD <= length <= FAILURE_BYTES:
        raise Malformed("length", interface.name)
    (number,) = unpack_from("<H", buffer, HEADER_BYTES)
    if number > len(interface.errors):
        raise Malformed("enum", interface.name)
    text = text_of(interface.name, buffer, FAILURE_HEAD, length)
    if not number:
        return ServerFailed("%s: the server raised %s" % (interface.name, text or "an error"))
    declared = interface.errors[number - 1]
    return declared(text) if text else declared()
