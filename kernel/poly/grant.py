"""Regions of shared RAM for programs, and their way to other cores (SPEC IDL-7).

A region lies in the arena of the core that made it. Given with a message it is mapped on
the receiver's core; its memory goes back to the arena when its maker has closed it and
whoever got it has let go, or is dead. Only its maker gives it.
"""

import cpu

from poly import operations as op
from poly.errors import Misuse
from poly.record import Record
from poly.region import pages


class Region:
    """`memory`: a memoryview of all of it, zero at first; None once it is closed."""

    def __init__(self, domain, length):
        self.domain = domain
        self.kernel = domain.kernel
        self.length = pages(length)
        domain.hold_bytes("a region", self.length)
        self.grants = []
        try:
            domain.binder.settle()
            cpu.undisturbed(self.allocate, None)
        except BaseException:
            domain.used_bytes -= self.length
            raise

    def allocate(self, _):
        self.offset = self.kernel.arena.allocate(self.length)
        cpu.map(self.offset, self.length)
        cpu.zero(self.offset, self.length)
        self.memory = cpu.shared(self.offset, self.length)
        self.domain.regions.append(self)

    def granted(self, core):
        """A new Grant of it to another core."""
        if self.memory is None:
            raise Misuse("a region that is closed")
        return Grant(self, core)

    def close(self):
        """Use it no more; those who got it go on."""
        if self.memory is not None:
            cpu.undisturbed(Region.end, self)

    def end(self):
        self.memory = None
        self.domain.regions.remove(self)
        self.returned(None)

    def returned(self, grant):
        """Somebody has let go of it. Undisturbed."""
        if grant is not None and grant in self.grants:
            self.grants.remove(grant)
            grant.forget()
        if self.memory is None and not self.grants:
            cpu.unmap(self.offset, self.length)
            self.kernel.arena.release(self.offset)
            self.domain.used_bytes -= self.length

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()


class Grant(Record):
    """One core's hold on a region of this one."""

    def __init__(self, region, core):
        super().__init__(region.domain.binder, core)
        self.region = region
        cpu.undisturbed(self.start, None)

    def start(self, _):
        self.region.grants.append(self)
        self.binder.records.append(self)

    def heard(self, operation, detail, message):
        if operation == op.ENDED:
            self.region.returned(self)

    def peer_died(self):
        self.region.returned(self)


class Lent(Record):
    """A region that came with a message; `memory` as Region's."""

    def __init__(self, domain, core, number, offset, length):
        super().__init__(domain.binder, core)
        self.domain = domain
        self.grant = number
        self.offset = offset
        self.length = length
        cpu.undisturbed(self.start, None)

    def start(self, _):
        if self.peer != self.binder.core:
            hold(self.binder.kernel, self.offset, self.length)
        self.memory = cpu.shared(self.offset, self.length)
        self.domain.regions.append(self)
        self.binder.records.append(self)

    def granted(self, core):
        raise Misuse("a region is given by its maker only")

    def close(self):
        """Let go of it."""
        if self.memory is not None:
            cpu.undisturbed(self.end, op.ENDED)

    def end(self, operation):
        self.memory = None
        self.domain.regions.remove(self)
        if self.peer != self.binder.core:
            let_go(self.binder.kernel, self.offset, self.length)
        if operation is None:
            self.forget()
        else:
            self.say(operation)

    def pack(self, message, operation):
        op.put_head(message, operation, 0, self.grant)

    def told(self):
        self.forget()

    def peer_died(self):
        """Its memory is used anew after this."""
        if self.memory is not None:
            self.end(None)
        else:
            self.owes = 0
            self.forget()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()


def hold(kernel, offset, length):
    """Map a part of another core's arena, once for all who got it."""
    count = kernel.lent.get(offset, 0)
    if not count:
        cpu.map(offset, length)
    kernel.lent[offset] = count + 1


def let_go(kernel, offset, length):
    kernel.lent[offset] -= 1
    if not kernel.lent[offset]:
        del kernel.lent[offset]
        cpu.unmap(offset, length)
