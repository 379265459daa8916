"""The monitor of a core: what its core does for the others.

`serve` is a callback between two bytecodes of whatever runs on this core. It
never waits, and for what must work when that program holds the heap lock or has
filled the heap (ping, status, stop, exit) it allocates nothing. What it does about each
message is in handlers.py. What waits is in requests.py, and in the last part here, which
the core's own main loop calls.
"""

import gc
import struct
import time

import cpu
import ump

from poly import heap, limits
from poly.core import KILL
from poly.deadline import Deadline
from poly.errors import Error
from servers import messages as m
from servers.handlers import HANDLERS, REFUSAL_BYTES
from servers.link import Link, Status
from servers.news import DIED, STAYS_DEAD, News
from servers.requests import Requests
from servers.supervisor import Supervisor

BUSY = b"1 program of 1 runs: "
BAD_LENGTH = ValueError("length")  # made once: the heap may be full


class Monitor(Requests):
    def __init__(self, kernel):
        self.kernel = kernel
        self.core = kernel.number
        self.cores = cpu.cores()
        self.links = {}  # by core
        self.buried = bytearray(cpu.cores())  # whether its present life is over, and that is told
        self.supervisor = Supervisor(kernel)
        self.news = News(kernel, self.supervisor)
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
        self.refusal = bytearray(REFUSAL_BYTES)  # an ANSWER without memory
        self.spare = None  # freed to open a link when the heap is full
        self.bind = None  # servers.bind.Binder, once anybody here or there needs it

    def start(self):
        self.announce(None)
        if "programs" in self.kernel.arguments:
            from poly import startup

            self.startup_left = len(startup.own_entries(self.kernel))
        if not self.startup_left:  # else startup.py says when
            self.rest()
        cpu.on_urgent(self.serve)
        cpu.patience(limits.STUCK_MS)
        cpu.online()
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

    def on_ctrl_c(self):
        """One interrupts the program here, the next kills it; a REPL has its own use for it."""
        program = self.kernel.program
        if program and not program.is_repl:
            if program.interrupts() > 1:
                self.kernel.interrupt(KILL)

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
                HANDLERS[kind](self, link, length)
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
        locks = heap.unlock()  # a list that shrinks wants to
        try:
            self.bury_life(dead, cpu.generation(dead), cpu.state(dead))
        finally:
            heap.lock(locks)

    def bury_life(self, dead, generation, state):
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
            self.news.note_life(dead, generation)
            if self.bind is not None:
                self.bind.met(dead)
        if state >= cpu.DEAD and not self.buried[dead]:
            self.buried[dead] = 1
            self.news.note(dead, DIED)  # before it is restarted: its report is still there
            self.supervisor.look()
            if cpu.state(dead) == cpu.STOPPED:
                self.news.note(dead, STAYS_DEAD)
            else:
                self.news.note_life(dead, generation + 1)  # with the report, not some time later

    # --- names and channels ------------------------------------------------------------

    def binder(self):
        """What deals with names and channels, made when it is first needed."""
        if self.bind is None:
            cpu.undisturbed(self.make_binder, None)
        return self.bind

    def make_binder(self, _):
        if self.bind is not None:  # the callback was first
            return
        bytearray(limits.BINDER_BYTES)  # or MemoryError: an import must not end half-way
        from servers.bind import Binder

        self.bind = Binder(self.kernel)

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
