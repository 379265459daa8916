"""The shell: reads command lines from the console, or from the boot arguments.

Runs on the core that owns the console, as that core's main loop. What becomes of a
line is in line.py.
"""

import cpu

from poly.core import STATUS_INTERRUPTED

PROMPT = "poly> "


class Leave(Exception):
    """Ends the shell; its argument is the machine's exit status."""


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
            if "programs" in self.kernel.arguments:
                from poly import startup

                startup.start(self.kernel, self.on_terminal)
            while self.on_terminal:
                self.prompt()
            self.run_line(self.kernel.arguments["exec"])
        except Leave as leave:
            return leave.args[0]
        return self.status

    def banner(self):
        what = " cores, each a MicroPython kernel."
        print("Polyphone on ", cpu.board(), ": ", cpu.cores(), what, sep="")
        print("`help` lists the commands, Tab completes, Ctrl-C interrupts.")

    def prompt(self):
        self.kernel.monitor.news.tell()
        try:
            line = cpu.readline(PROMPT, self.complete)
        except KeyboardInterrupt:
            self.status = STATUS_INTERRUPTED
            return
        if line is None and cpu.input_ended():
            raise Leave(self.status)
        if line:
            self.run_line(line)

    # The commands are imported for the first line, or Tab: other cores have no use for them.

    def complete(self, text):
        from shell.line import complete_line

        return complete_line(text)

    def run_line(self, line):
        from shell.line import run_line

        run_line(self, line)
