"""What an interface may have, each bound with its reason."""

MESSAGE_BYTES = 65536  # one message of a channel: ump.MESSAGE_MAX
SLOT_BYTES = 60  # payload of one slot of a ring: ump.PAYLOAD
LENGTH_MAX = 0xFFFF  # elements or bytes of a variable part: its length is a uint16
NUMBERS = 4096  # message numbers of an interface, 0 included: a table of them stays in one page
ARGUMENTS = 64  # of one message: a call in MicroPython has at most 255, and structs spread
MEMBERS = 65536  # of an enum: at most a uint16 on the wire
NAME_LENGTH = 100  # MicroPython's names end at 255, and generated names have more to them
NESTING = 32  # types in types: each is a level of calls in the compiler, and on the board
CAPABILITIES = 16  # in one message: what a monitor passes on in one go
DEFAULT_MAXIMUM = 2048  # of the older forms, which tell none
