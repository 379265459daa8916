"""The commands that run programs: in the foreground, here and on other cores.

Ctrl-C interrupts what runs, a second one kills it. Input typed meanwhile goes to
the program, if there is one only.
"""

import cpu

from poly import child, limits, program, serve
from poly.core import GO_ON, KILL, STATUS_DIED, STATUS_INTERRUPTED
from poly.errors import Error, NoSuchService, PeerDied
from poly.program import RUN_PROGRAM, RUN_REPL, Program
from servers.screen import NOBODY
from shell.parse import core_of, place

INPUT_PAUSE_MS = 20  # before what a full standard input refused is offered again


def run(shell, words):
    """run PROGRAM [ARGUMENT...] [@CORE|@all]"""
    kernel = shell.kernel
    words, where = place(words)
    if not words:
        raise NoSuchService("which program?")
    path = program.resolve(words[0].text)
    args = [word.text for word in words[1:]]
    if where == "all":
        return run_everywhere(shell, path, args)
    if where is None or where == kernel.number:
        return run_here(shell, path, args)
    return run_there(shell, where, path, args)


def run_there(shell, core, path, args):
    kernel = shell.kernel
    interrupts_before = cpu.interrupts()
    kernel.monitor.link(core)  # or it says why not
    kernel.screen.live = core  # before it starts: its first words may come at once
    try:
        with started(kernel, core, path, args) as task:
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


def run_everywhere(shell, path, args):
    """On every core; the largest status."""
    kernel = shell.kernel
    tasks = []
    status = 0
    for core in range(cpu.cores()):
        if core != kernel.number:
            try:
                tasks.append(started(kernel, core, path, args))
            except Error as error:
                print("poly: run:", error)
                status = 1
    try:
        own = own_program(shell, path)
        own_status = program.run(kernel, own, path, args)
        ended_by_it = own_status == STATUS_INTERRUPTED  # else the own program took them all
        before = own.interrupts_before if ended_by_it else cpu.interrupts()
        return max(status, own_status, attend(kernel, tasks, None, before))
    finally:
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
    while True:
        # By their count: two may come before the first is acted upon.
        stop.ask(cpu.interrupts() - interrupts_before)
        error = program.guarded(kernel, wait_for_all, tasks, typed, stop)
        if error is None:
            break
        if not isinstance(error, KeyboardInterrupt):
            raise error
    typed.give_back()
    return max([status_of(task) for task in tasks] + [0])


class Stop:
    """What Ctrl-C asks of programs on other cores."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.wanted = GO_ON
        self.unreached = ()  # tasks whose kill did not go through

    def ask(self, interrupts):
        """It came so often by now: INTERRUPT for the first time, then KILL."""
        wanted = min(interrupts, KILL)
        if wanted > self.wanted:
            self.wanted = wanted
            self.unreached = self.tasks
            self.ask_again(print)

    def ask_again(self, tell=None):
        """Ask those that were not reached."""
        unreached, self.unreached = self.unreached, []
        for task in unreached:
            try:
                if not task.ended():
                    task.kernel.monitor.stop(task.core, self.wanted)
            except Error as error:
                if tell:
                    tell("poly:", error)
                if self.wanted == KILL:
                    self.unreached.append(task)


def status_of(task):
    if task.died:
        print("poly:", PeerDied(task.core, task.generation))
        return STATUS_DIED
    return task.status


def wait_for_all(tasks, typed, stop):
    for task in tasks:
        while not task.ended():
            if stop.unreached:
                stop.ask_again()
                if task.ended():  # heard while that waited
                    break
            wait_ms = sooner(typed.pass_on(), task.kernel.serve_console())
            if wait_ms:
                cpu.wait(wait_ms)


def sooner(one_ms, other_ms):
    """Of two times to wait, of which -1 is for ever."""
    return max(one_ms, other_ms) if min(one_ms, other_ms) < 0 else min(one_ms, other_ms)


class Typed:
    """Input on its way from the console to the program of a core; None: to nobody."""

    def __init__(self, monitor, core):
        self.monitor = monitor
        self.core = core
        self.waiting = b""
        self.offered = False

    def pass_on(self):
        """Offer what was typed; milliseconds until there is more to do, -1: something rings."""
        if self.core is None:
            return -1
        if self.offered:
            taken = self.monitor.input_taken(self.core)
            if taken is None:
                return -1
            self.offered = False
            self.waiting = self.waiting[taken:]
            if taken == 0:
                return INPUT_PAUSE_MS
        byte = 0
        while byte >= 0 and len(self.waiting) < limits.INPUT_BYTES:
            byte = cpu.take_input()
            if byte >= 0:
                self.waiting += bytes((byte,))
        if self.waiting:
            self.offered = True
            self.monitor.offer_input(self.core, self.waiting)
        return -1

    def give_back(self):
        """What the program did not take before it ended is the shell's."""
        if self.offered:
            try:
                self.waiting = self.waiting[self.monitor.input_taken(self.core) or 0 :]
            except Error:
                pass  # its core died with the offer unanswered
        byte = cpu.take_input()
        while byte >= 0:
            self.waiting += bytes((byte,))
            byte = cpu.take_input()
        cpu.feed(self.waiting)


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
            wait_for_all([task], typed, Stop([task]))
            typed.give_back()
            return status_of(task)
    finally:
        kernel.screen.raw = NOBODY
