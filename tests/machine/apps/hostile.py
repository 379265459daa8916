"""hostile SEED ROUNDS: a core that breaks its channel to the program that spawned it.

The parent (victim.py) gives it, one after the other, the offset of a fresh ring pair, as
poly.spawn makes one. It is a fair peer on it for a while (it echoes), and corrupts words of
both rings at random moments while the victim uses them. Each round ends with word to the
victim, over the channel between them, of what was corrupted."""

import sys

import cpu
import uctypes
import ump

import poly

SHARED = 0xE0000000
LINE = 64
SLOTS = 8
RING = 3 * LINE + SLOTS * LINE
CONSUMED, RX_SLEEP, TX_SLEEP, FIRST = 0, 64, 128, 192
HEADER = 60
KINDS, FORGED = 8, 7
state = int(sys.argv[1])


def random(below):
    """Xorshift of 32 bits."""
    global state
    state ^= state << 13 & 0xFFFFFFFF
    state ^= state >> 17
    state ^= state << 5 & 0xFFFFFFFF
    return state % below


def word_of(what, ring):
    """Offset in the region of a word of that kind."""
    if what < 4:
        return ring * RING + FIRST + random(SLOTS) * LINE + HEADER
    if what == 4:
        return ring * RING + CONSUMED
    if what == 5:
        return ring * RING + (RX_SLEEP, TX_SLEEP)[random(2)]
    return random(2 * RING // 4) * 4


def corrupt(words):
    """Change one word of the region: a field of a header, `consumed`, a sleep word, any; or
    put a header where the victim looks next."""
    what = random(KINDS)
    if what == FORGED:
        count = words[(RING + CONSUMED) // 4]
        sequence = count + (random(3) == 0)
        epoch = ~(count // SLOTS) & 1
        at = RING + FIRST + count % SLOTS * LINE + HEADER
        length = random(256 if random(2) else 61)
        words[at // 4] = epoch | random(128) << 1 | length << 8 | (sequence & 0xFFFF) << 16
        return what
    at = word_of(what, random(2)) // 4
    value = words[at]
    if what == 0:
        value ^= 1 << random(2)  # epoch, last
    elif what == 1:
        value = value & ~0xFC | random(64) << 2  # kind
    elif what == 2:
        value = value & ~0xFF00 | random(256) << 8  # length
    elif what == 3:
        value ^= 1 + random(0xFFFF) << 16  # sequence
    elif what == 4:
        value += random(41) - 20
    elif random(2):
        value = random(2)
    else:
        value = random(0x10000) << 16 | random(0x10000)
    words[at] = value & 0xFFFFFFFF
    return what


def attack(channel, words, counts):
    """Use the channel as one should, and then not; how many words were changed."""
    done = 0
    for _ in range(4 + random(12)):
        if random(3) == 0:
            counts[corrupt(words)] += 1
            done += 1
        try:
            message = channel.try_recv()
            if message is not None:
                channel.try_send(message[:400], channel.kind)
        except (ump.ChannelDied, ValueError):
            pass  # its own end sees what it has done: then it corrupts blindly
        if random(4) == 0:
            cpu.ring(victim, 64 + random(8))
    return done


parent = poly.parent()
victim = int(sys.argv[2])
total = 0
while True:
    order = parent.recv()
    if not order:
        break
    offset, bell, peer_bell = (int(part) for part in order.split())
    length = ump.Channel.region_bytes(SLOTS)
    cpu.map(offset, length)
    words = uctypes.struct(SHARED + offset, {"at": (uctypes.ARRAY, length // 4 | uctypes.UINT32)})
    channel = ump.Channel(offset, SLOTS, 1, bell, victim, peer_bell)
    parent.send(b"open")
    counts = bytearray(KINDS)
    total += attack(channel, words.at, counts)
    channel.close()
    cpu.unmap(offset, length)
    parent.send(counts)
