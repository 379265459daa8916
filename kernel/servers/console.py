"""The Python prompt on a core's own console.

It is served by the core's main loop whenever that has nothing else to do, and takes
no task. While it runs something, the core runs the program `repl`; while it waits for
input the core is idle, and programs may be started there. What was exported at it is
served then, and its tasks run; while a program runs there they wait.

What is typed there has a current folder, sys.path, sys.argv and children of its own,
kept apart from the kernel's: the kernel imports what it needs from folder /, whatever
is mounted where. Ports are the prompt's alone: the kernel waits in none.
"""

import gc
import sys
import time

import cpu
import micropython

import __main__

# Also what a RUN is the first to need: later, an import might ask files of the user's.
import poly.serve  # noqa: F401
from poly import prompt
from poly.core import GO_ON
from poly.program import (
    Program,
    Surroundings,
    change_folder,
    close_children,
    close_domains,
    current_folder,
    end_ports,
    guarded,
    tell,
)
from poly.ram import FOLDER

KERNEL = ("poly", "programs", "servers", "shell")  # packages that stay imported


class Console:
    def __init__(self, kernel):
        self.kernel = kernel
        self.program = Program("repl", kernel.number, on_terminal=True, is_repl=True)
        self.names = dict(__main__.__dict__)
        self.before = Surroundings()
        # What the prompt has while it waits, the kernel while it does not: swap().
        self.folder = FOLDER
        self.path = list(self.before.path)
        self.argv = list(self.before.argv)
        self.children = []
        self.domains = []
        self.fresh = True  # whether the prompt is to begin anew
        self.leaving = False
        self.left_ms = 0

    def serve(self):
        """Take what was typed, and run it. Called by the main loop while no program runs."""
        kernel = self.kernel
        kernel.monitor.idle = False
        if kernel.monitor.request is not None:
            return  # a program came first
        try:
            self.attached(self.run)
        finally:
            kernel.runs(None)
            kernel.monitor.idle = not cpu.is_console()

    def attend(self):
        """Do what the prompt has to do while it waits; milliseconds until there is more, -1:
        until something happens. Called by the main loop too."""
        self.left_ms = 0
        self.attached(self.run_waiting)
        return self.left_ms

    def attached(self, function):
        """Call it with all that is the prompt's. If the heap is full, that is forgotten."""
        kernel = self.kernel
        interruptible = kernel.interruptible
        kernel.interruptible = False
        interrupt_char = cpu.interrupt_char(-1)
        cpu.attach_own(True)
        try:
            self.swap()
            function()
            self.swap()
        except MemoryError:
            self.reset()
            print("core %d: its heap was full: all names are forgotten" % kernel.number)
            self.swap()
        finally:
            cpu.attach_own(False)
            cpu.interrupt_char(interrupt_char)
            kernel.interruptible = interruptible

    def swap(self):
        """Exchange what the prompt has of its own for what the kernel has."""
        kernel = self.kernel
        folder, path, argv = current_folder(), list(sys.path), list(sys.argv)
        change_folder(self.folder)
        sys.path[:] = self.path
        sys.argv[:] = self.argv
        self.folder, self.path, self.argv = folder, path, argv
        kernel.children, self.children = self.children, kernel.children
        kernel.domains, self.domains = self.domains, kernel.domains

    def run(self):
        """Until there is no more input."""
        kernel = self.kernel
        self.program.started_ms = time.ticks_ms()
        kernel.runs(self.program)
        while True:
            error = guarded(kernel, self.feed)
            kernel.wanted = GO_ON
            if isinstance(error, MemoryError):
                raise error
            if self.leaving:
                self.leaving = False
                print("MPY: soft reboot")
                self.reset()
            elif error is None:
                self.save()
                return
            self.fresh = True

    def save(self):
        """What was written at the prompt is in its files while it waits."""
        error = guarded(self.kernel, self.kernel.ram.sync)
        if error is not None:
            tell(error)

    def run_waiting(self):
        """One turn of what goes on while the prompt waits; errors are printed."""
        error = guarded(self.kernel, self.attend_prompt)
        self.kernel.wanted = GO_ON
        if isinstance(error, MemoryError):
            raise error
        if error is not None:
            tell(error)

    def attend_prompt(self):
        self.left_ms = prompt.attend()

    def feed(self):
        if self.fresh:
            self.fresh = False
            cpu.own_begin()
        self.leaving = cpu.own_serve()

    def forget(self):
        """Make room: as after Ctrl-D at the prompt, from outside."""
        self.release()
        self.kernel.runs(None)
        self.swap()
        self.reset()
        self.swap()

    def release(self):
        """Free what was defined at the prompt. Allocates nothing: the heap may be full."""
        self.fresh = True
        __main__.__dict__.clear()
        gc.collect()

    def reset(self):
        """Forget all that was defined, imported, spawned and mounted at the prompt."""
        self.kernel.ram.close_files(0)
        self.release()
        __main__.__dict__.update(self.names)
        close_domains(self.kernel)
        end_ports(self.kernel)
        close_children(self.kernel)
        micropython.opt_level(0)
        self.before.restore_modules(KERNEL)
        sys.path[:] = self.before.path
        sys.argv[:] = self.before.argv
        self.before.restore_mounts()
        change_folder(FOLDER)
        gc.collect()
