"""Running a program on this core, and leaving nothing of it behind.

A program is a shipped one (frozen, `programs.NAME`) or a file; it runs as
`__main__`. Whatever ends it, afterwards the modules, the folder, what is mounted,
the heap lock and standard input are as before, what it spawned is gone, and the files
in /ram that it left open are saved and closed.
"""

import gc
import io
import os
import struct
import sys
import time

import cpu
import ump
import vfs

import programs
from poly import heap, limits, ram
from poly.core import GO_ON, KILL, STATUS_INTERRUPTED
from poly.deadline import Deadline
from poly.errors import Error, Misuse, NoSuchService
from poly.paths import absolute, is_folder

RUN_PROGRAM, RUN_REPL, RUN_READER = range(3)  # a reader gets what is typed at the console
CTRL_C = 3
SHIPPED = "programs."
LOOK_UP = "?/"  # begins a name in a request that is not resolved
UNKNOWN = "?"  # the refusal of one that the other core cannot resolve either
OWN_FRAME = '  File "poly/'
FILE_FRAMES = ('  File "poly/rom.py"', '  File "poly/ram.py"')  # where a file's error comes from

# mode, console core, slots, doorbell, offset of the channel's region; then
# folder, program and arguments, a NUL after each
REQUEST = "<BBHHI"


class Program:
    """What runs on a core, as `cores` and `ps` tell it."""

    def __init__(self, name, started_by, parent=None, on_terminal=False, is_repl=False):
        self.name = name
        self.started_by = started_by  # core
        self.parent = parent  # ump.Channel to whoever spawned it, or None
        self.on_terminal = on_terminal  # whether its output is for a person's eyes, at once
        self.is_repl = is_repl
        self.interrupts_before = cpu.interrupts()
        self.started_ms = time.ticks_ms()

    def interrupts(self):
        """How often Ctrl-C was typed at it, on its own core."""
        return cpu.interrupts() - self.interrupts_before


# --- finding ----------------------------------------------------------------


def resolve(name, here=None):
    """What `run NAME` runs: "programs.NAME" or the path of a file. Raises NoSuchService.

    Looked up in the current folder (or `here`), then /rom, then /ram, then among the shipped
    programs; ".py" may be left out. A name with a slash in it is a path.
    """
    here = here or os.getcwd()
    folders = (here,) if "/" in name else (here, "/rom", ram.FOLDER)
    for folder in folders:
        path = absolute(name, folder)
        for candidate in (path, path + ".py", path + ".mpy"):
            if is_file(candidate):
                return candidate
    if name in programs.NAMES:
        return SHIPPED + name
    raise NoSuchService("%s: no such program" % name)


def resolve_elsewhere(name):
    """What another core is asked to run. Each has a /ram of its own: what is not found here, or
    there, is looked up by the other core (look_up())."""
    try:
        path = resolve(name)
        if not path.startswith(ram.FOLDER + "/"):
            return path
    except NoSuchService:
        pass
    return LOOK_UP + name


def look_up(path, here):
    """The path in a request that came from folder `here`, resolved. Raises NoSuchService."""
    return resolve(path[len(LOOK_UP) :], here) if path.startswith(LOOK_UP) else path


def is_file(path):
    try:
        return not is_folder(os.stat(path))
    except OSError:
        return False


def short_name(path):
    """What to call it: no folder, no ending."""
    name = path.split("/")[-1] if "/" in path else path[len(SHIPPED) :]
    return name[: name.rfind(".")] if "." in name else name


def import_name(path):
    """(folder for sys.path or None, module) of a resolved program."""
    if path.startswith(SHIPPED):
        return None, path
    folder, _, name = path.rpartition("/")
    name = short_name(path)
    if "." in name:
        raise Misuse("%s: a program's name has no dot" % path)
    return folder or "/", name


# --- on the wire -------------------------------------------------------------


def pack_request(mode, child, path, args):
    """The RUN message that starts `path` for `child`. Raises Exhausted when too long."""
    strings = [os.getcwd(), path]
    strings.extend(args)
    for text in strings:
        if "\0" in text:
            raise Misuse("an argument of a program holds a NUL")
    packed = ("\0".join(strings) + "\0").encode()
    head = struct.pack(REQUEST, mode, child.kernel.console, child.slots, child.bell, child.offset)
    return head + packed


