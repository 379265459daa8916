"""The console as many cores share it: output of other cores, line by line.

`[2] text` is a line of core 2. A line is held back until it is whole; of a core
that is `live` (the only one that runs) what there is of it is shown at once, and a
core that is `raw` (its REPL is on the console) is passed on as it comes. Runs
within the monitor's callback: what it needs is allocated when a link is opened.
A command line that is being typed moves on to the next line, below the output.
"""

import cpu

from poly import limits

NOBODY = -1
NEWLINE = 10


class Line:
    """A core's line under way: `text` holds the prefix, then `end` bytes in all."""

    def __init__(self, core):
        prefix = b"[%d] " % core
        self.text = bytearray(limits.LINE_BYTES)
        self.text[: len(prefix)] = prefix
        self.start = self.end = len(prefix)


class Screen:
    def __init__(self):
        self.lines = {}  # by core
        self.owner = NOBODY  # core whose unfinished line the cursor stands in
        self.live = NOBODY
        self.raw = NOBODY

    def open(self, core):
        self.lines[core] = Line(core)

    def show(self, core, message, length):
        """Output of another core; of length 0: there is no more."""
        if core == self.raw:
            cpu.serial_write(message, length)
            return
        line = self.lines[core]
        for at in range(length):
            byte = message[at]
            line.text[line.end] = byte
            line.end += 1
            if byte == NEWLINE or line.end == limits.LINE_BYTES:
                self.put(core, line)
        if length == 0:
            self.finish(core, line)
        elif core == self.live and line.end > line.start:
            self.put(core, line)

    def put(self, core, line):
        """Write what the line holds, after its prefix if a line starts with it."""
        at_prompt = cpu.hide_line()
        skip = 0
        if self.owner == core:
            skip = line.start
        elif self.owner != NOBODY:
            cpu.serial_write(b"\r\n")
        cpu.serial_write(line.text, skip, line.end - skip)
        self.owner = NOBODY if line.text[line.end - 1] == NEWLINE else core
        line.end = line.start
        if at_prompt:
            self.end_line()
            cpu.show_line()

    def end_line(self):
        if self.owner != NOBODY:
            cpu.serial_write(b"\r\n")
            self.owner = NOBODY

    def finish(self, core, line):
        if line.end > line.start:
            self.put(core, line)
        if self.owner == core:
            self.end_line()

    def say(self, text):
        """A line or more of the kernel itself."""
        at_prompt = cpu.hide_line()
        self.end_line()
        cpu.serial_write((text.replace("\n", "\r\n") + "\r\n").encode())
        if at_prompt:
            cpu.show_line()
