"""A program that another core runs for the program here.

A Child holds its core's one place for a program from start to exit, and the
region and the doorbell of its channel until close(). The monitor completes it:
exactly one of `status` (it ended) and `died` (its core did) gets set. Tasks and ports that
wait for that are told by the port that the core sleeps in, as the monitor's callback wakes
nobody itself.
"""

import calls
import cpu
import ump
from calls import Call

from poly import limits, program, report
from poly.core import INTERRUPT
from poly.deadline import Deadline
from poly.errors import Misuse, PeerDied, Timeout


class Child:
    """Use poly.spawn() to get one."""

    def __init__(self, kernel, core, path, slots):
        self.kernel = kernel
        self.core = core
        self.path = path
        self.name = program.short_name(path)
        self.generation = cpu.generation(core)
        self.channel = None  # ump.Channel to it, if it was given one
        self.status = None
        self.died = False
        self.runs = False  # it was started
        self.watches = ()  # whose finish() is to be called when it has ended
        self.end_call = None  # what tasks await
        self.slots = slots
        self.offset = self.length = self.bell = 0  # of its channel
        if slots and not kernel.monitor.settled:
            kernel.monitor.settle()
        cpu.undisturbed(Child.take, self)

    def take(self):
        """All that it holds here. Undisturbed. Raises Exhausted."""
        self.kernel.children.append(self)
        if not self.slots:
            return
        try:
            self.bell = self.kernel.doorbells.take()
            length = ump.Channel.region_bytes(self.slots)
            self.offset = self.kernel.arena.allocate(length)
            self.length = length
            cpu.map(self.offset, self.length)
        except Exception:
            self.release()
            raise
        cpu.zero(self.offset, self.length)

    def started(self, peer_bell):
        """Its monitor has started it, and says which doorbell its end listens to."""
        if self.slots:
            self.channel = ump.Channel(self.offset, self.slots, 0, self.bell, self.core, peer_bell)
            if self.ended():  # before there was a channel to tell it
                self.channel.die()

    def ended(self):
        return self.died or self.status is not None

    def finish(self, status):
        """Called by the monitor, within its callback: it ended, or (None) its core died."""
        if status is None:
            self.died = True
        else:
            self.status = status
        if self.channel:
            self.channel.die()
        if self.watches:
            calls.due()

    def wait(self, timeout_ms=None):
        """Its exit status, waiting for it in plain code; ports are served meanwhile, and what
        awaits there waits. `await child` lets tasks run. Raises PeerDied, Timeout."""
        deadline = Deadline(timeout_ms)
        while not self.ended():
            if not calls.attend() and not self.ended() and not deadline.wait():
                raise Timeout(
                    "%s on core %d: still runs after %d ms" % (self.name, self.core, timeout_ms)
                )
        if self.died:
            raise PeerDied(self.core, self.generation)
        return self.status

    # --- awaiting it: a child is a coroutine that ends when its program does ---------------

    def exit(self):
        """A new Call that is done when it has ended: its exit status, or PeerDied."""
        exit = Exit(self)
        self._watch(exit)
        return exit.call

    def awaited(self):
        """That Call, one for all tasks."""
        if self.end_call is None:
            self.end_call = self.exit()
        return self.end_call

    def __iter__(self):
        """Await a child: its exit status. Raises PeerDied if its core died."""
        return self.awaited()

    __await__ = __iter__

    def send(self, value):
        """For asyncio alone, which runs a child as a task in wait_for() and gather()."""
        if value is not None:
            raise Misuse("%s: child.channel.send() sends a message" % self.name)
        return self.awaited().send(None)

    def throw(self, error):
        return self.awaited().throw(error)

    def _watch(self, watch):
        """Call watch.finish(error, status) once it has ended; the error is None or PeerDied."""
        from poly.port import ports

        self.watches += (watch,)
        if not self.tell_end() and self not in ports().endings:
            ports().endings.append(self)

    def _unwatch(self, watch):
        self.watches = tuple([one for one in self.watches if one is not watch])

    def tell_end(self):
        """Tell who watches that it has ended, if it has; whether it has. Called by the port."""
        if not self.ended():
            return False
        watches, self.watches = self.watches, ()
        error = PeerDied(self.core, self.generation) if self.died else None
        for watch in watches:
            watch.finish(error, self.status)
        return True

    def interrupt(self):
        """Raise KeyboardInterrupt in it."""
        if not self.ended():
            self.kernel.monitor.stop(self.core, INTERRUPT)

    def kill(self):
        """Raise KeyboardInterrupt in it, again and again until it is gone. Its core is restarted
        if its VM has no turn for that within limits.STUCK_MS: then it has died."""
        if not self.ended():
            self.kernel.monitor.kill(self.core, report.say)

    def close(self):
        """Kill it if it still runs, and give its channel's region and doorbell back."""
        if not self.runs:
            cpu.undisturbed(self.kernel.monitor.give_up, self)
            if self not in self.kernel.children:
                return
        try:
            self.end()
        except PeerDied:
            pass
        cpu.undisturbed(Child.release, self)
        end = "lost" if self.died else "ended with status %d" % self.status
        self.kernel.log.add("%s: %s on core %d" % (self.name, end, self.core))

    def end(self):
        """Kill it, and see that it is gone."""
        deadline = Deadline(limits.KILL_MS)
        while not self.ended():
            try:
                self.kill()
            except Timeout:
                pass  # its core is busy, and has it in its ring
            if not deadline.wait(limits.KILL_AGAIN_MS) and not self.ended():
                raise Timeout("%s on core %d: does not end" % (self.name, self.core))

    def release(self):
        """Give back what take() took. Undisturbed."""
        if self in self.kernel.children:
            self.kernel.children.remove(self)
        if self.channel:
            self.channel.close()
            self.channel = None
        if self.length:
            cpu.unmap(self.offset, self.length)
            self.kernel.arena.release(self.offset)
            self.length = 0
        if self.bell:
            self.kernel.doorbells.release(self.bell)
            self.bell = 0

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()


class Exit:
    """Finishes a Call with a child's exit status."""

    def __init__(self, child):
        self.call = Call(child)

    def finish(self, error, status):
        self.call.finish(status, error)


def start(kernel, core, path, args=(), slots=0, mode=program.RUN_PROGRAM):
    """A started Child. `path`: what program.resolve_elsewhere() gave.

    Nothing is left behind when it could not be started, unless the caller gave up
    (Timeout, KeyboardInterrupt) on a request that is under way: such a child stays
    among the core's children, to be killed at the program's end.
    """
    kernel.monitor.check_number(core)
    child = Child(kernel, core, path, slots)
    try:
        kernel.monitor.run(child, program.pack_request(mode, child, path, args))
    except BaseException:
        cpu.undisturbed(kernel.monitor.give_up, child)
        raise
    kernel.log.add("%s: started on core %d" % (child.name, core))
    return child
