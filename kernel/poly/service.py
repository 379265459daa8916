"""A service: an interface that a domain exports, by name or by its iref alone.

A client is admitted by the monitor, waits for the program to serve its port, and is
accepted there: `factory(session)` makes the object whose methods it calls, or, in the
style of Barrelfish, `on_connect(binding)` gets a binding with events. Either may refuse
by raising an error, whose text the client gets (Refused).
"""

from struct import pack_into, unpack_from

import cpu
import ump
from calls import Call

from poly import limits, report
from poly import operations as op
from poly.binding import SERVER, Binding, is_channel_bell
from poly.caller import Session
from poly.deadline import Deadline
from poly.domain import default_domain
from poly.errors import Exhausted, Misuse, Refused
from poly.record import Record
from poly.view import check_messages
from poly.views import hang_up
from poly.wire import longest

NAMING_CORE = 0


def finished(value=None):
    """A call that is done."""
    call = Call()
    call.finish(value)
    return call


class Service(Record):
    """Use poly.export() to get one."""

    def __init__(self, domain, interface, open_view, name, limit, accept):
        binder = domain.binder
        super().__init__(binder, NAMING_CORE)
        self.domain = domain
        self.interface = interface.INTERFACE
        self.hash = int(self.interface.hash, 16)
        self.open_view = open_view
        self.name = name
        self.name_bytes = name.encode() if name else b""
        self.limit = limit  # sessions at one time
        self.accept = accept
        self.closing = False
        self.waiting = []  # bindings, the first first
        self.sessions = []  # bindings
        self.closed = Call(self)
        self.iref = None
        self.registered = False
        self.untold = False  # core 0's present life does not know its name
        cpu.undisturbed(self.take_slot, binder)

    def take_slot(self, binder):
        for slot in range(limits.EXPORTS):
            if binder.exports[slot] is None:
                self.iref = (binder.core, slot, binder.uses[slot])
                binder.exports[slot] = self
                binder.records.append(self)
                self.domain.services.append(self)
                return
        raise Exhausted("exports: %d of %d in use" % (limits.EXPORTS, limits.EXPORTS))

    # --- its name -------------------------------------------------------------------

    def register(self):
        """Have core 0 know its name. Raises Refused if another service has it."""
        for service in self.binder.exports:
            if service and service is not self and service.name == self.name:
                raise Refused("%s: registered already, by core %d" % (self.name, self.iref[0]))
        message = bytearray(op.MESSAGE_BYTES)
        self.pack(message, op.REGISTER)
        self.registered = True  # from now on it must be taken back
        answer = self.binder.ask(NAMING_CORE, message, Deadline(limits.ANSWER_MS))
        if answer[1] == op.TAKEN:
            raise Refused("%s: registered already, by core %d" % (self.name, answer[4]))
        if answer[1] == op.FULL:
            raise Exhausted("%s: %s" % (self.name, op.text_of(answer) or op.HEAP_FULL))

    def pack(self, message, operation):
        _, slot, generation = self.iref
        if operation == op.UNREGISTER:
            op.put_head(message, operation, slot, generation)
        else:
            pack_into(
                op.REGISTER_FORMAT,
                message,
                0,
                operation,
                slot,
                self.number,
                generation,
                self.name_bytes,
            )

    def told(self):
        self.untold = self.owes == op.NAMED
        self.binder.count_untold()
        if self.binder.exports[self.iref[1]] is not self and not self.owes:
            self.forget()

    def peer_died(self):
        """Core 0 did: its next life hears the name again."""
        self.owes = 0
        if self.binder.exports[self.iref[1]] is not self:
            self.forget()
        elif self.registered:
            self.owes = op.NAMED
            self.untold = True

    # --- admitting: within the monitor's callback -------------------------------------------

    def used(self):
        return len(self.sessions) + len(self.waiting)

    def admit(self, core, message, answer):
        """Queue a client for the program; DONE, or why not."""
        (
            _,
            priority,
            number,
            _,
            _,
            _,
            bell,
            slots,
            offset,
            identity,
            client,
        ) = unpack_from(op.BIND_FORMAT, message, 0)
        if identity != self.hash:
            pack_into("<Q", answer, 4, self.hash)
            return op.DIFFERS
        if self.used() >= self.limit:
            op.put_text(answer, "%d of %d sessions in use" % (self.used(), self.limit))
            return op.FULL
        try:
            binding = self.prepare(core, priority, slots, bell, offset)
        except Misuse as error:
            op.put_text(answer, str(error))
            return op.BROKE
        binding.peer_number = number
        binding.client_name = op.name_of(client)
        self.waiting.append(binding)
        cpu.latch(self.domain.bell)
        return op.DONE

    def prepare(self, core, priority, slots, bell, offset):
        """The server's end of what a client wants, if that may be."""
        check_ring(slots, priority)
        if not is_channel_bell(bell):
            raise Misuse("doorbell %d is none of a channel" % bell)
        binding = Binding(
            self.binder,
            self.domain,
            core,
            self.name or self.interface.name,
            SERVER,
            slots,
            priority,
            longest(self.interface),
        )
        binding.service = self
        binding.peer_bell = bell
        if core != self.binder.core:
            binding.check_region(offset)
        self.binder.records.append(binding)
        return binding

    # --- accepting: when the program's port is served -----------------------------------

    def accept_all(self):
        """Accept or refuse all that wait."""
        while True:
            binding = next((one for one in self.waiting if not one.deciding), None)
            if binding is None:
                return
            binding.deciding = True  # what decides may wait, and come back to here
            session = Session(self, binding)
            refusal = Refused("interrupted")
            try:
                self.accept_one(session, binding)
                refusal = None
            except Exception as error:
                refusal = error
            finally:
                if refusal:
                    if binding.status is None:  # else the client knows of it
                        self.refuse(binding, refusal)
                    session.refused(refusal)

    def accept_one(self, session, binding):
        binding.check()
        if self.accept:
            self.accept(session)
        cpu.undisturbed(Binding.reserve, binding)
        self.open_view(session, binding)
        cpu.undisturbed(self.bound, binding)

    def bound(self, binding):
        binding.check()
        self.waiting.remove(binding)
        self.sessions.append(binding)
        binding.status = op.DONE
        binding.say(op.BOUND)

    def refuse(self, binding, error):
        """The client is told why; one that died meanwhile is forgotten."""
        if isinstance(error, Exhausted):
            binding.status = op.FULL
        elif isinstance(error, MemoryError):
            binding.status, error = op.FULL, "core %d: its heap is full" % self.iref[0]
        else:
            binding.status = op.REFUSED
        binding.text = str(error)
        binding.refusal = op.shortened(binding.text, op.TEXT_BYTES)
        self.binder.kernel.log.add(
            "%s: refused core %d: %s" % (binding.name, binding.peer, binding.text)
        )
        binding.kill(binding.text)

    def lost(self, binding):
        """Called by a binding that has ended. Undisturbed."""
        if binding in self.waiting:
            self.waiting.remove(binding)
        elif binding in self.sessions:
            self.sessions.remove(binding)
            if self.closing:
                cpu.latch(self.domain.bell)

    # --- its end ----------------------------------------------------------------------

    def close(self, timeout_ms=limits.CLOSE_MS):
        """No new sessions; those that there are get the answers under way, and end.

        Await it to know when, but not from a method of the service, whose own answer is
        waited for here. A session that has not ended within `timeout_ms` (None: no limit) is
        cut off, and the calls that it has under way fail.
        """
        if not self.closing:
            cpu.undisturbed(self.withdraw, None)
        if self.domain.closing:
            self.end()
            return self.closed
        for binding in list(self.sessions):
            binding.transport.view.close(timeout_ms)
        self.end_if_empty()
        return self.closed

    def end_if_empty(self):
        """It is over when its last session is."""
        if self.closing and not self.sessions:
            self.end()

    def end(self):
        if self in self.domain.services:
            self.domain.services.remove(self)
        self.closed.finish()

    def shown_name(self):
        return self.name or self.interface.name

    def withdraw(self, _):
        """From now on its iref names nothing, nor does its name; who waits is told."""
        core, slot, generation = self.iref
        self.closing = True
        if self.binder.exports[slot] is self:
            self.binder.exports[slot] = None
            self.binder.uses[slot] = generation + 1 & 0xFFFF
            self.binder.count_untold()
            if self.registered:
                self.say(op.UNREGISTER)
            else:
                self.forget()
        while self.waiting:
            binding = self.waiting[0]
            binding.status = op.ABSENT
            binding.kill("closed")

    def serve(self):
        """Awaitable: done when it is closed, and its sessions have ended."""
        return self.closed

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()

    def __aenter__(self):
        return finished(self)

    def __aexit__(self, exc_type, exc, traceback):
        return self.close()


