"""The commands that run programs: in the foreground, here and on other cores.

Ctrl-C interrupts what runs, a second one kills it. Input typed meanwhile goes to
the program, if there is one only.
"""

import cpu

from poly import child, limits, program, serve
from poly.core import GO_ON, KILL, STATUS_DIED, STATUS_INTERRUPTED
from poly.deadline import Deadline
from poly.errors import Error, NoSuchService, PeerDied
from poly.program import RUN_PROGRAM, RUN_REPL, Program
from servers import messages as m
from servers.screen import NOBODY
from servers.stuck import Watch
from shell.parse import core_of, place

CTRL_C = b"\x03"
INPUT_PAUSE_MS = 20  # before what a full standard input refused is offered again


def run(shell, words):
    """run PROGRAM [ARGUMENT...] [@CORE|@all]"""
    kernel = shell.kernel
    words, where = place(words)
    if not words:
        raise NoSuchService("which program?")
    name = words[0].text
    args = [word.text for word in words[1:]]
    if where == "all":
        return run_everywhere(shell, name, args)
    if where is None or where == kernel.number:
        return run_here(shell, program.resolve(name), args)
    return run_there(shell, where, program.resolve_elsewhere(name), args)


def run_there(shell, core, path, args):
    kernel = shell.kernel
    interrupts_before = cpu.interrupts()
    kernel.monitor.link(core)  # or it says why not
    kernel.screen.live = core  # before it starts: its first words may come at once
    try:
        with started(kernel, core, path, args, program.RUN_READER) as task:
            return attend(kernel, [task], core, interrupts_before)
    except PeerDied as died:
        print("poly:", died)  # before it could say that the program had started
        return STATUS_DIED
    finally:
        kernel.screen.live = NOBODY


def own_program(shell, path):
    name = program.short_name(path)
    return Program(name, shell.kernel.number, on_terminal=shell.on_terminal)


def run_here(shell, path, args):
    return program.run(shell.kernel, own_program(shell, path), path, args)


def run_everywhere(shell, name, args):
    """On every core; the largest status. This one must have it."""
    kernel = shell.kernel
    path = program.resolve(name)
    path_elsewhere = program.resolve_elsewhere(name)
    tasks = []
    status = 0
    for core in range(cpu.cores()):
        if core != kernel.number:
            try:
                tasks.append(started(kernel, core, path_elsewhere, args))
            except Error as error:
                print("poly: run:", error)
                status = 1
    try:
        own = own_program(shell, path)
        cpu.companions([task.core for task in tasks])
        own_status = program.run(kernel, own, path, args)
        cpu.companions(())
        ended_by_it = own_status == STATUS_INTERRUPTED  # else the own program took them all
        before = own.interrupts_before if ended_by_it else cpu.interrupts()
        return max(status, own_status, attend(kernel, tasks, None, before))
    finally:
        cpu.companions(())
        for task in tasks:
            task.close()


def started(kernel, core, path, args, mode=RUN_PROGRAM):
    return child.start(kernel, core, path, args, mode=mode)


def attend(kernel, tasks, typist, interrupts_before):
    """Wait until all have ended; the largest status. Input goes to core `typist`.

    `interrupts_before`: cpu.interrupts() when the Ctrl-Cs began to be for these programs.
    """
    typed = Typed(kernel.monitor, typist)
    stop = Stop(tasks)
    try:
        while True:
            # By their count: two may come before the first is acted upon.
            stop.ask(cpu.interrupts() - interrupts_before)
            error = program.guarded(kernel, wait_for_all, tasks, typed, stop)
            if error is None:
                break
            if not isinstance(error, KeyboardInterrupt):
                raise error
    finally:
        typed.give_back()
    return max([status_of(task) for task in tasks] + [0])


