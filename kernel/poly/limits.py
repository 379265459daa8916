"""Every bound of the kernel's Python, each with its reason.

Constants only. Where a bound is met, the error names it and both numbers.
"""

PAGE_BYTES = 4096  # what the memory map deals in

# --- monitors ---
MESH_SLOTS = 16  # a ring: both rings of a pair of monitors fit their one page
REPLY_RESERVE = 6  # slots that only replies take: one of each of the six kinds may be under way
RUN_SLOTS = MESH_SLOTS - REPLY_RESERVE - 2  # a RUN goes out whole, past two other requests
RUN_BYTES = RUN_SLOTS * 60  # argv, folder and channel of a program to start
SPARE_BYTES = 2560  # freed to open a link when the heap is full: a link and its channel
NAME_BYTES = 36  # of a program's name in a status: what its slot of 60 leaves
INPUT_BYTES = 32  # console input under way to a program: one slot, fed byte by byte

# --- a core's own tables ---
REGIONS = 64  # pieces of an arena handed out at one time: a child for each core, no more
CHANNEL_SLOTS = 64  # a ring between a program and one that it spawned (SPEC UMP-1)
LOG_ENTRIES = 64  # kernel log: two screens
LOG_CHARS = 120  # of one entry
LINE_BYTES = 200  # of another core's line, held back until it is whole

# --- ports and channels ---
PACKETS = 64  # of a port, queued and still to come: one for each call of one client
CAPABILITIES = 16  # in one message
EXPORTS = 16  # of one core: its services

# --- restarts of a core that panicked; boot arguments may say otherwise ---
RESTARTS = 3  # within RESTARTS_MS: a passing fault is gone after one or two
RESTARTS_MS = 10_000  # longer than a few restarts and what crashes right after them take

# --- deadlines, in milliseconds ---
ANSWER_MS = 2000  # a monitor's answer: slow hosts included, a dead monitor not
START_MS = 5000  # all cores up after power-on
RESTART_MS = 5000  # a restarted core serves again: as START_MS
KILL_MS = 5000  # a killed program's end: it leaves at its next bytecode boundary
LOOK_AGAIN_MS = 20  # `wait` asks the cores again: nothing rings when a program ends
UPTIME_MS = 1 << 30  # longer than any machine runs: 12 days
KILL_AGAIN_MS = 50  # a kill is repeated: the program may have swallowed it
RETRY_MS = 5  # another look where nothing rings: a full ring, a core that starts
