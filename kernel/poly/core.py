"""One core's kernel: all state of the kernel's Python hangs off a Core object.

The CPU driver keeps it (`cpu.this()`). It is used by its own core only: by what
runs there, and by its monitor's callback between two bytecodes of that.
"""

import cpu

from poly.log import Log
from poly.region import Arena, Doorbells

# What somebody wants of the program that runs here.
GO_ON, INTERRUPT, KILL = range(3)

# Exit statuses, as shells have them.
STATUS_USAGE = 2
STATUS_INTERRUPTED = 130  # 128 + SIGINT
STATUS_DIED = 255  # its core did


class Core:
    def __init__(self, arguments, ram):
        offset, length = cpu.arena()
        self.number = cpu.core()
        self.arguments = arguments  # boot arguments, a dict
        self.ram = ram  # poly.ram.Ram
        self.arena = Arena(offset, length)
        self.doorbells = Doorbells(cpu.BELL_LEVELS)
        self.log = Log()
        self.monitor = None
        self.screen = None  # the shell's console, on the core that owns it
        self.serve_console = None  # function, on that core: serve its own one meanwhile, see boot
        self.own_console = None  # servers.console.Console, once somebody typed at it
        self.console = 0  # core that shows the output of what runs here
        self.program = None  # poly.program.Program that runs here
        self.interruptible = False  # whether KeyboardInterrupt reaches that and nothing else
        self.parent = None  # poly.serve.Parent of what runs here, while it starts and runs
        self.wanted = GO_ON
        self.ports = None  # poly.port.Ports, once somebody waits in one
        self.lent = {}  # how often each region of another core was given to this one, by offset
        self.children = []  # programs that the one here spawned and has not closed
        self.domains = []  # poly.domain.Domain, of the program here

    def runs(self, program):
        """From now on this core runs this program, or (None) no more."""
        self.program = program
        if program is None:
            self.wanted = GO_ON
        self.monitor.announce(program)

    def interrupt(self, wanted):
        """Make the running program raise KeyboardInterrupt; called within callbacks too.

        Where it must not be interrupted just now, it is as soon as it may be. To KILL is to
        raise it again and again until the program is gone: see program.guarded().
        """
        if wanted > self.wanted:
            self.wanted = wanted
        if self.interruptible:
            cpu.interrupt(self.wanted == KILL)