class Stop:
    """What Ctrl-C asks of programs on other cores."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.wanted = GO_ON
        self.unasked = ()  # those that do not know yet what is wanted
        self.again = None  # when those that are to be killed are asked again
        self.watches = ()

    def ask(self, interrupts):
        """It came so often by now: INTERRUPT for the first time, then KILL."""
        wanted = min(interrupts, KILL)
        if wanted > self.wanted:
            self.wanted = wanted
            self.unasked = self.running()
            if wanted == KILL:
                self.again = Deadline(limits.KILL_AGAIN_MS)
                self.watches = [Watch(task.kernel.monitor, task.core) for task in self.unasked]

    def running(self):
        return [task for task in self.tasks if not task.ended()]

    def go_on(self):
        """Ask those who do not know, and those again that are killed: they may have swallowed
        it. Milliseconds until there is more to do, -1: nothing."""
        if self.wanted == GO_ON:
            return -1
        if self.again is not None and self.again.left_ms() == 0:
            self.again = Deadline(limits.KILL_AGAIN_MS)
            self.unasked = self.running()
        self.unasked = [task for task in self.unasked if not self.told(task)]
        for watch in self.watches:
            watch.look(say)
        if self.unasked:
            return limits.RETRY_MS
        return -1 if self.again is None else self.again.left_ms()

    def told(self, task):
        try:
            return task.ended() or task.kernel.monitor.try_stop(task.core, self.wanted)
        except Error:
            return True  # whatever befell its core befell it: see status_of()


def say(text):
    print("poly:", text)


def status_of(task):
    if task.died:
        print("poly:", PeerDied(task.core, task.generation))
        return STATUS_DIED
    return task.status


def wait_for_all(tasks, typed, stop):
    for task in tasks:
        while not task.ended():
            stop_ms = stop.go_on()
            if task.ended():  # heard while that asked
                break
            wait_ms = sooner(typed.pass_on(), task.kernel.serve_console())
            wait_ms = sooner(wait_ms, stop_ms)
            if wait_ms:
                cpu.wait(wait_ms)


def sooner(one_ms, other_ms):
    """Of two times to wait, of which -1 is for ever."""
    return max(one_ms, other_ms) if min(one_ms, other_ms) < 0 else min(one_ms, other_ms)


class Typed:
    """Input on its way from the console to the program of a core; None: to nobody.

    It goes there once the program reads. What the program has not read when it ends is
    the shell's again: how much it read stands in memory that its core's death leaves.
    """

    def __init__(self, monitor, core):
        self.monitor = monitor
        self.core = core
        self.link = None if core is None else monitor.link(core)  # to the program's life
        self.given = b""  # what the core took, of which the program may have read a part
        self.read_before = 0 if core is None else cpu.input_taken(core)  # when that begins
        self.waiting = b""
        self.offered = False
        self.ended = False
        self.watch = None  # once Ctrl-C was typed twice that the core has not taken
        self.restarted = False  # the core, for that: nobody is there who reads

    def pass_on(self):
        """Offer what was typed; milliseconds until there is more to do, -1: something rings."""
        if self.core is None or self.restarted or not cpu.input_wanted(self.core):
            return -1
        self.take()
        try:
            return sooner(self.offer(), self.look_after())
        except Error:
            return -1  # its core died, and so did the program

    def take(self):
        self.waiting += cpu.take_input(limits.INPUT_BYTES - len(self.waiting))

    def offer(self):
        if self.offered and not self.answered():
            return -1
        if self.offered:
            self.offered = False
            return INPUT_PAUSE_MS
        self.take()
        if self.waiting or not self.ended and cpu.input_ended():
            self.ended = not self.waiting
            self.monitor.offer_input(self.core, self.waiting)
            self.offered = True
        return -1

    def look_after(self):
        """Where Ctrl-C is the other core's: the second one that it has no turn to take
        restarts it."""
        if self.waiting.count(CTRL_C) < 2:
            self.watch = None
            return -1
        if self.watch is None:
            self.watch = Watch(self.monitor, self.core)
        if self.watch.look(say):
            self.waiting = self.waiting[self.waiting.rfind(CTRL_C) + 1 :]
            self.offered = False
            self.restarted = True
        return -1 if self.watch.over else INPUT_PAUSE_MS

    def answered(self):
        """Whether the core has said what it took of the last offer, and so whether there is
        something to do; `offered` stays if it had no room."""
        told = self.monitor.input_taken(self.link)
        if told is None:
            return False
        taken = told & ~m.INTERRUPTED
        self.offered = taken == 0 and self.waiting != b""
        # An interrupt was never input: nobody is given it back.
        self.given += self.waiting[: taken - 1 if told & m.INTERRUPTED else taken]
        self.waiting = self.waiting[taken:]
        if len(self.given) > limits.INPUT_GIVEN_BYTES:
            self.given = self.unread()
            self.read_before = cpu.input_taken(self.core)
        return True

    def unread(self):
        """What the program was given and has not read."""
        return self.given[cpu.input_taken(self.core) - self.read_before & 0xFFFF_FFFF :]

    def give_back(self):
        """What the program did not read before it ended is the shell's."""
        if self.core is None:
            return
        if self.offered:
            self.answered()  # or its core took none
        left = self.unread() + self.waiting
        if left:
            cpu.unread(left)


def repl(shell, words):
    """repl CORE"""
    kernel = shell.kernel
    core = core_of(words[0], cpu.cores())
    if core == kernel.number:
        task = Program("repl", core, is_repl=True)
        return serve.run_repl(kernel, task)
    kernel.screen.raw = core
    try:
        with started(kernel, core, program.SHIPPED + "repl", (), RUN_REPL) as task:
            # Not guarded: Ctrl-C is for the other core.
            typed = Typed(kernel.monitor, core)
            try:
                wait_for_all([task], typed, Stop([task]))
            finally:
                typed.give_back()
            return status_of(task)
    finally:
        kernel.screen.raw = NOBODY
