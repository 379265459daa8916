"""One end of a channel between two domains, from the first step of its binding until both
ends have let go of its memory.

A channel to another core lies in a region of the client's arena, which goes back there
when the server's end has said that it has let go (ENDED), or its core is dead and buried.
Where both ends are on one core its rings lie in the heap.
"""

from struct import pack_into

import cpu
import ump

from poly import limits
from poly import operations as op
from poly.errors import Misuse, PeerBroke, PeerDied, Refused
from poly.record import Record
from poly.region import in_arena
from poly.transport import DEAD, Transport

CLIENT, SERVER = range(2)  # sides: which ring an end sends on


def is_channel_bell(bell):
    return cpu.URGENT <= bell < cpu.DOORBELLS


class Ended:
    """What is kept of a channel that ended otherwise than by being closed."""

    def __init__(self, row, reason):
        self.row = row
        self.text = reason

    def fill_row(self, message):
        message[:] = self.row

    def reason(self):
        return self.text


class Binding(Record):
    """`domain`: who holds this end. Its `peer_number` is 0 until that is known."""

    def __init__(self, binder, domain, peer, name, side, slots, priority, longest):
        super().__init__(binder, peer)
        self.kernel = binder.kernel
        self.domain = domain
        self.name = name
        self.side = side
        self.is_client = side == CLIENT
        self.slots = slots
        self.priority = priority
        self.longest = longest
        self.peer_number = self.peer_bell = 0
        self.peer_hash = 0
        self.kind = "UMP"
        self.client_name = ""
        self.service = None  # on the server's side
        self.deciding = False  # a factory or hook that is called decides
        self.waiter = None  # on the client's: told of the outcome, unless it has given up
        self.channel = None
        self.bell = 0
        self.offset = self.length = 0  # of the region, if there is one
        self.bytes = 0  # of the domain's memory
        self.mapped = False
        self.holds = True  # whether this end may still use that
        self.peer_holds = True
        self.reachable = True  # the peer's core lives
        self.how = op.KILLED  # this end's end, and what there is to say of it
        self.why = None
        self.status = None  # once it is decided: DONE, or why it was not accepted
        self.text = ""
        self.refusal = b""  # what a refused client is told
        # Made now: the heap may be full when it is needed.
        self.died = PeerDied(peer, cpu.generation(peer))
        self.killed = PeerDied(
            peer, cpu.generation(peer), "%s: its program on core %d ended" % (name, peer)
        )
        self.fate = None  # the error that ends the transport, once there is one

    # --- memory; undisturbed ------------------------------------------------------------

    def prepare(self):
        """Take all that a client's end needs. Raises Exhausted."""
        self.binder.records.append(self)
        self.reserve()
        if self.peer != self.binder.core:
            self.make_region()

    def check(self):
        """Raise what has ended this end, if something did."""
        if self.fate:
            raise self.fate
        if not self.holds:
            raise Refused("%s: closed" % self.name)

    def reserve(self):
        """Take a doorbell, and of the domain's quota. Raises Exhausted."""
        self.check()
        self.domain.take(self, ump.Channel.region_bytes(self.slots) + self.longest)
        self.bell = self.kernel.doorbells.take(self.priority)

    def make_region(self):
        """Of a channel to another core; the client's core has it."""
        length = ump.Channel.region_bytes(self.slots)
        self.offset = self.kernel.arena.allocate(length)
        self.length = length
        cpu.map(self.offset, length)
        self.mapped = True
        cpu.zero(self.offset, length)

    def check_region(self, offset):
        """One that a client names must lie where its core hands out regions."""
        length = ump.Channel.region_bytes(self.slots)
        if offset % limits.PAGE_BYTES or not in_arena(self.peer, offset, length):
            raise Misuse("a channel outside of core %d's arena" % self.peer)
        self.offset, self.length = offset, length

    # --- the ends of a channel -----------------------------------------------------------

    def open(self):
        """Make the transport of an end whose peer is known. Undisturbed."""
        if self.channel is None:
            self.check()
            if not self.is_client:
                cpu.map(self.offset, self.length)
                self.mapped = True
            self.channel = ump.Channel(
                self.offset,
                self.slots,
                self.side,
                self.bell,
                self.peer,
                self.peer_bell,
                False,
                self.longest,
            )
        self.transport = Transport(
            self.name,
            self.kind,
            self.channel,
            self.longest,
            self.bell,
            self.domain.port,
            self.peer,
            self.let_go,
        )
        self.transport.domain = self.domain
        if self.fate:
            self.transport.die(self.fate)

    def kill(self, reason):
        """End it here, at once; the peer is told."""
        if self.transport is not None:
            self.transport.fail(reason)
        else:
            cpu.undisturbed(Binding.end, self)

    def abandon(self):
        """The client does not want it any more."""
        if self.transport is not None:
            self.transport.fail("given up")
        else:
            cpu.undisturbed(Binding.take_back, self)

    def take_back(self):
        """Before it is open. Undisturbed: the outcome may come at any moment."""
        if self.was_asked and self.status is None:
            self.give_up()  # the outcome ends it
        else:
            self.end()

    def let_go(self, reason):
        """The transport uses its memory no more: give back what is this end's."""
        if self.transport and self.transport.state != DEAD:
            self.how = op.CLOSED
        elif self.how == op.KILLED and not self.domain.closing:
            self.how = op.FAILED
        self.why = reason
        cpu.undisturbed(Binding.end, self)

    def end(self):
        """Give back what is this end's, and tell the peer. Undisturbed."""
        if not self.holds:
            return
        if self.why and self.status == op.DONE:
            self.remember(self.why)
        self.holds = False
        if self.channel is not None:
            self.channel.abandon()  # whoever has it yet finds it dead, not its memory gone
        self.transport = self.channel = None
        if self.mapped:
            self.mapped = False
            cpu.unmap(self.offset, self.length)
        self.give_up()
        if self.service:
            self.service.lost(self)
        if not self.peer_number:
            self.peer_holds = False  # it does not know of this end
        elif self.reachable and (self.peer_holds or not self.is_client):
            self.say(op.ENDED if self.status == op.DONE else op.UNBOUND)
        self.settle()

    def give_up(self):
        """Nobody waits for this end; doorbell and quota are free. Undisturbed."""
        self.waiter = None
        if self.bell:
            self.kernel.doorbells.release(self.bell)
            self.bell = 0
        self.domain.give_back(self)

    def settle(self):
        """Forget it, and give the region back, when nobody needs them."""
        if self.holds or self.owes or self.is_client and self.peer_holds:
            return
        if self.forget() and self.is_client and self.length:
            self.kernel.arena.release(self.offset)
            self.length = 0

    def remember(self, reason):
        ended = self.binder.ended
        try:
            row = bytearray(op.MESSAGE_BYTES)
            self.fill_row(row)
            ended.append(Ended(row, reason))
        except MemoryError:
            return  # only `channels` would have shown it
        if len(ended) > limits.ENDED_KEPT:
            ended.pop(0)

    # --- told by the peer's monitor, and about it ---------------------------------------

    def pack(self, message, operation):
        if operation == op.BOUND:
            pack_into(
                op.BOUND_FORMAT, message, 0, operation, 0, self.peer_number, self.number, self.bell
            )
        elif operation == op.UNBOUND:
            op.put_head(message, operation, self.status, self.peer_number)
            op.put_shortened(message, self.refusal)
        else:
            op.put_head(message, operation, self.how, self.peer_number)

    def told(self):
        self.settle()

    def heard(self, operation, detail, message):
        if operation == op.ENDED:
            self.peer_ended(self.broke("cut it off") if detail == op.FAILED else self.killed)
        elif self.is_client and self.status is None:
            self.outcome(operation, detail, message)

    def outcome(self, operation, detail, message):
        """The server's core, or its program, has decided."""
        if operation == op.BOUND:
            self.peer_number = op.number_at(message, 4)
            self.peer_bell = op.number_at(message, 6)
            detail = op.DONE if is_channel_bell(self.peer_bell) else op.BROKE
        elif operation == op.BIND and detail == op.DONE:
            return  # it was admitted: the server's program decides
        elif operation == op.FOUND:
            return  # that is for a look-up
        else:
            self.peer_holds = False
            self.text = op.text_of(message)
            if detail == op.DIFFERS:
                self.peer_hash = op.hash_of(message)
        self.status = detail
        self.decided()

    def decided(self):
        if self.waiter is not None:
            cpu.latch(self.domain.bell)
        elif self.holds:  # nobody waits for it any more
            self.end()

    def peer_ended(self, error):
        """The other end is used no more; `error`: what that is to a channel that is open."""
        self.peer_holds = False
        if self.is_client:
            self.owes = 0  # nobody is left to hear it
        self.stop(error)

    def stop(self, error):
        if self.fate is None:
            self.fate = error
        if self.transport is not None:
            self.transport.die(self.fate)
        elif self.status is None and self.is_client:
            self.status = op.DIED
            self.decided()
        self.settle()

    def peer_died(self):
        """The peer's core: its arena is handed out anew after this."""
        self.owes = 0
        self.reachable = False
        if not self.is_client and self.mapped:
            self.mapped = False
            self.channel.abandon()
            cpu.unmap(self.offset, self.length)
        self.peer_ended(self.died)

    def peer_broke(self, why):
        self.stop(self.broke(why))

    def broke(self, why):
        """The error for a peer that is there, but of no use any more."""
        try:
            return PeerBroke("%s: core %d %s" % (self.name, self.peer, why))
        except MemoryError:
            return self.killed

    # --- listing --------------------------------------------------------------------------

    def fill_row(self, message):
        transport = self.transport
        pack_into(
            op.CHANNEL_FORMAT,
            message,
            0,
            message[0],
            message[1],
            message[2] | message[3] << 8,
            op.KINDS.index(transport.kind),
            op.STATES.index(transport.state),
            self.peer,
            self.side,
            transport.credit(),
            transport.end.sent,
            transport.end.received,
            op.shortened(self.name, op.NAME_BYTES),
        )

    def reason(self):
        return self.transport.reason
