"""What ASK, ANSWER and TELL carry: all that cores say to each other about names and channels.

Each is one whole slot, and begins with an operation, a detail of it, and a number (16 bits).
An ASK is answered at once; what takes time is told later. So is what nobody asked for.
The number is that of a record of whoever gets the message, or, in an ASK, who sends it.
"""

from struct import pack_into, unpack_from

from poly.text import shortened

MESSAGE_BYTES = 60
HEAD_BYTES = 4
NAME_BYTES = 32  # of a service, an interface, a client
TEXT_BYTES = 48  # why something was refused

# --- operations: asked ---
REGISTER = 1  # slot; generation, name: core 0 has it from now on
LOOK_UP = 2  # whether to wait; name
BIND = 3  # priority; what a client wants of an export, and what it has prepared
LIST_NAME = 4  # number: place in the table of names
LIST_EXPORT = 5  # slot; generation
LIST_CHANNEL = 6  # number: place among the ends of channels
LIST_REASON = 7  # the same: why it is no longer open

# --- operations: told ---
FOUND = 8  # slot; core and generation: a look-up that waited has come to an end
BOUND = 9  # the number and the doorbell of the server's end
UNBOUND = 10  # why; text
ENDED = 11  # how: this end's memory is used no more
UNREGISTER = 12  # slot; the number is its generation
FORGET = 13  # a look-up is taken back
NAMED = 14  # as REGISTER: what core 0's earlier life knew

REGISTER_FORMAT = "<BBHH32s"
LOOK_UP_FORMAT = "<BBH32s"
FOUND_FORMAT = "<BBHBBH"  # core, slot, generation; as answer to LOOK_UP too
# slot, client's doorbell, generation, slots of a ring, region's offset, hash, client's name
BIND_FORMAT = "<BBHBBHHHIQ32s"
BOUND_FORMAT = "<BBHHH"
TEXT_FORMAT = "<BBH48s"  # what put_text() makes
NAME_FORMAT = "<BBHBBH32s"  # core, slot, generation, name
EXPORT_FORMAT = "<BBHHH32s"  # sessions open, sessions at most, interface
# kind, state, peer, side; credits, sent, received; name
CHANNEL_FORMAT = "<BBHBBBBHxxII32s"

# --- details of an answer, and why a bind came to nothing ---
DONE, WAIT, ABSENT, TAKEN, FULL, REFUSED, DIFFERS, BROKE, DIED, EARLY = range(10)
HEAP_FULL = "its core's heap is full"  # what FULL means without a text
# --- how an end of a channel ended ---
CLOSED, FAILED, KILLED = range(3)

# The order is that of the numbers in a row of LIST_CHANNEL.
KINDS = ("loopback", "LMP", "UMP")
STATES = ("open", "closing", "closed", "dead")


def put_head(message, operation, detail, number):
    """Operation, detail and number."""
    message[0] = operation
    message[1] = detail
    message[2] = number & 255
    message[3] = number >> 8


def number_at(message, at):
    """16 bits of it. Allocates nothing."""
    return message[at] | message[at + 1] << 8


def name_of(field):
    """What is before the first NUL of a name, as text; "" if it is none."""
    try:
        return bytes(field).split(b"\0")[0].decode()
    except UnicodeError:
        return ""


def put_text(message, text):
    """Why, behind the head; as much of it as there is room for."""
    put_shortened(message, shortened(text, TEXT_BYTES))


def put_shortened(message, data):
    """The same of a text that is bytes already, TEXT_BYTES at most. Allocates nothing."""
    pack_into("48s", message, HEAD_BYTES, data)


def text_of(message):
    """What put_text() put there; "" if there is no memory for it."""
    try:
        return name_of(message[HEAD_BYTES : HEAD_BYTES + TEXT_BYTES])
    except MemoryError:
        return ""


def hash_of(message):
    """Of the server's interface, where it DIFFERS; 0 if there is no memory for it."""
    try:
        return unpack_from("<Q", message, 4)[0]
    except MemoryError:
        return 0
