"""reasons WHY [OFFSET]: kills a channel by each of its reasons; the receiver or sender is asleep.

Without OFFSET it is the victim, which prints what it is told. With OFFSET, of the channel's
region, it is the peer that breaks it."""

import sys
import time

import cpu
import uctypes
import ump

import poly

SHARED = 0xE0000000
LINE, SLOTS = 64, 8
RING = 3 * LINE + SLOTS * LINE
CONSUMED, FIRST, HEADER = 0, 192, 60
LAST = 2
CUT = 63
why = sys.argv[1]


def put(words, number, payload_bytes, last=LAST, error=0, kind=0):
    """Put header `number` of the second ring, on which the peer sends."""
    epoch = ~(number // SLOTS) & 1
    at = RING + FIRST + number % SLOTS * LINE + HEADER
    header = epoch | last | kind << 2 | payload_bytes << 8 | (number + error & 0xFFFF) << 16
    words[at // 4] = header


def consumed(words):
    return words[(RING + CONSUMED) // 4]


def stream(words, payload_bytes, kind, victim, bell):
    """Parts of trains without end, as fast as they are taken, until nobody takes them."""
    number = consumed(words)
    deadline = time.ticks_add(time.ticks_ms(), 1000)
    while time.ticks_diff(deadline, time.ticks_ms()) > 0:
        while number - consumed(words) < SLOTS:
            put(words, number, payload_bytes, 0, 0, kind)
            number += 1
        cpu.ring(victim, bell)


def break_it(words, victim, bell):
    if why == "length":
        put(words, consumed(words), 61)
    elif why == "part":
        put(words, consumed(words), 0, 0)
    elif why == "sequence":
        put(words, consumed(words), 5, LAST, 1)
    elif why == "consumed":
        words[CONSUMED // 4] += 1000
    elif why == "overlong":
        stream(words, 60, 0, victim, bell)
    elif why == "cuts":
        stream(words, 0, CUT, victim, bell)
    cpu.ring(victim, bell)


def peer():
    parent = poly.parent()
    if why == "died":
        return
    bell, victim, offset = (int(part) for part in parent.recv().split())
    length = ump.Channel.region_bytes(SLOTS)
    words = uctypes.struct(SHARED + offset, {"at": (uctypes.ARRAY, length // 4 | uctypes.UINT32)})
    time.sleep_ms(20)  # so that the victim sleeps, most of the time
    break_it(words.at, victim, bell)
    time.sleep_ms(20)


def victim():
    child = poly.spawn(1, "reasons", (why, "peer"), SLOTS)
    channel = child.channel
    try:
        if why != "died":
            channel.send(b"%d %d %d" % (child.bell, poly.core(), child.offset))
        if why == "closed":
            channel.close()
        while why == "consumed":
            channel.send(b"until the ring is full")
        channel.recv()
        print("a message")
    except OSError as error:
        print("%s: %s" % (why, error.args[1]))
    child.close()


if sys.argv[2:]:
    peer()
else:
    victim()
