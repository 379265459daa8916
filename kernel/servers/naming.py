"""The naming service: which name stands for which export. It lives in core 0's monitor.

Names map to irefs: a core, a slot of its table of exports, and how often that slot was
used (NAM-1). A look-up that waits is kept here until the name is registered, the asker
takes it back, or its core dies. All of this runs undisturbed by the monitor's callback,
or within it.
"""

from struct import pack_into

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
        """An iref, or ABSENT, WAIT or FULL."""
        iref = self.irefs.get(name)
        if iref is not None:
            return iref
        if not wait:
            return op.ABSENT
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
