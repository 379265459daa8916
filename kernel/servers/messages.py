"""What monitors say to each other: kinds of messages, and who answers what.

Every message fits one slot (60 bytes), except RUN, which is sent whole or not at
all. To one peer a monitor has at most one unanswered request of each kind, so the
slots that only answers may take (limits.REPLY_RESERVE) are always enough: an
answer never waits.
"""

# requests             answers
PING, PONG = 1, 2
STATUS, STATUS_IS = 3, 4  # FORMAT below, then the program's name
RUN, STARTED, REFUSED = 5, 6, 7  # poly.program.REQUEST; a doorbell (u16); a text
STOP, STOPPING = 8, 9  # poly.core's INTERRUPT or KILL; whether anything ran
# Bytes for standard input, none: its end; how many had room, and whether the last one
# was an interrupt character that the program took as such (INTERRUPTED).
INPUT, INPUT_TAKEN = 10, 11
INTERRUPTED = 0x80

# told without being asked
OUTPUT = 12  # bytes of standard output; none: that was all
EXIT = 13  # status of the program that RUN started: RUN's second answer

# names and channels: poly/operations.py has what they carry
ASK, ANSWER = 14, 15
TELL, TOLD = 16, 17  # told without being asked, one after the other: the next when TOLD came

KINDS = 18  # 0 is none
NOTHING = b""

# generation, heap in use, heap in all, milliseconds of the program, started by;
# of the system file's programs there: how many have not ended, largest status
STATUS_FORMAT = "<IIIIHHB"
STATUS_BYTES = 21  # then the name

# How many bytes a message of each kind has: whoever sends another breaks the protocol.
LEAST = (0, 0, 0, 0, 57, 14, 2, 0, 1, 1, 0, 1, 0, 1, 60, 4, 60, 0)
MOST = (0, 0, 0, 0, 57, 420, 2, 60, 1, 1, 60, 1, 60, 1, 60, 60, 60, 0)