def check_ring(slots, priority):
    """Misuse for a channel that none can be."""
    if not 2 <= slots <= limits.CHANNEL_SLOTS or slots & slots - 1:
        raise Misuse("%d slots: a power of two from 2 to %d" % (slots, limits.CHANNEL_SLOTS))
    if not 0 <= priority < len(cpu.BELL_LEVELS):
        raise Misuse("priority %d: 0 to %d" % (priority, len(cpu.BELL_LEVELS) - 1))


def check_name(name):
    if not name or "\0" in name or len(name.encode()) > op.NAME_BYTES:
        raise Misuse("%r: a name has 1 to %d bytes, and no NUL" % (name, op.NAME_BYTES))


def open_end(session, binding):
    """The transport of a server's end, for whoever was accepted."""
    client = None
    binding.check()
    if binding.peer == binding.binder.core:
        client = binding.binder.find(binding.peer_number, binding.peer)
        if client is None or client.waiter is None:
            raise Refused("it has given up")
        client.channel, binding.channel = ump.Channel.pair(
            binding.slots, client.bell, binding.bell, binding.longest
        )
        client.kind = binding.kind = "loopback" if client.domain is binding.domain else "LMP"
    cpu.undisturbed(Binding.open, binding)
    session.transport = binding.transport
    return binding.transport


