"""The naming service: which name stands for which export. It lives in core 0's monitor.

Names map to irefs: a core, a slot of its table of exports, and how often that slot was
used (NAM-1). A look-up that waits is kept here until the name is registered, the asker
takes it back, or its core dies. After core 0's restart the others tell it their names again:
until they have, nobody is told that a name is not there, or free. All of this runs undisturbed
by the monitor's callback, or within it.
"""

import time
from struct import pack_into

import cpu

from poly import limits
from poly import operations as op
from poly.record import Record


class LookUp(Record):
    """One that waits. Its number is the asker's."""

    def __init__(self, binder, peer, number, name):
        super().__init__(binder, peer, number)
        self.name = name
        self.iref = None

    def pack(self, message, operation):
        core, slot, generation = self.iref
        pack_into(
            op.FOUND_FORMAT, message, 0, operation, op.DONE, self.number, core, slot, generation
        )

    def told(self):
        self.forget()

    def peer_died(self):
        self.forget()


class Naming:
    """What core 0 knows of names."""

    def __init__(self, binder):
        self.binder = binder
        self.irefs = {}  # by name
        self.complete = cpu.generation() == 0  # the first life has forgotten nothing
        self.since_ms = time.ticks_ms()

    def knows_all(self):
        """Whether each core that lives has told this life the names that an earlier one had.

        A core that does not get to it for so long is not waited for. Allocates nothing.
        """
        if not self.complete:
            late = time.ticks_diff(time.ticks_ms(), self.since_ms) > limits.ANSWER_MS
            self.complete = late or self.told_by_all()
        return self.complete

    def told_by_all(self):
        monitor = self.binder.kernel.monitor
        for core in range(monitor.cores):
            if not monitor.has_let_go(core):
                return False  # it has not met this life
            if cpu.state(core) < cpu.DEAD and cpu.untold(core):
                return False
        return True

    def register(self, iref, name):
        """DONE, TAKEN by another core, or FULL.

        A core has no two exports of one name: so a name of its own is one that it has
        closed, and says so later.
        """
        before = self.irefs.get(name)
        if before is None and len(self.irefs) >= limits.NAMES:
            return op.FULL
        if before is not None and before[0] != iref[0]:
            return op.TAKEN
        self.irefs[name] = iref
        for waiting in self.waiting():
            if waiting.name == name and waiting.iref is None:
                waiting.iref = iref
                waiting.say(op.FOUND)
        return op.DONE

    def unregister(self, iref):
        for name in self.irefs:
            if self.irefs[name] == iref:
                del self.irefs[name]
                return

    def look_up(self, core, number, name, wait):
        """An iref, or ABSENT, EARLY, WAIT or FULL."""
        iref = self.irefs.get(name)
        if iref is not None:
            return iref
        if not wait:
            return op.ABSENT if self.knows_all() else op.EARLY
        if len(self.waiting()) >= limits.LOOK_UPS:
            return op.FULL
        self.binder.records.append(LookUp(self.binder, core, number, name))
        return op.WAIT

    def forget(self, core, number):
        for waiting in self.waiting():
            if waiting.peer == core and waiting.number == number:
                if waiting.iref is None:  # else it is being told
                    waiting.forget()

    def core_died(self, core):
        """Allocates nothing."""
        while self.drop_one(core):
            pass

    def drop_one(self, core):
        for name in self.irefs:
            if self.irefs[name][0] == core:
                del self.irefs[name]
                return True
        return False

    def waiting(self):
        return [record for record in self.binder.records if isinstance(record, LookUp)]
