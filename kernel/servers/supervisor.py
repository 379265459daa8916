"""Who restarts a core that panicked, and when nobody does.

The lowest online core looks after all others, and the next one after it: so whoever
is asked is alive. A core's panics are counted in its control page, which outlives
both: a supervisor keeps nothing. Runs within the monitor's callback, and allocates
nothing there.
"""

import cpu

from poly import limits


class Supervisor:
    def __init__(self, kernel):
        asked = kernel.arguments.get("restart", {})
        self.core = kernel.number
        # No more are counted than a control page keeps.
        self.intensity = min(asked.get("intensity", limits.RESTARTS), cpu.PANICS_KEPT - 1)
        self.period_ms = asked.get("period_ms", limits.RESTARTS_MS)

    def look(self):
        """Restart each dead core that is this one's to restart, or give it up."""
        core = 0
        while core < cpu.cores():
            if cpu.state(core) == cpu.DEAD and self.is_mine(core):
                if cpu.panics(core, self.period_ms) > self.intensity:
                    cpu.give_up(core)
                else:
                    cpu.revive(core)
            core += 1

    def is_mine(self, dead):
        """Whether no lower core is there to do it."""
        core = 0
        while core < self.core:
            if core != dead and cpu.state(core) == cpu.ONLINE:
                return False
            core += 1
        return True

    def reason(self):
        """Why a core stays dead."""
        return "stays dead: %d restarts within %d ms, no more" % (self.intensity, self.period_ms)