def publish(domain, interface, open_view, name, sessions, accept, messages=1):
    if name is not None:
        check_name(name)
    if sessions < 1:
        raise Misuse("%d sessions: 1 at least" % sessions)
    check_messages(messages)
    domain = domain or default_domain()
    domain.check()
    service = Service(domain, interface, open_view, name, sessions, accept)
    if name is not None:
        try:
            service.register()
        except BaseException:
            service.close()
            raise
    return service


def export(
    interface,
    factory,
    name=None,
    sessions=limits.SESSIONS,
    accept=None,
    messages=1,
    on_error=None,
    domain=None,
):
    """poly.export()."""
    if isinstance(factory, type):
        absent = interface.Server.missing(factory)
        if absent:
            raise Misuse("%s: the server lacks %s" % (interface.NAME, ", ".join(absent)))

    def open_view(session, binding):
        target = factory(session)
        try:
            view = interface.Server(open_end(session, binding), target)
        except BaseException:
            name = session.service.shown_name()
            hang_up(
                interface.INTERFACE,
                target,
                lambda error: report.raised("%s: hung_up" % name, error),
            )
            raise
        view.messages = messages
        if on_error:
            view.on_error = lambda error: on_error(session, error)
        session.accepted(view)

    return publish(domain, interface, open_view, name, sessions, accept, messages)


def export_events(
    interface, on_connect, name=None, sessions=limits.SESSIONS, messages=1, domain=None
):
    """poly.export_events()."""

    def open_view(session, binding):
        view = interface.Binding(open_end(session, binding))
        view.messages = messages
        session.accepted(view)
        on_connect(view)

    return publish(domain, interface, open_view, name, sessions, None, messages)
