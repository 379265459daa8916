"""What a program or the shell asks of another core's monitor.

These calls wait, so they are never made within the monitor's callback. While one
waits, the callback takes the answer and clears its bit in `link.asked`.
"""

import time

import cpu
import ump

from poly import limits
from poly.core import KILL
from poly.deadline import Deadline
from poly.errors import Exhausted, NoSuchService, PeerBroke, PeerDied, Timeout
from servers import messages as m
from servers.link import Link, Status, text
from servers.stuck import Watch


class Requests:
    """The asking half of a monitor."""

    def ping(self, core):
        """Microseconds to that monitor and back."""
        start_us = time.ticks_us()
        self.ask(core, m.PING, m.NOTHING)
        return time.ticks_diff(time.ticks_us(), start_us)

    def status(self, core):
        """A Status."""
        if core == self.core:
            return self.own_status()
        return Status(core, self.ask(core, m.STATUS, m.NOTHING).status)

    def statuses(self):
        """A Status or an Error for each core, all asked before the first answer is awaited."""
        deadline = Deadline(limits.ANSWER_MS)
        found = []
        for core in range(cpu.cores()):
            try:
                found.append(None if core == self.core else self.send(core, m.STATUS, m.NOTHING))
            except (NoSuchService, PeerDied, PeerBroke, Timeout) as error:
                found.append(error)
        for core in range(cpu.cores()):
            if core == self.core:
                found[core] = self.own_status()
            elif isinstance(found[core], Link):
                try:
                    self.await_answer(found[core], m.STATUS, deadline)
                    found[core] = Status(core, found[core].status)
                except (PeerDied, PeerBroke, Timeout) as error:
                    found[core] = error
        return found

    def run(self, child, message):
        """Start a program: `message` is a packed request, `child` stands for it here."""
        slots = -(-len(message) // ump.PAYLOAD)
        if slots > limits.RUN_SLOTS:
            raise Exhausted(
                "%s: %d bytes of folder, name and arguments; %d fit a request"
                % (child.name, len(message), limits.RUN_BYTES)
            )
        link = self.link(child.core)
        if link.asked & 1 << m.RUN:
            raise Exhausted("core %d: 1 of 1 RUN requests unanswered" % child.core)
        if link.child is not None:
            raise Exhausted(
                "core %d: 1 of 1 programs running (%s)" % (child.core, link.child.name)
            )
        link.child = child
        link.refused = 0
        deadline = Deadline(limits.ANSWER_MS)
        self.put(link, m.RUN, message, deadline, 1 << m.RUN)  # to that life, or to nobody
        self.await_answer(link, m.RUN, deadline)
        if link.refused:
            from poly import program  # whoever has a child has it

            refusal = text(link.refusal, 0, link.refused)
            if refusal == program.UNKNOWN:
                raise NoSuchService("%s: no such program" % child.path[len(program.LOOK_UP) :])
            raise Exhausted("core %d: %s" % (child.core, refusal))
        child.started(link.peer_bell)

    def give_up(self, child):
        """Nobody waits for its start any more. Once it is asked for it may start yet, or has:
        then it is left among the children, to be closed. Undisturbed."""
        link = self.links.get(child.core)
        stands = link is not None and link.child is child
        asked = stands and link.asked & 1 << m.RUN
        if child.ended() or not (child.runs or asked):
            if stands:
                link.child = None
            child.release()

    def stop(self, core, wanted):
        """Interrupt or kill what runs there; whether there was anything."""
        return self.ask(core, m.STOP, bytes((wanted,))).stopping != 0

    def try_stop(self, core, wanted):
        """The same without waiting, nor for the answer; the link that will hold it, or None:
        not now. Raises PeerDied, PeerBroke."""
        try:
            link = self.link(core, Deadline(0))
            if not link.asked & 1 << m.STOP:
                self.put(link, m.STOP, bytes((wanted,)), Deadline(0), 1 << m.STOP)
                return link
        except Timeout:
            pass
        return None

    def kill(self, core, say):
        """Kill what runs there; whether there was anything. A core whose VM has no turn to do
        so within STUCK_MS is restarted; say(text) is called before. Raises PeerDied, PeerBroke,
        Timeout."""
        watch = Watch(self, core)
        deadline = Deadline(limits.KILL_MS)
        link = None
        while link is None or link.asked & 1 << m.STOP:
            if watch.look(say):
                self.await_restart(core, watch.generation)
                return True
            if link is None:
                link = self.try_stop(core, KILL)
            elif not deadline.wait(limits.RETRY_MS):
                raise self.late(link, deadline)
            if link is None and not deadline.wait(limits.RETRY_MS):
                raise Timeout("core %d: no answer within %d ms" % (core, limits.KILL_MS))
        self.check(link)
        return link.stopping != 0

    def offer_input(self, core, data):
        """Send bytes for that core's standard input (none: its end); input_taken() tells how
        many it took."""
        self.send(core, m.INPUT, data[: limits.INPUT_BYTES])

    def input_taken(self, link):
        """How many of the bytes offered last found room, and m.INTERRUPTED if the last of
        them was an interrupt; None: not yet told."""
        return None if link.asked & 1 << m.INPUT else link.taken

    # --- lives ------------------------------------------------------------------

    def restart(self, core):
        """Restart a core, whatever it does, and wait until it serves; its new generation.

        The own core's restart does not return.
        """
        self.check_number(core)
        before = cpu.generation(core)
        # Of a dead one's restart there is one, perhaps its supervisor's.
        if cpu.state(core) != cpu.DEAD or not cpu.revive(core) and cpu.state(core) == cpu.STOPPED:
            cpu.restart(core)
        return self.await_restart(core, before)

    def await_restart(self, core, before):
        """Wait until a core that is being restarted serves; its new generation."""
        deadline = Deadline(limits.RESTART_MS)
        while not (
            cpu.generation(core) != before and cpu.known(core) and cpu.state(core) == cpu.ONLINE
        ):
            if not deadline.wait(limits.RETRY_MS):
                raise Timeout(
                    "core %d: not up %d ms after its restart" % (core, limits.RESTART_MS)
                )
        return cpu.generation(core)

    def settle(self):
        """Wait until no core uses what an earlier life of this one handed out."""
        deadline = Deadline(limits.ANSWER_MS)
        for core in range(cpu.cores()):
            while not self.has_let_go(core):
                if not deadline.wait(limits.RETRY_MS):
                    raise Timeout(
                        "core %d: has not let go of core %d's earlier life within %d ms"
                        % (core, self.core, limits.ANSWER_MS)
                    )
        self.settled = True

    def has_let_go(self, core):
        # One that is dead uses nothing, and will know when it is restarted.
        return core == self.core or cpu.met_by(core) or cpu.state(core) >= cpu.DEAD

    # --- how a request is made -------------------------------------------------

    def ask(self, core, kind, message):
        """Send a request and wait for its answer; the link, which holds it."""
        deadline = Deadline(limits.ANSWER_MS)
        link = self.send(core, kind, message, deadline)
        self.await_answer(link, kind, deadline)
        return link

    def send(self, core, kind, message, deadline=None):
        """Send a request, once the one before of its kind is answered; the link."""
        deadline = deadline or Deadline(limits.ANSWER_MS)
        link = self.link(core, deadline)
        self.await_answer(link, kind, deadline)
        self.put(link, kind, message, deadline, 1 << kind)
        return link

    def put(self, link, kind, message, deadline, asked=0):
        """Send with room left for answers, waiting for that; `asked`: the bit of a request."""
        try:
            while not cpu.undisturbed(self.try_put, (link, kind, message, asked)):
                if not deadline.wait(limits.RETRY_MS):
                    raise self.late(link, deadline)
        except ump.ChannelDied:
            self.cut(link, "broke the protocol of monitors")  # unless it was cut before
            self.check(link)
            raise

    def try_put(self, what):
        """Undisturbed: a request counts as asked exactly if it was sent."""
        link, kind, message, asked = what
        sent = link.channel.try_send(message, kind, limits.REPLY_RESERVE)
        if sent:
            link.asked |= asked
        return sent

    def await_answer(self, link, kind, deadline):
        while link.asked & 1 << kind:
            if not deadline.wait():
                raise self.late(link, deadline)
        self.check(link)

    def late(self, link, deadline):
        return Timeout("core %d: no answer within %d ms" % (link.peer, deadline.timeout_ms))

    def link(self, core, deadline=None):
        """The open link to a core; one that starts, or is being restarted, is waited for."""
        self.check_number(core)
        if core == self.core:
            raise NoSuchService("core %d: this core itself" % core)
        link = self.links.get(core) if cpu.known(core) else None
        while link is None:
            if cpu.state(core) == cpu.ONLINE:
                link = cpu.undisturbed(self.open, core)
            if link is None:
                deadline = deadline or Deadline(limits.ANSWER_MS)
                self.await_life(core, deadline)
        self.check(link)
        return link

    def await_life(self, core, deadline):
        """Wait a little until a core can be talked to."""
        state = cpu.state(core)
        if state == cpu.STOPPED:
            raise PeerDied(core, cpu.generation(core))
        if state == cpu.ONLINE:
            cpu.ring(core, self.core)  # the page of the two may be its to prepare
        if not deadline.wait(limits.RETRY_MS):
            if state == cpu.DEAD:
                raise PeerDied(core, cpu.generation(core))
            raise Timeout("core %d: not up within %d ms" % (core, deadline.timeout_ms))

    def check_number(self, core):
        if not 0 <= core < cpu.cores():
            raise NoSuchService("no core %d: the cores are 0..%d" % (core, cpu.cores() - 1))

    def check(self, link):
        if link.broken is not None:
            raise PeerBroke("core %d: %s" % (link.peer, link.broken))
        if link.dead:
            raise PeerDied(link.peer, link.generation)
