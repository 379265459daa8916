"""What a monitor remembers of a channel, a service or a look-up, and owes another core.

A record tells its peer one thing at a time (`owes`); what it is to tell stands in the
record itself, so nothing is queued, and telling takes no memory. To each peer one TELL
is under way: the next follows when that was TOLD. All methods run within the monitor's
callback or undisturbed by it.
"""


class Record:
    """`number`: what messages call it; of this core's own, unless it is given."""

    def __init__(self, binder, peer, number=None):
        self.binder = binder
        self.peer = peer  # core
        self.is_own = number is None
        self.number = binder.next_number() if number is None else number
        self.owes = 0  # operation of what its peer is to be told
        self.transport = None  # of an end of a channel that is open
        self.was_asked = False  # whether an ASK about it was sent

    def forget(self):
        """Keep it no more; whether it was kept."""
        kept = self in self.binder.records
        if kept:
            self.binder.records.remove(self)
        return kept

    def say(self, operation):
        """Tell the peer, at once or when it has heard what it was told before."""
        self.owes = operation
        self.binder.tell(self.peer)

    def pack(self, message, operation):
        """Put what it owes into a message. Allocates nothing."""

    def told(self):
        """The peer has heard what it was told."""

    def heard(self, operation, detail, message):
        """The peer told something, or answered."""

    def peer_died(self):
        """The peer's core died; its memory is used anew after this. Allocates nothing."""

    def peer_broke(self, why):
        """The link to the peer was cut off; both cores live. Allocates nothing that it needs."""
