"""Cross-core channels in shared RAM: one end of two rings, one each way (UMP).

An end is used by one core only. Waiting calls serve pending callbacks and may
raise KeyboardInterrupt; nothing is lost then.
"""

from typing import Optional, Union

Buffer = Union[bytes, bytearray, memoryview]

PAYLOAD: int  # bytes in one slot: 60
MESSAGE_MAX: int  # bytes in one message: 65536

class ChannelDied(OSError):
    """The channel is dead: `args[0]` is an errno, `args[1]` says why."""

class Channel:
    """One end of a channel.

    `offset` is the region's place in the shared window (mapped by the caller,
    zeroed before either end opens); two rings of `slots` slots lie in it, one
    after the other, each UMP ring padded to RING_BYTES. The end with `side` 0
    sends on the first, the end with `side` 1 on the second. `bell` is this end's
    doorbell on this core; `peer_core` and `peer_bell` the other's, which is rung
    only when it announced sleep, or at every message if `always_ring`. The channel dies
    if the peer sends a message of more than `longest` bytes, for which there is room from
    the start if they are less than MESSAGE_MAX.
    """

    def __init__(
        self,
        offset: int,
        slots: int,
        side: int,
        bell: int,
        peer_core: int,
        peer_bell: int,
        always_ring: bool = False,
        longest: int = 65536,
    ) -> None: ...
    @staticmethod
    def pair(
        slots: int, bell_a: int, bell_b: int, longest: int = 65536
    ) -> tuple["Channel", "Channel"]:
        """Both ends of a channel on this core, in memory of the heap. The first end's
        doorbell is `bell_a`, the other one's `bell_b`."""
    @staticmethod
    def region_bytes(slots: int) -> int:
        """Length of the region for rings of so many slots, in whole pages."""
    kind: int  # kind (0..63) of the message last received
    def send(self, message: Buffer, kind: int = 0) -> None:
        """Send, waiting for credit. A message longer than a slot is a train of slots."""
    def try_send(self, message: Buffer, kind: int = 0, reserve: int = 0) -> bool:
        """Send at once or not at all; False unless its slots and `reserve` more have credit."""
    def recv(self) -> bytes:
        """The next message, waiting for it."""
    def recv_into(self, buffer: Union[bytearray, memoryview]) -> int:
        """The next message into `buffer`, waiting for it; its length. Allocates nothing.

        The start of a train may be there even if this raises, or (try_recv_into, take)
        gives -1. ValueError that names both lengths if it does not fit; the message is
        dropped.
        """
    def try_recv(self) -> Optional[bytes]:
        """The next message or None."""
    def try_recv_into(self, buffer: Union[bytearray, memoryview]) -> int:
        """As recv_into, without waiting; -1 if there is none."""

    # --- without waiting, for ends that are served when their doorbell rings ----------
    # These and send(), which may announce and end sleep too, are not to be mixed.

    def post(self, buffer: Buffer, length: int, kind: int = 0) -> bool:
        """Accept the first `length` bytes of `buffer` as a message, whole and copied, or not
        at all: False while an earlier one is not all in the ring, or without any credit.

        What there is no credit for waits in a private outbox until push(), or until this core
        sleeps, for whatever. When False, and
        when something waits, this end's doorbell rings once there is credit. Allocates
        nothing if `longest` is less than MESSAGE_MAX. ValueError if longer than `longest`,
        ChannelDied if dead.
        """
    def push(self) -> bool:
        """Go on with what waits. True: nothing does, and there is credit. False: the doorbell
        rings once there is more credit. ChannelDied if dead."""
    def unsent(self) -> bool:
        """Whether a part of what was accepted is not in the ring yet."""
    def position(self) -> int:
        """How many slots are in the ring or were, modulo 2**32; for taken()."""
    def taken(self, position: int) -> bool:
        """Whether the peer has taken all slots before a position() of less than 2**31 slots
        ago. If not, the doorbell rings whenever it takes more. ChannelDied if dead."""
    def take(self, buffer: Union[bytearray, memoryview]) -> int:
        """The next message into `buffer`, which must have room for `longest` bytes; -1 if
        none is there whole. At most as many slots as the ring has are taken at a time.
        ChannelDied if dead and empty."""
    def arm(self) -> bool:
        """Have the doorbell rung for messages; True if there is something to take already
        (or death to hear of): then it is not. Else that lasts until disarm()."""
    def disarm(self) -> None:
        """The doorbell need not be rung for messages any more."""
    def credits(self) -> int:
        """Slots that may be sent now."""
    def fault(self) -> Optional[str]:
        """Why the channel is dead, or None."""
    def set_peer_bell(self, bell: int) -> None:
        """The peer told its doorbell after this end was made."""
    def die(self) -> None:
        """The peer died: sends fail from now on, receives once the ring is empty; waits end."""
    def abandon(self) -> None:
        """The peer died and its memory is used anew: as die(), and what it left is lost."""
    def close(self) -> None:
        """End the use of this end; further calls raise ChannelDied."""

    # A Channel is also a stream for select.poll and asyncio: readable when a
    # message waits, writable when there is credit.

def bench_echo(channel: Channel, rounds: int) -> None:
    """In C, answer `rounds` one-slot messages with themselves: the floor for ump benches."""

def bench_ping(channel: Channel, rounds: int, length: int) -> None:
    """In C, send and await `rounds` one-slot messages."""

def bench_copy(offset: int, buffer: bytearray) -> None:
    """In C, copy `buffer` into a mapped region of the shared window and back."""