def unpack_request(message, length):
    """(mode, console, slots, doorbell, offset, [folder, program, arguments...])."""
    size = struct.calcsize(REQUEST)
    if length <= size:
        raise Misuse("RUN of %d bytes" % length)
    head = struct.unpack_from(REQUEST, message, 0)
    strings = bytes(message[size:length]).decode().split("\0")
    if len(strings) < 3:
        raise Misuse("RUN without a program")
    return head + (strings[:-1],)


# --- running -----------------------------------------------------------------


def run(kernel, program, path, args):
    """Run it here, to its end; its exit status. Errors are printed, not raised."""
    return supervise(kernel, program, enter, path, args)


def supervise(kernel, program, function, *args):
    """The status with which `function` ends as the program of this core."""
    before = Surroundings()
    children, kernel.children = kernel.children, []
    domains, kernel.domains = kernel.domains, []
    ports = exchange_ports(kernel, None)
    owner = kernel.ram.own(kernel.ram.owner + 1)
    kernel.runs(program)
    kernel.log.add("%s: started by core %d" % (program.name, program.started_by))
    error = guarded(kernel, function, *args)
    status = exit_status(error)
    if status is None and not isinstance(error, MemoryError):
        guarded(kernel, tell, error)
    kernel.ram.close_files(owner + 1)
    if not isinstance(error, MemoryError):
        unsaved = guarded(kernel, os.sync)  # what it mounted itself, while its block devices work
        if isinstance(unsaved, Exception):
            guarded(kernel, tell, unsaved)
        unsaved = None
    before.empty()
    if isinstance(error, MemoryError):
        guarded(kernel, tell, error)
    error = None
    close_domains(kernel)
    close_children(kernel)
    kernel.children = children
    kernel.domains = domains
    end_ports(kernel, ports)
    kernel.ram.close_files(owner + 1)  # what the ends of its services wrote
    kernel.ram.own(owner)
    before.restore()
    kernel.runs(None)
    gc.collect()
    status = 1 if status is None else status
    kernel.log.add("%s: ended with status %d" % (program.name, status))
    return status


def guarded(kernel, function, *args):
    """Call it so that an interrupt ends it and nothing else; what it raised, or None.

    A Ctrl-C that is typed outside of this waits in the input: it is the next reader's, or
    interrupts what is called here next.
    """
    try:
        try:
            kernel.interruptible = True
            cpu.interrupt_char(CTRL_C)
            if kernel.wanted != GO_ON:
                raise KeyboardInterrupt
            function(*args)
        finally:
            # Nothing comes between an exception and this, nor between its lines: while a kill
            # goes on, the next interrupt is raised where bytecode jumps or a function returns.
            kernel.interruptible = False
            cpu.interrupt_char(-1)
            cpu.settle()
            heap.unlock()
    except BaseException as error:
        return error


def enter(path, args):
    folder, name = import_name(path)
    sys.argv[:] = [path]
    sys.argv.extend(args)
    if folder is not None:
        sys.path.insert(0, folder)
    for loaded in ("__main__", name):
        if loaded in sys.modules:
            del sys.modules[loaded]
    __import__(name, None, None, False)
    if "__main__" not in sys.modules:
        raise Misuse("%s: the name of a module that is built in" % name)


def exit_status(error):
    """The status that an exception stands for, or None if it wants telling."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return STATUS_INTERRUPTED
    if isinstance(error, SystemExit):
        code = error.args[0] if error.args else None
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 255
    return None


def tell(error):
    if isinstance(error, SystemExit):
        print(error.args[0])
        return
    try:
        print(traceback(error), end="")
    except MemoryError:
        sys.print_exception(error)
    if isinstance(error, MemoryError):
        total = gc.mem_alloc() + gc.mem_free()
        print("core %d: its heap of %d bytes is full" % (cpu.core(), total))


def traceback(error):
    """What MicroPython prints of an exception, without the kernel's calls that led there."""
    text = io.StringIO()
    sys.print_exception(error, text)
    lines = text.getvalue().split("\n")
    while len(lines) > 1 and lines[1].startswith(OWN_FRAME):
        del lines[1]
    return "\n".join([line for line in lines if not line.startswith(FILE_FRAMES)])


