"""What a core without a console does for others: it runs one program at a time.

Its monitor accepts a RUN message while this core is idle; all else happens here.
"""

import cpu
import ump

# Not for use here: what a program is the first to import goes when it ends.
import poly.child  # noqa: F401
from poly import program, prompt, region
from poly.errors import Error, Misuse, NoSuchService, PeerDied
from poly.program import RUN_PROGRAM, RUN_REPL, Program


def serve(kernel, request):
    """Run what one RUN message asks for and report its end."""
    monitor = kernel.monitor
    link, message, length = request
    try:
        mode, console, slots, peer_bell, offset, strings = program.unpack_request(message, length)
        strings[1] = program.look_up(strings[1], strings[0])
        monitor.route_output(console)
        parent = Parent(kernel, link, slots, peer_bell, offset)
    except (Error, OSError, ValueError, MemoryError) as error:
        cpu.output(None)
        unknown = isinstance(error, NoSuchService)
        monitor.refuse(link, program.UNKNOWN if unknown else str(error))
        return
    kernel.console = console
    cpu.new_input(mode == RUN_PROGRAM)
    name = program.short_name(strings[1])
    task = Program(name, link.peer, parent.channel, is_repl=mode == RUN_REPL)
    kernel.runs(task)
    monitor.accept(link, parent.bell)
    status = 1
    try:
        if mode == RUN_REPL:
            status = run_repl(kernel, task)
        else:
            status = run_in(kernel, task, strings)
    finally:
        monitor.end_output(console)
        parent.close()
        monitor.finish(link, status)


def run_in(kernel, task, strings):
    """Run a program in the folder of whoever asked for it, if this core has that too."""
    folder = program.current_folder()
    program.change_folder(strings[0])
    status = program.run(kernel, task, strings[1], strings[2:])
    program.change_folder(folder)
    return status


def run_repl(kernel, task):
    """The REPL, until Ctrl-D; what it defined is forgotten."""
    import __main__

    names = set(dir(__main__))
    try:
        return program.supervise(kernel, task, cpu.repl, prompt.wait)
    finally:
        for name in dir(__main__):
            if name not in names:
                delattr(__main__, name)


class Parent:
    """This core's end of the channel to whoever spawned the program; none with 0 slots.

    The channel's region is in the arena of the spawning core, whose next life hands it
    out anew: `lost` from the moment on when that core's life was over.
    """

    def __init__(self, kernel, link, slots, peer_bell, offset):
        self.kernel = kernel
        self.link = link
        self.core = link.peer
        self.generation = link.generation
        self.channel = None
        self.lost = False
        self.bell = 0
        self.offset = offset
        self.length = ump.Channel.region_bytes(slots) if slots else 0
        if slots and not region.in_arena(self.core, offset, self.length):
            raise Misuse("a channel outside of core %d's arena" % self.core)
        kernel.parent = self  # from here on it is told of that core's death
        try:
            if link.dead:
                raise PeerDied(self.core, self.generation)
            if slots:
                self.bell = kernel.doorbells.take()
                cpu.map(offset, self.length)
                self.channel = ump.Channel(offset, slots, 1, self.bell, self.core, peer_bell)
                if self.lost:  # before there was a channel to tell it
                    self.channel.abandon()
        except Exception:
            self.close()
            raise

    def die(self):
        """Called by the monitor, within its callback: nobody is there any more."""
        if self.channel:
            self.channel.die()

    def abandon(self):
        """Called by the monitor, within its callback: that core's memory is used no more."""
        self.lost = True
        if self.channel:
            self.channel.abandon()
        if self.length:
            cpu.unmap(self.offset, self.length)

    def close(self):
        if self.channel:
            self.channel.close()
        if self.bell:
            cpu.unmap(self.offset, self.length)
            self.kernel.doorbells.release(self.bell)
            self.bell = 0
        self.kernel.parent = None
