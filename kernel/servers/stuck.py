"""A core whose program is to end, and whether its VM has any turn to end it.

In each turn of its VM a core that was rung serves its monitor. In one long call of C it has
none: no Ctrl-C and no kill ends that but the core's restart. A program that answers, and be it
ever so slowly, keeps its core.
"""

import cpu

from poly import limits
from poly.deadline import Deadline


class Watch:
    """Over one core, from the moment at which its program was to be killed."""

    def __init__(self, monitor, core):
        self.core = core
        self.generation = cpu.generation(core)
        self.turns = cpu.turns(core)
        self.deadline = Deadline(limits.STUCK_MS)
        self.said = False
        self.over = False  # it had a turn, or it was restarted
        cpu.ring(core, monitor.core)

    def look(self, say):
        """Say in time that the core does not answer, and restart it in the end; whether that
        was done just now."""
        if self.over:
            return False
        if (
            cpu.turns(self.core) != self.turns
            or cpu.generation(self.core) != self.generation
            or cpu.state(self.core) != cpu.ONLINE
        ):
            self.over = True
            return False
        left_ms = self.deadline.left_ms()
        if left_ms == 0:
            self.over = True
            cpu.restart(self.core)
            return True
        if not self.said and left_ms <= limits.STUCK_MS - limits.STUCK_MS // 4:
            self.said = True
            say(
                "core %d does not answer; restarting it in %d ms, unless it does"
                % (self.core, left_ms)
            )
        return False
