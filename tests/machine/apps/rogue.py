"""rogue HOW PEER: its core's monitor breaks the protocol towards another core's, or worse."""

import struct
import sys
import time

import cpu
import uctypes

from servers import messages as m

SHARED = 0xE0000000
PAGE = 4096
STATE, GENERATION = 128, 132  # in a control page
how, peer = sys.argv[1], int(sys.argv[2])
monitor = cpu.this().monitor
link = monitor.link(peer)


def words(offset):
    layout = {"at": (uctypes.ARRAY, PAGE // 4 | uctypes.UINT32)}
    return uctypes.struct(SHARED + offset, layout).at


def say(message, kind):
    link.channel.send(message, kind)


def scribble():
    """Every word of the page that the two monitors share."""
    page = words(cpu.mesh(peer))
    for at in range(PAGE // 4):
        page[at] ^= 0x5A5A0F01
    cpu.ring(peer, cpu.core())


def control():
    """Its own control page: no state, another generation, bells that nobody rang."""
    own = words(cpu.core() * PAGE)
    for at in (0, 1, 2, 3, 8, GENERATION // 4, STATE // 4):
        own[at] = 0xFFFF77
    cpu.ring(peer, cpu.core())
    time.sleep_ms(50)
    own[STATE // 4] = cpu.ONLINE
    cpu.ring(peer, cpu.core())


def report():
    """A report that is none, and a death that is none."""
    first = cpu.cores() * PAGE + cpu.core() * 2 * PAGE
    for offset in (first, first + PAGE):
        page = words(offset)
        for at in range(PAGE // 4):
            page[at] = 0xFFFFFFF0
    own = words(cpu.core() * PAGE)
    own[STATE // 4] = cpu.DEAD
    cpu.ring(peer, cpu.core())
    time.sleep_ms(50)


def storm():
    """Rings every core for ever."""
    while True:
        for core in range(cpu.cores()):
            if core != cpu.core():
                cpu.ring(core, cpu.core())


def region(offset):
    """A request to run a program with a channel in memory of two other cores."""
    head = struct.pack("<BBHHI", 0, cpu.core(), 8, 80, offset)
    return head + b"/\0programs.hello\0"


WAYS = {
    "scribble": scribble,
    "control": control,
    "report": report,
    "storm": storm,
    "kind": lambda: say(b"", 50),
    "stop": lambda: say(b"\xc8", m.STOP),
    "status": lambda: say(bytes(200), m.STATUS_IS),
    "refusal": lambda: say(bytes(400), m.REFUSED),
    "bell": lambda: say(b"\xff\xff", m.STARTED),
    "short": lambda: say(b"", m.STARTED),
    "long": lambda: say(bytes(700), m.RUN),
    "run": lambda: say(b"\0\0\0\0\0\0\0\0\0\0xxxxxxxxxxx", m.RUN),
    "region": lambda: say(region(cpu.arena(3)[0]), m.RUN),
}
WAYS[how]()
time.sleep_ms(100)
print("done")