def exchange_ports(kernel, ports):
    """Have this core wait in these ports (None: in new ones, when it first does); the old ones."""
    before, kernel.ports = kernel.ports, ports
    if before is not None:
        before.rest()
    if ports is not None:
        ports.use()
    return before


def end_ports(kernel, ports=None):
    """The core's ports are used no more: it waits in these."""
    ended = exchange_ports(kernel, ports)
    if ended is not None:
        ended.close()


def close_domains(kernel):
    """End what the program exported and connected, and wait until all concerned know."""
    cpu.undisturbed(forgive, kernel)
    guarded(kernel, send_rest, kernel)
    while kernel.domains:
        kernel.domains[-1].end()
    if kernel.monitor.bind is not None:
        kernel.monitor.bind.tell_all(Deadline(limits.ANSWER_MS))


def forgive(kernel):
    """A Ctrl-C that has ended the program does not end what follows, as a kill does."""
    if kernel.wanted < KILL:
        kernel.wanted = GO_ON


def send_rest(kernel):
    """Send what the program's channels have accepted, with nothing received any more."""
    transports = []
    for domain in kernel.domains:
        transports.extend([one for one in domain.transports() if one.peer != kernel.number])
    for transport in transports:
        transport.end.paused = True
    parent = kernel.parent.channel if kernel.parent else None
    deadline = Deadline(limits.CLOSE_MS)
    while any([transport.rest() for transport in transports]) or parent and waits(parent):
        if not deadline.wait():
            for transport in transports:
                transport.give_up(limits.CLOSE_MS)
            return


def waits(channel):
    """Whether a message that a channel accepted is not all in its ring, after another try."""
    try:
        channel.push()
        return channel.unsent()
    except ump.ChannelDied:
        return False


def close_children(kernel):
    """End what the program spawned and did not close."""
    for child in list(kernel.children):
        try:
            child.close()
        except Error as error:
            kernel.log.add("%s on core %d: %s" % (child.name, child.core, error))


def current_folder():
    """Its path; / where a file system of the user's does not know."""
    try:
        return os.getcwd()
    except Exception:
        return "/"


def change_folder(folder):
    """Go there, or to / if it is gone. A file system of the user's may be at /, and refuse."""
    for place in (folder, "/"):
        try:
            os.chdir(place)
            return
        except Exception:
            pass


class Surroundings:
    """What a program finds, to be put back after it."""

    def __init__(self):
        self.modules = dict(sys.modules)
        self.path = list(sys.path)
        self.argv = list(sys.argv)
        self.folder = current_folder()
        self.mounts = vfs.mount()
        # A prompt may have tasks that wait meanwhile.
        core = sys.modules.get("asyncio.core")
        self.loop = core._exchange(None) if core else None

    def empty(self):
        """Free what the program's globals hold. Allocates nothing: the heap may be full.

        Forgetting the module is not enough: MicroPython leaves one whose import
        failed in a slot of sys.modules, where it lives on. What it has scheduled is
        forgotten before its globals are.
        """
        cpu.forget_scheduled()
        main = sys.modules.get("__main__")
        if main is not None and main is not self.modules.get("__main__"):
            main.__dict__.clear()
        gc.collect()

    def restore(self):
        gc.enable()
        gc.threshold(-1)
        self.restore_modules()
        sys.path[:] = self.path
        sys.argv[:] = self.argv
        self.restore_mounts()
        change_folder(self.folder)

    def restore_mounts(self):
        """Mount what is to be mounted, and nothing else."""
        for mounted in vfs.mount():
            if mounted not in self.mounts:
                try:
                    vfs.umount(mounted[1])
                except Exception:
                    pass  # raised by a file system of the user's, which is gone all the same
        now = vfs.mount()
        for mounted in self.mounts:
            if mounted not in now:
                vfs.mount(*mounted)

    def restore_modules(self, packages=()):
        """Forget what was imported since, except from these packages."""
        cpu.forget_programs()
        for name in list(sys.modules):
            if sys.modules[name] is not self.modules.get(name):
                if name.split(".")[0] not in packages:
                    self.forget(name)
        sys.modules.update(self.modules)
        if self.loop is not None:
            sys.modules["asyncio.core"]._exchange(self.loop)

    def forget(self, name):
        del sys.modules[name]
        package, _, module = name.rpartition(".")
        if package in self.modules and hasattr(self.modules[package], module):
            delattr(self.modules[package], module)
