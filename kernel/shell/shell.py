"""The shell: reads command lines from the console, or from the boot arguments.

Runs on the core that owns the console, as that core's main loop. A command is a
function that returns its status or raises; what it raises becomes one line.
"""

import sys

import cpu

from poly import program
from poly.core import GO_ON
from poly.errors import Error, Misuse
from shell.commands import COMMANDS, Leave
from shell.complete import complete
from shell.parse import parse

STATUS_UNKNOWN = 127
PROMPT = "poly> "


class Shell:
    def __init__(self, kernel):
        self.kernel = kernel
        self.status = 0  # of the command before
        self.on_terminal = "exec" not in kernel.arguments

    def run(self):
        """Until poweroff, or the end of the boot arguments' commands; the exit status."""
        try:
            if self.on_terminal:
                self.banner()
                while True:
                    self.prompt()
            self.run_line(self.kernel.arguments["exec"])
        except Leave as leave:
            return leave.args[0]
        return self.status

    def banner(self):
        print("Polyphone on %s: %d cores, each a MicroPython kernel." % (cpu.board(), cpu.cores()))
        print("`help` lists the commands, Tab completes, Ctrl-C interrupts.")

    def prompt(self):
        self.kernel.monitor.tell_deaths()
        try:
            line = cpu.readline(PROMPT, self.complete)
        except KeyboardInterrupt:
            self.status = program.STATUS_INTERRUPTED
            return
        if line:
            self.run_line(line)

    def complete(self, text):
        return complete(text, COMMANDS)

    def run_line(self, line):
        try:
            commands = parse(line)
        except Misuse as error:
            print("poly:", error)
            self.status = program.STATUS_USAGE
            return
        for words in commands:
            self.status = self.run_command(words)

    def run_command(self, words):
        """The status of one command; whatever goes wrong in it is told in a line."""
        name = words[0].text
        for command in COMMANDS:
            if command.name == name:
                break
        else:
            print("poly: %s: no such command; `help` lists them" % name)
            return STATUS_UNKNOWN
        if command.unguarded:
            return self.outcome(command, words[1:])
        found = []
        error = program.guarded(
            self.kernel, lambda: found.append(self.outcome(command, words[1:]))
        )
        self.kernel.wanted = GO_ON
        if isinstance(error, KeyboardInterrupt):
            return program.STATUS_INTERRUPTED
        if error is not None:
            raise error
        return found[0]

    def outcome(self, command, words):
        if not command.least <= len(words) <= command.most:
            print("poly: usage: %s" % command.usage)
            return program.STATUS_USAGE
        try:
            return command.function(self, words) or 0
        except Misuse as error:
            print("poly: %s: %s" % (command.name, error))
            return program.STATUS_USAGE
        except (Error, OSError) as error:
            print("poly: %s: %s" % (command.name, error))
        except Leave:
            raise
        except Exception as error:  # a mistake of the command must not end the shell
            sys.print_exception(error)
        return 1
