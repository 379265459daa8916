"""The monitor of a core: what its core does for the others.

`serve` is a callback between two bytecodes of whatever runs on this core. It
never waits, and for what must work when that program holds the heap lock or has
filled the heap (ping, status, stop, exit) it allocates nothing. What waits is in
requests.py, and in the last part here, which the core's own main loop calls.
"""

import gc
import struct
import time

import cpu
import ump

from poly import heap, limits
from poly.core import GO_ON, INTERRUPT, KILL
from poly.deadline import Deadline
from poly.errors import Error
from servers import messages as m
from servers.link import Link, Status
from servers.requests import Requests
from servers.supervisor import Supervisor

BUSY = b"1 program of 1 runs: "
# What there is to tell of a core on the console.
DIED, RESTARTED, STAYS_DEAD = 1, 2, 4
BAD_LENGTH = ValueError("length")  # made once: the heap may be full
REFUSAL_BYTES, HEAP_FULL = 4, 4  # an ANSWER without memory: poly.operations' HEAD, and FULL
STATUS_REFUSED = 255  # of a child that never ran


class Monitor(Requests):
    def __init__(self, kernel):
        self.kernel = kernel
        self.core = kernel.number
        self.cores = cpu.cores()
        self.links = {}  # by core
        self.buried = bytearray(cpu.cores())  # whether its present life is over, and that is told
        self.news = bytearray(cpu.cores())  # what is untold, on the console's owner
        self.told = [0] * cpu.cores()  # generations of which it is said that they began
        self.supervisor = Supervisor(kernel)
        self.settled = cpu.generation() == 0  # nobody uses what an earlier life handed out
        self.idle = False  # whether this core takes a RUN
        self.request = None  # link whose RUN was taken
        self.run_message = bytearray(limits.RUN_BYTES)
        self.run_length = 0
        self.status_is = bytearray(m.STATUS_BYTES + limits.NAME_BYTES)
        self.name = memoryview(self.status_is)[m.STATUS_BYTES :]
        self.busy = bytearray(BUSY) + bytearray(limits.NAME_BYTES)
        self.busy_name = memoryview(self.busy)[len(BUSY) :]
        self.heap_bytes = 0
        self.started_ms = 0
        self.started_by = 0
        self.startup_left = 0  # of the system file's programs here
        self.startup_status = 0
        self.byte = bytearray(1)
        self.refusal = bytearray(REFUSAL_BYTES)
        self.spare = None  # freed to open a link when the heap is full
        self.bind = None  # servers.bind.Binder, once anybody here or there needs it
        self.handlers = self.table()

    def table(self):
        handlers = [self.on_unknown] * m.KINDS
        handlers[m.PING] = self.on_ping
        handlers[m.PONG] = self.on_pong
        handlers[m.STATUS] = self.on_status
        handlers[m.STATUS_IS] = self.on_status_is
        handlers[m.RUN] = self.on_run
        handlers[m.STARTED] = self.on_started
        handlers[m.REFUSED] = self.on_refused
        handlers[m.STOP] = self.on_stop
        handlers[m.STOPPING] = self.on_stopping
        handlers[m.INPUT] = self.on_input
        handlers[m.INPUT_TAKEN] = self.on_input_taken
        handlers[m.OUTPUT] = self.on_output
        handlers[m.EXIT] = self.on_exit
        handlers[m.ASK] = handlers[m.ANSWER] = self.on_bind
        handlers[m.TELL] = handlers[m.TOLD] = self.on_bind
        return handlers

    def start(self):
        self.announce(None)
        if "programs" in self.kernel.arguments:
            from poly import startup

            self.startup_left = len(startup.own_entries(self.kernel))
        if not self.startup_left:  # else startup.py says when
            self.rest()
        cpu.on_urgent(self.serve)
        if cpu.generation():
            self.supervisor.look()  # the last life may have left something undone

    # --- the callback ------------------------------------------------------------

    def serve(self, _):
        """Serve every core that rang since the last time."""
        for _ in range(self.cores):  # who rings all the time comes once
            peer = cpu.take_urgent()
            if peer < 0:
                return
            if peer == self.core:
                self.on_ctrl_c()
            elif cpu.known(peer):
                link = self.open(peer)
                if link is not None:
                    self.hear(link)
            else:
                self.bury(peer)

    def hear(self, link):
        """Serve what a peer has sent: a ringful at most, for whatever came later rang later."""
        try:
            for _ in range(limits.MESH_SLOTS):
                length = -1 if link.dead else link.channel.try_recv_into(link.message)
                if length < 0:
                    return
                kind = link.channel.kind
                if kind >= m.KINDS:
                    kind = 0
                elif not m.LEAST[kind] <= length <= m.MOST[kind]:
                    raise BAD_LENGTH
                self.handlers[kind](link, length)
        except (ump.ChannelDied, ValueError):
            self.cut(link, "broke the protocol of monitors")

    def open(self, peer):
        """The link to a peer, even if the program here holds the heap lock or all of the heap.

        None while either of the two has not met the other's life. In the callback, or
        undisturbed by it: one page has one link.
        """
        if peer in self.links:
            return self.links[peer]
        page = cpu.mesh(peer) if cpu.known(peer) else None
        if page is None:
            return None
        locks = heap.unlock()
        self.spare = None
        try:
            if self.kernel.screen:
                self.kernel.screen.open(peer)
            link = self.links[peer] = Link(self.core, peer, page)
            if cpu.generation():
                cpu.ring(peer, self.core)  # it may open its end too: what it owes us it tells then
            if self.bind is not None:
                self.bind.tell(peer)
            return link
        finally:
            heap.lock(locks)

    def answer(self, link, message, kind):
        if not link.channel.try_send(message, kind):
            self.cut(link, "asked again before it was answered")

    def cut(self, link, why):
        """End all use of a link. `why`: what the peer did wrong; None: it died."""
        if link.dead:
            return
        link.dead = True
        link.broken = why
        link.asked = 0
        link.channel.die()
        if link.child is not None:
            link.child.finish(None)
            link.child = None
        parent = self.kernel.parent
        if parent is not None and parent.link is link:
            parent.die()
        if why is not None and self.bind is not None:
            self.bind.link_broke(link)

    def bury(self, dead):
        """A core has died, or lives anew: end all use of its last life, and say so to it."""
        generation = cpu.generation(dead)
        state = cpu.state(dead)
        link = self.links.pop(dead, None)
        if link is not None:
            if not link.dead:
                self.hear(link)  # what it said last
            self.cut(link, None)
            link.channel.abandon()
        parent = self.kernel.parent
        if parent is not None and parent.core == dead:
            parent.abandon()
        if self.bind is not None:
            self.bind.core_died(dead)
        if cpu.meet(dead, generation):
            self.buried[dead] = 0
            self.note_life(dead, generation)
            if self.bind is not None:
                self.bind.met(dead)
        if state >= cpu.DEAD and not self.buried[dead]:
            self.buried[dead] = 1
            self.note(dead, DIED)  # before it is restarted: its report is still there
            self.supervisor.look()
            if cpu.state(dead) == cpu.STOPPED:
                self.note(dead, STAYS_DEAD)
            else:
                self.note_life(dead, generation + 1)  # with the report, not some time later

    def note_life(self, core, generation):
        if self.told[core] != generation:
            self.told[core] = generation
            self.note(core, RESTARTED)

    def note(self, core, news):
        """Tell something of a core, if the console is here."""
        screen = self.kernel.screen
        if screen is None:
            return
        self.news[core] |= news
        locks = heap.unlock()
        try:
            if core in screen.lines:
                screen.show(core, m.NOTHING, 0)  # its line under way
            self.tell_news()
        except MemoryError:
            pass  # the shell tells it before its next prompt
        heap.lock(locks)

    def tell_news(self):
        """Put what became of cores on the console and in the log, once."""
        for core in range(len(self.news)):
            news = self.news[core]
            if news & DIED:
                report = cpu.report(core) or "core %d died without a report" % core
                self.kernel.screen.say(report.rstrip())
                self.kernel.log.add("core %d died: %s" % (core, report.split("\n")[0]))
            if news & RESTARTED:
                self.say("core %d: restarted, generation %d" % (core, self.told[core]))
            if news & STAYS_DEAD:
                self.say("core %d: %s" % (core, self.supervisor.reason()))
            self.news[core] = 0

    def say(self, text):
        self.kernel.screen.say(text)
        self.kernel.log.add(text)

    # --- what peers ask -------------------------------------------------------------

    def on_unknown(self, link, length):
        self.cut(link, "sent a message of an unknown kind")

    def on_ping(self, link, length):
        self.answer(link, m.NOTHING, m.PONG)

    def on_status(self, link, length):
        self.fill_status()
        self.answer(link, self.status_is, m.STATUS_IS)

    def on_run(self, link, length):
        if not self.idle:
            self.answer(link, self.busy, m.REFUSED)
            return
        self.idle = False
        self.kernel.wanted = GO_ON
        self.request = link
        self.run_length = length
        self.run_message, link.message = link.message, self.run_message

    def on_stop(self, link, length):
        if not INTERRUPT <= link.message[0] <= KILL:
            self.cut(link, "sent a STOP that is none")
            return
        # On a core that serves, from the request that was taken to its exit.
        running = self.kernel.program is not None if cpu.is_console() else not self.idle
        if running:
            self.kernel.interrupt(link.message[0])
        self.byte[0] = 1 if running else 0
        self.answer(link, self.byte, m.STOPPING)

    def on_ctrl_c(self):
        """One interrupts the program here, the next kills it; a REPL has its own use for it."""
        program = self.kernel.program
        if program and not program.is_repl:
            if program.interrupts() > 1:
                self.kernel.interrupt(KILL)

    def on_input(self, link, length):
        taken = 0
        while taken < length:
            self.byte[0] = link.message[taken]
            # Input for a program that is gone is dropped; one that is not yet under
            # way gets it later: a Ctrl-C in it must reach nothing but the program.
            if not self.idle and not (self.kernel.interruptible and cpu.feed(self.byte)):
                break
            taken += 1
        self.byte[0] = taken
        self.answer(link, self.byte, m.INPUT_TAKEN)

    def on_bind(self, link, length):
        """What is about names and channels, whatever the program here does with the heap."""
        kind = link.channel.kind
        locks = heap.unlock()
        try:
            if not self.binder().hear(link, kind, length):
                self.cut(link, "sent an ASK or a TELL that is none")
        except MemoryError:
            self.refuse_bind(link, kind)
        heap.lock(locks)

    def binder(self):
        """What deals with names and channels, made when it is first needed."""
        if self.bind is None:
            cpu.undisturbed(self.make_binder, None)
        return self.bind

    def make_binder(self, _):
        bytearray(limits.BINDER_BYTES)  # or MemoryError: an import must not end half-way
        from servers.bind import Binder

        self.bind = Binder(self.kernel)

    def refuse_bind(self, link, kind):
        """There is no memory to deal with it: nothing was done."""
        if kind == m.ASK:
            for at in range(REFUSAL_BYTES):
                self.refusal[at] = link.message[at]
            self.refusal[1] = HEAP_FULL
            self.answer(link, self.refusal, m.ANSWER)
        elif kind == m.TELL:
            self.answer(link, m.NOTHING, m.TOLD)

    # --- what peers answer and tell ----------------------------------------------------

    def on_pong(self, link, length):
        link.asked &= ~(1 << m.PING)

    def on_status_is(self, link, length):
        for at in range(length):
            link.status[at] = link.message[at]
        link.asked &= ~(1 << m.STATUS)

    def on_started(self, link, length):
        link.peer_bell = link.message[0] | link.message[1] << 8
        if not (link.peer_bell == 0 or cpu.URGENT <= link.peer_bell < cpu.DOORBELLS):
            self.cut(link, "sent a doorbell that is none")
        link.asked &= ~(1 << m.RUN)

    def on_refused(self, link, length):
        link.refused = length
        for at in range(length):
            link.refusal[at] = link.message[at]
        if link.child is not None:
            link.child.finish(STATUS_REFUSED)
            link.child = None
        link.asked &= ~(1 << m.RUN)

    def on_stopping(self, link, length):
        link.stopping = link.message[0]
        link.asked &= ~(1 << m.STOP)

    def on_input_taken(self, link, length):
        link.taken = link.message[0]
        link.asked &= ~(1 << m.INPUT)

    def on_output(self, link, length):
        if self.kernel.screen:
            self.kernel.screen.show(link.peer, link.message, length)

    def on_exit(self, link, length):
        child = link.child
        if child is not None:
            link.child = None
            child.finish(link.message[0])

    # --- status -------------------------------------------------------------------------

    def announce(self, program):
        """What this core runs from now on, in the form of an answer."""
        if program:
            name = program.name
        else:
            name = "shell" if cpu.is_console() else ""
        name = name.encode()[: limits.NAME_BYTES]
        self.name[:] = self.busy_name[:] = name + bytes(limits.NAME_BYTES - len(name))
        self.started_ms = program.started_ms if program else time.ticks_ms()
        self.started_by = program.started_by if program else self.core
        if self.spare is None:
            self.spare = bytearray(limits.SPARE_BYTES)

    def fill_status(self):
        used = gc.mem_alloc()
        if self.heap_bytes == 0:  # either half looks at the whole heap: once is enough
            self.heap_bytes = used + gc.mem_free()
        struct.pack_into(
            m.STATUS_FORMAT,
            self.status_is,
            0,
            cpu.generation(),
            used,
            self.heap_bytes,
            time.ticks_diff(time.ticks_ms(), self.started_ms),
            self.started_by,
            self.startup_left,
            self.startup_status,
        )

    def own_status(self):
        self.fill_status()
        return Status(self.core, self.status_is)

    # --- what the main loop of this core calls (poly.serve) --------------------------------

    def take_request(self):
        """(link, message, length) of the RUN that was taken, or None."""
        link, self.request = self.request, None
        return link and (link, self.run_message, self.run_length)

    def accept(self, link, bell):
        self.tell(link, struct.pack("<H", bell), m.STARTED)

    def refuse(self, link, text):
        self.idle = True
        self.tell(link, text.encode()[: ump.PAYLOAD], m.REFUSED)

    def rest(self):
        """This core runs nothing now and takes a RUN."""
        self.idle = not cpu.is_console()

    def finish(self, link, status):
        self.idle = True  # before the message: its receiver may ask for the next program
        self.tell(link, bytes((status,)), m.EXIT)

    def tell(self, link, message, kind):
        if not link.dead:
            try:
                self.answer(link, message, kind)
            except ump.ChannelDied:
                pass  # the link was cut meanwhile: nobody waits for this

    def route_output(self, console):
        """Send this core's standard output to the screen of another core."""
        cpu.output(self.link(console).channel, m.OUTPUT, limits.REPLY_RESERVE)

    def end_output(self, console):
        """The program's output ends here: what there is of a line is shown."""
        cpu.output(None)
        try:
            self.put(self.link(console), m.OUTPUT, m.NOTHING, Deadline(limits.ANSWER_MS))
        except Error:
            pass  # nobody is left to show it to
