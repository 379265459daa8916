"""Every bound of the kernel's Python, each with its reason.

Constants only. Where a bound is met, the error names it and both numbers.
"""

PAGE_BYTES = 4096  # what the memory map deals in

# --- monitors ---
MESH_SLOTS = 16  # a ring: both rings of a pair of monitors fit their one page
# Slots that requests leave free: for replies, of which one of each of eight kinds may be
# under way, and for the one TELL.
REPLY_RESERVE = 9
RUN_SLOTS = MESH_SLOTS - REPLY_RESERVE  # a RUN goes out whole, past no other request
RUN_BYTES = RUN_SLOTS * 60  # argv, folder and channel of a program to start
SPARE_BYTES = 2816  # freed to open a link when the heap is full: a link and its channel
BINDER_BYTES = 16 * 1024  # free before a monitor imports what deals with channels: 7 KiB
NAME_BYTES = 36  # of a program's name in a status: what its slot of 60 leaves
INPUT_BYTES = 60  # console input under way to a program: one slot
INPUT_GIVEN_BYTES = 8192  # that may be unread at a program: twice what its core has room for

# --- a core's own tables ---
REGIONS = 192  # pieces of an arena handed out at one time: a child for each core, two domains
EXPORTS = 16  # services of a core at one time
EXPORTS_IN_A_LIFE = 1024  # of a slot, before a new life's irefs may be those of an old one
SESSIONS = 8  # of a service, unless it asks for another number
PHONES = 64  # channels that a domain connected (SPEC SES-1)
DOMAIN_BYTES = 1 << 20  # of a domain's channels: both rings, and the longest message
PRIORITY = 2  # of a channel: that of the four that has most doorbells
ENDED_KEPT = 8  # channels that ended otherwise than by close, for `channels`
NAMES = 64  # of services, in all: four cores' exports
LOOK_UPS = 64  # that wait for a name, of all cores
CHANNEL_SLOTS = 64  # a ring between a program and one that it spawned (SPEC UMP-1)
LOG_ENTRIES = 64  # kernel log: two screens
LOG_CHARS = 120  # of one entry
LINE_BYTES = 200  # of another core's line, held back until it is whole

# --- ports and channels ---
PACKETS = 64  # of a port, queued and still to come: one for each call of one client
CAPABILITIES = 16  # in one message

# --- restarts of a core that panicked; boot arguments may say otherwise ---
RESTARTS = 3  # within RESTARTS_MS: a passing fault is gone after one or two
RESTARTS_MS = 10_000  # longer than a few restarts and what crashes right after them take

# --- deadlines, in milliseconds ---
ANSWER_MS = 2000  # a monitor's answer: slow hosts included, a dead monitor not
START_MS = 5000  # all cores up after power-on
RESTART_MS = 5000  # a restarted core serves again: as START_MS
CLOSE_MS = 5000  # what was accepted goes out at a close or an end in order: slow peers included
KILL_MS = 5000  # a killed program's end: it leaves at its next bytecode boundary
LOOK_AGAIN_MS = 20  # `wait` asks the cores again: nothing rings when a program ends
UPTIME_MS = 1 << 30  # longer than any machine runs: 12 days
# After the second Ctrl-C, or a kill: a core whose VM has no turn for so long is in one call of
# C that may never end, and is restarted. As ANSWER_MS: slow hosts included.
STUCK_MS = 2000
KILL_AGAIN_MS = 50  # a kill is repeated: the program may have swallowed it
# Another look where nothing rings: a full ring, a core that starts, a stream in Python. Soon for
# a person or a device; a core that does nothing else is asleep 99 % of the time.
RETRY_MS = 5
