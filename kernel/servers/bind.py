"""Exports and channels of one core: what its monitor does about them.

Bind goes client, monitor, monitor, server (MON-1): a client prepares its end and asks;
the server's monitor admits it here, within its callback; the server's program accepts or
refuses when its port is served, and the client is told. Everything here runs within
the monitor's callback or undisturbed by it, with the heap unlocked. When the heap is full
a request is refused; what ends channels takes no memory.
"""

from struct import pack_into, unpack_from

import cpu

from poly import limits
from poly import operations as op
from poly.deadline import Deadline
from poly.errors import Timeout
from servers import messages as m
from servers.naming import Naming

NAMING_CORE = 0
NUMBERS = 0xFFFF


class Binder:
    def __init__(self, kernel):
        self.kernel = kernel
        self.core = kernel.number
        self.exports = [None] * limits.EXPORTS  # poly.service.Service
        # How often each slot was used; no iref of an earlier life is one of this.
        self.uses = [cpu.generation() * limits.EXPORTS_IN_A_LIFE & 0xFFFF] * limits.EXPORTS
        self.records = []
        self.last_number = 0
        self.naming = Naming(self) if self.core == NAMING_CORE else None
        self.ended = []  # the last channels that ended otherwise than by close
        self.answer = bytearray(op.MESSAGE_BYTES)
        self.message = bytearray(op.MESSAGE_BYTES)  # a TELL
        self.next = self.tell_next  # made once: to make it allocates
        self.answers = [None] * (op.LIST_REASON + 1)
        self.answers[op.REGISTER] = self.register
        self.answers[op.LOOK_UP] = self.look_up
        self.answers[op.BIND] = self.admit
        self.answers[op.LIST_NAME] = self.list_name
        self.answers[op.LIST_EXPORT] = self.list_export
        self.answers[op.LIST_CHANNEL] = self.list_channel
        self.answers[op.LIST_REASON] = self.list_reason

    def next_number(self):
        """One that no live record of this core has."""
        return cpu.undisturbed(self.take_number, None)

    def take_number(self, _):
        while True:
            self.last_number = self.last_number % NUMBERS + 1
            if self.find(self.last_number) is None:
                return self.last_number

    def find(self, number, peer=None):
        for record in self.records:
            if record.is_own and record.number == number and (peer is None or peer == record.peer):
                return record
        return None

    # --- asking: for what runs here, not within the callback ------------------------------

    def ask(self, core, message, deadline):
        """The answer to an ASK; asked again while the naming service does not know yet."""
        while True:
            if core == self.core:
                answer = cpu.undisturbed(self.ask_here, (message, None))
            else:
                link = self.send(core, message, deadline)
                self.kernel.monitor.await_answer(link, m.ASK, deadline)
                answer = link.answer
            if answer[1] != op.EARLY:
                return answer
            if not deadline.wait(limits.RETRY_MS):
                raise Timeout("core %d: it does not know all names again" % core)

    def send(self, core, message, deadline, record=None):
        """Send an ASK, waiting until the one before is answered; the link (None: this core)."""
        if core == self.core:
            cpu.undisturbed(self.ask_here, (message, record))
            return None
        monitor = self.kernel.monitor
        while True:
            link = monitor.link(core, deadline)
            if cpu.undisturbed(self.try_send, (link, message, record)):
                return link
            if not deadline.wait(limits.RETRY_MS):
                raise monitor.late(link, deadline)

    def try_send(self, asked):
        link, message, record = asked
        if link.dead or link.asked & 1 << m.ASK:
            return False
        if not self.kernel.monitor.try_put((link, m.ASK, message, 1 << m.ASK)):
            return False
        if record is not None:
            record.was_asked = True
        return True

    def ask_here(self, asked):
        message, record = asked
        answer = bytearray(op.MESSAGE_BYTES)  # the callback answers others in its own
        if record is not None:
            record.was_asked = True
        self.on_ask(self.core, message, answer)
        self.on_answer(self.core, answer)
        return answer

    def names(self):
        """[(name, iref)] of all services that are registered."""
        found = []
        while True:
            message = bytearray(op.MESSAGE_BYTES)
            op.put_head(message, op.LIST_NAME, 0, len(found))
            answer = self.ask(NAMING_CORE, message, Deadline(limits.ANSWER_MS))
            if answer[1] != op.DONE:
                return found
            _, _, _, core, slot, generation, name = unpack_from(op.NAME_FORMAT, answer, 0)
            found.append((op.name_of(name), (core, slot, generation)))

    def settle(self):
        """Wait until no core uses what an earlier life of this one handed out."""
        if not self.kernel.monitor.settled:
            self.kernel.monitor.settle()

    # --- what comes from other monitors ------------------------------------------------

    def hear(self, link, kind, length):
        """Serve an ASK, ANSWER, TELL or TOLD; False: it breaks the protocol."""
        monitor = self.kernel.monitor
        if kind == m.ASK:
            if not self.on_ask(link.peer, link.message, self.answer):
                return False
            monitor.answer(link, self.answer, m.ANSWER)
        elif kind == m.ANSWER:
            if not link.asked & 1 << m.ASK:
                return False
            link.asked &= ~(1 << m.ASK)
            for at in range(op.MESSAGE_BYTES):
                link.answer[at] = link.message[at] if at < length else 0
            self.on_answer(link.peer, link.answer)
        elif kind == m.TELL:
            if not self.on_tell(link.peer, link.message):
                return False
            monitor.answer(link, m.NOTHING, m.TOLD)
        else:
            if link.telling is None:
                return False
            self.on_told(link)
        return True

    def core_died(self, core):
        """End all that was with a core's last life. Allocates nothing that it needs."""
        if self.naming is not None:
            self.naming.core_died(core)
        at = len(self.records)
        while at > 0:
            at -= 1
            if at < len(self.records) and self.records[at].peer == core:
                self.records[at].peer_died()
        if core == NAMING_CORE:
            self.count_untold()

    def count_untold(self):
        """Say how many names core 0 has not heard again. Allocates nothing."""
        count = 0
        for service in self.exports:
            if service is not None and service.untold:
                count += 1
        cpu.set_untold(count)

    def met(self, core):
        """This core has met a core's new life: open the link if that is to hear something."""
        if self.debtor(core) is not None:
            cpu.ring(core, self.core)

    def link_broke(self, link):
        """A link was cut off; both cores live. Allocates nothing that it needs."""
        at = len(self.records)
        while at > 0:
            at -= 1
            if at < len(self.records) and self.records[at].peer == link.peer:
                self.records[at].peer_broke(link.broken)

    # --- asked ------------------------------------------------------------------

    def on_ask(self, core, message, answer):
        """Put the answer to what a core asks into `answer`; False: it asks what is nothing."""
        operation = message[0]
        function = self.answers[operation] if operation < len(self.answers) else None
        if function is None:
            return False
        for at in range(op.MESSAGE_BYTES):
            answer[at] = message[at] if at < 4 else 0
        answer[1] = op.DONE
        try:
            answer[1] = function(core, message, answer)
        except MemoryError:
            answer[1] = op.FULL
            op.put_text(answer, op.HEAP_FULL)
        return True

    def register(self, core, message, answer):
        _, slot, _, generation, name = unpack_from(op.REGISTER_FORMAT, message, 0)
        if self.naming is None:
            return op.ABSENT
        if message[0] == op.REGISTER and not self.naming.knows_all():
            return op.EARLY  # it may be another's
        name = op.name_of(name)
        detail = self.naming.register((core, slot, generation), name)
        if detail == op.TAKEN:
            answer[4] = self.naming.irefs[name][0]
        elif detail == op.FULL:
            op.put_text(answer, "%d of %d names in use" % (limits.NAMES, limits.NAMES))
        return detail

    def look_up(self, core, message, answer):
        _, wait, number, name = unpack_from(op.LOOK_UP_FORMAT, message, 0)
        if self.naming is None:
            return op.ABSENT
        found = self.naming.look_up(core, number, op.name_of(name), wait)
        if found == op.FULL:
            op.put_text(answer, "%d of %d look-ups wait" % (limits.LOOK_UPS, limits.LOOK_UPS))
        if isinstance(found, int):
            return found
        pack_into(op.FOUND_FORMAT, answer, 0, op.LOOK_UP, op.DONE, number, *found)
        return op.DONE

    def admit(self, core, message, answer):
        """Have the server's program accept a client, unless it cannot be."""
        service = self.service(message[4], op.number_at(message, 6))
        if service is None:
            return op.ABSENT
        return service.admit(core, message, answer)

    def service(self, slot, generation):
        """The live export of an iref, or None."""
        if slot >= limits.EXPORTS or self.uses[slot] != generation:
            return None
        return self.exports[slot]

    # --- listing ----------------------------------------------------------------

    def list_name(self, core, message, answer):
        at = op.number_at(message, 2)
        if self.naming is None:
            return op.ABSENT
        if not self.naming.knows_all():
            return op.EARLY
        for name, iref in self.naming.irefs.items():
            if at == 0:
                pack_into(op.NAME_FORMAT, answer, 0, op.LIST_NAME, 0, 0, *iref, name.encode())
                return op.DONE
            at -= 1
        return op.ABSENT

    def list_export(self, core, message, answer):
        service = self.service(message[1], op.number_at(message, 2))
        if service is None:
            return op.ABSENT
        name = op.shortened(service.interface.name, op.NAME_BYTES)
        pack_into(
            op.EXPORT_FORMAT, answer, 0, op.LIST_EXPORT, 0, 0, service.used(), service.limit, name
        )
        return op.DONE

    def rows(self):
        """The ends of channels here: those that ended at last, then the live ones."""
        return self.ended + [record for record in self.records if record.transport]

    def list_channel(self, core, message, answer):
        at = op.number_at(message, 2)
        rows = self.rows()
        if at >= len(rows):
            return op.ABSENT
        rows[at].fill_row(answer)
        return op.DONE

    def list_reason(self, core, message, answer):
        at = op.number_at(message, 2)
        rows = self.rows()
        if at >= len(rows):
            return op.ABSENT
        op.put_text(answer, rows[at].reason() or "")
        return op.DONE

    # --- answered and told ------------------------------------------------------------

    def on_answer(self, core, message):
        """Whoever asked for itself alone looks at the link; a record is told here."""
        if message[0] == op.LOOK_UP or message[0] == op.BIND:
            self.hand_on(core, message)

    def on_tell(self, core, message):
        """False: it tells what is nothing."""
        operation = message[0]
        if op.FOUND <= operation <= op.ENDED:
            self.hand_on(core, message)
        elif op.UNREGISTER <= operation <= op.NAMED:
            if self.naming is not None:
                self.tell_naming(core, operation, message)
        else:
            return False
        return True

    def hand_on(self, core, message):
        record = self.find(op.number_at(message, 2), core)
        if record is not None:
            record.heard(message[0], message[1], message)

    def tell_naming(self, core, operation, message):
        number = op.number_at(message, 2)
        if operation == op.UNREGISTER:
            self.naming.unregister((core, message[1], number))
        elif operation == op.FORGET:
            self.naming.forget(core, number)
        else:
            try:
                self.register(core, message, bytearray(op.MESSAGE_BYTES))
            except MemoryError:
                pass  # its name is not known any more: the service is, by its iref

    # --- telling ------------------------------------------------------------------------

    def tell(self, core):
        """Tell a core what is due, if its link is open and nothing is under way to it."""
        cpu.undisturbed(self.next, core)

    def tell_next(self, core):
        if core == self.core:
            self.tell_here()
            return
        link = self.kernel.monitor.links.get(core)
        if link is None or link.dead or link.telling is not None:
            return
        record = self.debtor(core)
        if record is not None:
            self.pack_debt(record, self.message)
            link.telling = record
            self.kernel.monitor.answer(link, self.message, m.TELL)

    def tell_all(self, deadline):
        """Wait until every core that listens has heard what it is to be told."""
        while cpu.undisturbed(self.has_to_tell, None) and deadline.wait():
            pass

    def has_to_tell(self, _):
        for link in self.kernel.monitor.links.values():
            if not link.dead and (link.telling is not None or self.debtor(link.peer) is not None):
                return True
        return False

    def debtor(self, core):
        at = 0
        while at < len(self.records):
            record = self.records[at]
            if record.owes and record.peer == core:
                return record
            at += 1
        return None

    def pack_debt(self, record, message):
        record.pack(message, record.owes)
        record.owes = 0

    def tell_here(self):
        """What this core has to tell itself."""
        record = self.debtor(self.core)
        while record is not None:
            message = bytearray(op.MESSAGE_BYTES)  # hearing it may lead to telling more
            self.pack_debt(record, message)
            self.on_tell(self.core, message)
            record.told()
            record = self.debtor(self.core)

    def on_told(self, link):
        record, link.telling = link.telling, None
        if record is not None:
            record.told()
        self.tell_next(link.peer)
