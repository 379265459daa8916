"""What became of cores, told once on the shell's console and in the log.

Noted within the monitor's callback, also when the heap is full: then the shell tells it
before its next prompt. Only the core that owns the console has anything to tell.
"""

import cpu

from poly import heap
from servers import messages as m

# What there is to tell of a core.
DIED, RESTARTED, STAYS_DEAD = 1, 2, 4


class News:
    def __init__(self, kernel, supervisor):
        self.kernel = kernel
        self.supervisor = supervisor
        self.untold = bytearray(cpu.cores())
        self.begun = [0] * cpu.cores()  # generations of which it is told that they began

    def note_life(self, core, generation):
        """A generation of a core has begun, or is about to."""
        if self.begun[core] != generation:
            self.begun[core] = generation
            self.note(core, RESTARTED)

    def note(self, core, news):
        """Tell something of a core, if the console is here."""
        screen = self.kernel.screen
        if screen is None:
            return
        self.untold[core] |= news
        locks = heap.unlock()
        try:
            if core in screen.lines:
                screen.show(core, m.NOTHING, 0)  # its line under way
            self.tell()
        except MemoryError:
            pass  # the shell tells it before its next prompt
        heap.lock(locks)

    def tell(self):
        """Tell all that is untold."""
        for core in range(len(self.untold)):
            news = self.untold[core]
            if news & DIED:
                report = cpu.report(core) or "core %d died without a report" % core
                self.kernel.screen.say(report.rstrip())
                self.kernel.log.add("core %d died: %s" % (core, report.split("\n")[0]))
            if news & RESTARTED:
                self.say("core %d: restarted, generation %d" % (core, self.begun[core]))
            if news & STAYS_DEAD:
                self.say("core %d: %s" % (core, self.supervisor.reason()))
            self.untold[core] = 0

    def say(self, text):
        self.kernel.screen.say(text)
        self.kernel.log.add(text)
