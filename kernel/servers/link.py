"""One end of the channel between two monitors, and what this end waits for.

The page of each pair of cores is fixed (cpu.mesh), so a link is opened by each
side on its own, when it first has something to say or to hear. It ends with the life
of either core; then a new one takes its place.
"""

import struct

import cpu
import ump

from poly import limits
from servers.messages import STATUS_BYTES, STATUS_FORMAT


class Link:
    def __init__(self, core, peer, page):
        self.peer = peer
        self.generation = cpu.generation(peer)
        # A monitor serves its doorbells between bytecodes, not by waiting on a
        # ring, so it never announces sleep: every message rings.
        self.channel = ump.Channel(
            page,
            limits.MESH_SLOTS,
            0 if core < peer else 1,
            peer,
            peer,
            core,
            True,
            limits.RUN_BYTES,
        )
        self.message = bytearray(limits.RUN_BYTES)  # the one received last
        self.dead = False
        self.broken = None  # what the peer did wrong, if it was cut off for that
        self.asked = 0  # a bit for each kind of request that is unanswered
        self.status = bytearray(60)  # answer to STATUS
        self.refused = 0  # length of the text that answered RUN instead of STARTED
        self.refusal = bytearray(ump.PAYLOAD)
        self.peer_bell = 0  # doorbell that answered RUN
        self.taken = 0  # answer to INPUT
        self.stopping = 0  # answer to STOP
        self.answer = bytearray(ump.PAYLOAD)  # to ASK
        self.telling = None  # poly.record.Record whose TELL is under way
        self.child = None  # what runs there for a program here


class Status:
    """What a core does, from a monitor's answer."""

    def __init__(self, core, answer):
        self.core = core
        (
            self.generation,
            self.used_bytes,  # of its heap
            self.total_bytes,
            self.running_ms,
            self.started_by,  # core that started the program
            self.startup_left,  # programs of the system file that have not ended
            self.startup_status,  # the largest of those that have
        ) = struct.unpack_from(STATUS_FORMAT, answer, 0)
        self.name = text(answer, STATUS_BYTES, STATUS_BYTES + limits.NAME_BYTES)  # or ""


def text(buffer, start, end):
    """What is before the first NUL."""
    return bytes(buffer[start:end]).split(b"\0")[0].decode()
