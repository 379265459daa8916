"""Connecting to a service: look-up, bind, and the client's end of the channel.

A Connecting waits nowhere: what its domain's doorbell says, it goes on with. Naming and
the server's monitor are asked, then off the data path (SES-2).
"""

import time
from struct import pack_into

import cpu
from calls import Call

from poly import limits
from poly import operations as op
from poly.binding import CLIENT, Binding
from poly.deadline import Deadline
from poly.domain import default_domain
from poly.errors import (
    Exhausted,
    Misuse,
    NoSuchService,
    PeerBroke,
    Refused,
    Timeout,
)
from poly.port import ports
from poly.record import Record
from poly.service import NAMING_CORE, check_name, check_ring
from poly.view import check_messages
from poly.wire import longest

WAITS = -1  # state of a look-up that is under way


class LookingUp(Record):
    """A question to the naming service, until it is answered or taken back."""

    def __init__(self, connecting):
        super().__init__(connecting.binder, NAMING_CORE)
        self.domain = connecting.domain
        self.status = WAITS
        self.text = ""
        self.core = self.slot = self.generation = 0
        cpu.undisturbed(self.begin, connecting)

    def begin(self, connecting):
        connecting.looking = self
        self.binder.records.append(self)

    def heard(self, operation, detail, message):
        if operation != op.FOUND and operation != op.LOOK_UP:
            return
        if detail == op.WAIT or self.status != WAITS:
            return
        if detail == op.DONE:
            self.core, self.slot = message[4], message[5]
            self.generation = op.number_at(message, 6)
        elif detail == op.FULL:
            self.text = op.text_of(message)
        self.end(detail)

    def end(self, status):
        self.status = status
        self.forget()
        cpu.latch(self.domain.bell)

    def take_back(self, _):
        """Undisturbed."""
        if self.status == WAITS:
            self.status = op.ABSENT
            if self.was_asked:
                self.say(op.FORGET)
            else:
                self.forget()

    def pack(self, message, operation):
        op.put_head(message, operation, 0, self.number)

    def told(self):
        self.forget()

    def peer_died(self):
        self.owes = 0
        if self.status != WAITS:
            self.forget()
        elif self.was_asked:  # else it is about to be sent, to the next life
            self.end(op.DIED)


class Again:
    """A pause before the next try."""

    def __init__(self, connecting):
        self.connecting = connecting
        ports().start_timer(time.ticks_add(time.ticks_ms(), limits.RETRY_MS), self)

    def expire(self, end_ms):
        self.connecting.look_up()


class Connecting:
    """What connect() has begun; `call` is done when it has come to an end."""

    def __init__(self, domain, interface, make_view, name, wait, ring):
        self.call = Call(self)
        self.call.on_abandon = self.take_back
        self.domain = domain
        self.binder = domain.binder
        self.interface = interface.INTERFACE
        self.make_view = make_view
        self.name = name  # None: an iref was given
        self.wait = wait
        self.slots, self.priority = ring
        self.looking = None
        self.binding = None
        self.again = None
        self.timeout_ms = None
        self.deadline = Deadline(None)

    # --- steps ----------------------------------------------------------------------

    def begin(self, iref, timeout_ms):
        self.deadline = Deadline(timeout_ms)
        if timeout_ms is not None:
            self.timeout_ms = timeout_ms
            ports().start_timer(self.deadline.end_ms, self)
        self.domain.connecting.append(self)
        if iref is None:
            self.look_up()
        else:
            self.bind(iref)

    def go_on(self):
        """Called when the domain's doorbell rang."""
        if self.looking is not None and self.looking.status != WAITS:
            self.looked_up()
        elif self.binding is not None and self.binding.status is not None:
            self.decided()

    def step(self, function, *arguments):
        """A step whose failure is the call's."""
        try:
            function(*arguments)
        except Exception as error:
            if isinstance(error, Timeout) and self.deadline.left_ms() == 0:
                self.expire(None)  # the step took what was left, and its timer was not served
            else:
                self.abandon(error)

    def look_up(self):
        self.again = None
        self.step(self.ask_naming)

    def ask_naming(self):
        looking = LookingUp(self)
        message = bytearray(op.MESSAGE_BYTES)
        name = self.name.encode()
        pack_into(op.LOOK_UP_FORMAT, message, 0, op.LOOK_UP, bool(self.wait), looking.number, name)
        self.binder.send(NAMING_CORE, message, self.short_deadline(), looking)

    def looked_up(self):
        looking, self.looking = self.looking, None
        if looking.status == op.DONE:
            self.bind((looking.core, looking.slot, looking.generation))
        elif looking.status == op.DIED:
            self.look_up()  # of core 0's next life
        elif looking.status == op.EARLY:
            self.again = Again(self)  # that does not know all names yet
        elif looking.status == op.FULL:
            self.abandon(Exhausted("naming: %s" % (looking.text or op.HEAP_FULL)))
        else:
            self.abandon(NoSuchService("%s: no such service" % self.name))

    def bind(self, iref):
        self.step(self.ask_server, iref)

    def ask_server(self, iref):
        core, slot, generation = iref
        self.binder.kernel.monitor.check_number(core)
        self.binding = binding = Binding(
            self.binder,
            self.domain,
            core,
            self.shown_name(),
            CLIENT,
            self.slots,
            self.priority,
            longest(self.interface),
        )
        binding.waiter = self
        if core != self.binder.core:
            self.binder.settle()
        cpu.undisturbed(Binding.prepare, binding)
        message = bytearray(op.MESSAGE_BYTES)
        pack_into(
            op.BIND_FORMAT,
            message,
            0,
            op.BIND,
            self.priority,
            binding.number,
            slot,
            0,
            generation,
            binding.bell,
            self.slots,
            binding.offset,
            int(self.interface.hash, 16),
            op.shortened(self.domain.name, op.NAME_BYTES),
        )
        self.binder.send(core, message, self.short_deadline(), binding)

    def decided(self):
        self.step(self.open if self.binding.status == op.DONE else self.refused)

    def open(self):
        binding = self.binding
        cpu.undisturbed(Binding.open, binding)
        if binding.peer == self.binder.core:
            server = self.binder.find(binding.peer_number, binding.peer)
            if server is not None and server.transport is not None:
                binding.transport.end.meet(server.transport.end)
        view = self.make_view(binding.transport)
        self.binding = None
        self.done_with(view, None)

    def refused(self):
        """Raise what the server's side had against it, or look for the name once more."""
        binding, self.binding = self.binding, None
        cpu.undisturbed(Binding.end, binding)
        if binding.status in (op.ABSENT, op.DIED) and self.name is not None and self.wait:
            self.again = Again(self)  # the name was there: it may come back
            return
        raise self.why(binding)

    def why(self, binding):
        name, status, text = binding.name, binding.status, binding.text
        if status == op.ABSENT:
            return NoSuchService("%s: not exported any more" % name)
        if status == op.DIFFERS:
            return Misuse(
                "%s: interface %s has hash %s here, %016x there"
                % (name, self.interface.name, self.interface.hash, binding.peer_hash)
            )
        if status == op.FULL:
            return Exhausted("%s: %s" % (name, text or op.HEAP_FULL))
        if status == op.BROKE:
            return PeerBroke("%s: core %d refused: %s" % (name, binding.peer, text))
        if status == op.DIED:
            return binding.fate
        return Refused("%s: %s" % (name, text))

    # --- its end --------------------------------------------------------------------

    def done_with(self, view, error):
        if self in self.domain.connecting:
            self.domain.connecting.remove(self)
        for timer in (self, self.again):
            if timer:
                ports().stop_timer(timer)
        self.again = None
        self.call.finish(view, error)

    def abandon(self, error):
        """Nobody wants it any more: what is under way is taken back."""
        if self.looking is not None:
            cpu.undisturbed(self.looking.take_back, None)
            self.looking = None
        if self.binding is not None:
            self.binding.abandon()
            self.binding = None
        self.done_with(None, error)

    def take_back(self):
        """Whoever waited for it was cancelled or interrupted."""
        if not self.call.done:
            self.abandon(Misuse("%s: the wait for it was given up" % self.shown_name()))
        elif self.call.value is not None:
            self.call.value.close()  # connected at that very moment

    def shown_name(self):
        return self.name or self.interface.name

    def expire(self, end_ms):
        what = "not registered" if self.looking or self.again else "not accepted"
        self.abandon(Timeout("%s: %s within %d ms" % (self.shown_name(), what, self.timeout_ms)))

    def short_deadline(self):
        """For what a monitor answers at once."""
        left_ms = self.deadline.left_ms()
        return Deadline(limits.ANSWER_MS if left_ms < 0 else min(left_ms, limits.ANSWER_MS))


def connect(
    interface,
    service,
    timeout_ms=None,
    wait=True,
    slots=limits.CHANNEL_SLOTS,
    priority=limits.PRIORITY,
    events=False,
    receiver=None,
    calls=8,
    messages=1,
    domain=None,
):
    """poly.connect()."""
    check_ring(slots, priority)
    check_messages(messages)
    name, iref = (service, None) if isinstance(service, str) else (None, service)
    if name is not None:
        check_name(name)
    domain = domain or default_domain()
    domain.check()

    def make_view(transport):
        if events:
            view = interface.Binding(transport)
        else:
            view = interface.Client(transport, receiver, calls)
        view.messages = messages
        return view

    connecting = Connecting(domain, interface, make_view, name, wait, (slots, priority))
    connecting.begin(iref, timeout_ms)
    return connecting.call
