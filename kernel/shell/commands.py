"""The shell's commands: each a small function, its usage and meaning beside it.

A command gets the shell and its words, and returns its status (None: 0).
"""

import gc
import os
import sys
import time

import cpu

from poly import limits
from poly.deadline import Deadline
from poly.errors import Error, Misuse, NoSuchService, Timeout
from poly.paths import FOLDER, absolute
from shell.parse import core_of, number
from shell.run import repl, run, say
from shell.shell import Leave


class Command:
    """A row of the table. `takes`: kinds of words, for completion and the number of words."""

    def __init__(self, function, usage, text, takes=(), least=0, most=0, unguarded=False):
        self.function = function
        self.name = usage.split()[0]
        self.usage = usage
        self.text = text
        self.takes = takes
        self.least = least
        self.most = most
        self.unguarded = unguarded  # whether it deals with Ctrl-C itself


STATES = {
    cpu.STARTING: "starting",
    cpu.ONLINE: "online",
    cpu.DEAD: "dead",
    cpu.STOPPED: "dead",
}
MANY = 1000  # words: no bound of this command
REASONS = {2: "no such file or folder", 20: "not a folder", 21: "is a folder"}


HELP = ("help [COMMAND]", "list the commands, or say how one is used")


def help(shell, words):
    shown = [c for c in COMMANDS if not words or c.name == words[0].text]
    if not shown:
        raise NoSuchService("%s: no such command" % words[0].text)
    for command in shown:
        print("%-42s %s" % (command.usage, command.text))


CORES = ("cores", "a line for each core: state, generation, program, memory")


def cores(shell, words):
    failed = 0
    for core, status in enumerate(shell.kernel.monitor.statuses()):
        head = "core %d  %-8s gen %d  " % (core, state(core), cpu.generation(core))
        if isinstance(status, Error):
            failed = 1
            print((head + reason(shell, core, status)).rstrip())
        else:
            used = "%s of %s" % (size(status.used_bytes), size(status.total_bytes))
            print("%s%-16s %s" % (head, status.name or "idle", used))
    return failed


PS = ("ps", "a line for each core that runs a program")


def ps(shell, words):
    for core, status in enumerate(shell.kernel.monitor.statuses()):
        if isinstance(status, Error):
            print(status)
        elif status.name:
            print(
                "core %d  %-16s started by core %d, %d.%03d s ago"
                % (
                    core,
                    status.name,
                    status.started_by,
                    status.running_ms // 1000,
                    status.running_ms % 1000,
                )
            )


SERVICES = ("services", "a line for each service that has a name")


def services(shell, words):
    from shell import services

    return services.print_services(shell.kernel)


CHANNELS = ("channels [@CORE]", "a line for each end of a channel: state, credits, messages")


def channels(shell, words):
    from shell import services

    everywhere = not words or words[0].text == "@all"
    cores = range(cpu.cores()) if everywhere else [core_of(words[0], cpu.cores())]
    return services.print_channels(shell.kernel, cores)


KILL_USAGE = ("kill CORE", "end the program that runs on a core")


def kill(shell, words):
    monitor = shell.kernel.monitor
    core = core_of(words[0], cpu.cores())
    if core == monitor.core:
        raise Misuse("core %d runs this shell" % core)
    before = cpu.generation(core)
    if not monitor.kill(core, say):
        raise NoSuchService("core %d runs no program" % core)
    deadline = Deadline(limits.KILL_MS)
    while cpu.generation(core) == before and monitor.kill(core, say):
        if not deadline.wait(limits.KILL_AGAIN_MS):
            raise Timeout("core %d: still runs after %d ms" % (core, limits.KILL_MS))


RESTART = ("restart CORE", "start a core from nothing, whatever it does")


def restart(shell, words):
    shell.kernel.monitor.restart(core_of(words[0], cpu.cores()))


LS = ("ls [FOLDER]", "list a folder: sizes and names")


def ls(shell, words):
    folder = words[0].text if words else os.getcwd()
    for entry in sorted(named(folder, os.ilistdir)):
        if entry[1] & FOLDER:
            print("%9s %s/" % ("", entry[0]))
        else:
            print("%9d %s" % (entry[3], entry[0]))


CAT = ("cat FILE...", "print files")


def cat(shell, words):
    piece = bytearray(512)
    for word in words:
        with named(word.text, open, "rb") as file:
            length = file.readinto(piece)
            while length:
                sys.stdout.buffer.write(piece, length)
                length = file.readinto(piece)


CD = ("cd [FOLDER]", "go to a folder, or to /")


def cd(shell, words):
    named(words[0].text if words else "/", os.chdir)


PWD = ("pwd", "print the current folder")


def pwd(shell, words):
    print(os.getcwd())


MEM = ("mem", "this core's heap and shared memory in bytes")


def mem(shell, words):
    gc.collect()
    arena = shell.kernel.arena
    print("heap     %9d of %d" % (gc.mem_alloc(), gc.mem_alloc() + gc.mem_free()))
    print(
        "shared   %9d of %d in %d of %d regions"
        % (arena.used_bytes(), arena.length, len(arena.taken), arena.limit)
    )
    print("private  %9d for each core" % cpu.private_bytes())


LOG = ("log", "the kernel log of this core: milliseconds, what happened")


def log(shell, words):
    for time_ms, text in shell.kernel.log.entries():
        print("%8d %s" % (time_ms, text))


WAIT = ("wait", "wait for what the system file started; its largest status")


def wait(shell, words):
    if "programs" in shell.kernel.arguments:
        from poly import startup

        return startup.wait(shell.kernel)


UPTIME = ("uptime", "time since the machine started")


def uptime(shell, words):
    seconds = time.ticks_ms() // 1000
    print("%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60))


STATUS = ("status", "print the status of the command before")


def status(shell, words):
    print(shell.status)


POWEROFF = ("poweroff [STATUS]", "end the machine, with a status for the host")


def poweroff(shell, words):
    raise Leave(number(words[0], 255) if words else 0)


RUN = ("run PROGRAM [ARGUMENT...] [@CORE|@all]", "run a program here, on a core, on all")
REPL = ("repl CORE", "a Python prompt on a core, until Ctrl-D")


# --- how things are written ---------------------------------------------------


def state(core):
    return STATES[cpu.state(core)]


def reason(shell, core, error):
    """Why a core has no status, where its state does not say it."""
    if cpu.state(core) == cpu.STOPPED:
        return shell.kernel.monitor.supervisor.reason()
    return str(error) if isinstance(error, Timeout) else ""


def named(path, function, *args):
    """function(path, *args), whose OSError becomes a line that names the path."""
    try:
        # A file system knows no way out of itself: ".." is resolved here.
        return function(absolute(path, os.getcwd()), *args)
    except OSError as error:
        raise Error("%s: %s" % (path, REASONS.get(error.errno) or error))


def size(count):
    """1.2M, 56K: short, and never more than it is."""
    if count < 1024:
        return "%d" % count
    if count < 1024 * 1024:
        return "%dK" % (count // 1024)
    tenths = count * 10 // (1024 * 1024)
    return "%d.%dM" % (tenths // 10, tenths % 10)


COMMANDS = (
    Command(help, *HELP, ("command",), most=1),
    Command(cores, *CORES),
    Command(ps, *PS),
    Command(services, *SERVICES),
    Command(channels, *CHANNELS, ("place",), most=1),
    Command(run, *RUN, ("program", "file", "place"), least=1, most=MANY, unguarded=True),
    Command(kill, *KILL_USAGE, ("core",), least=1, most=1),
    Command(restart, *RESTART, ("core",), least=1, most=1),
    Command(wait, *WAIT),
    Command(repl, *REPL, ("core",), least=1, most=1, unguarded=True),
    Command(ls, *LS, ("file",), most=1),
    Command(cat, *CAT, ("file",), least=1, most=MANY),
    Command(cd, *CD, ("file",), most=1),
    Command(pwd, *PWD),
    Command(mem, *MEM),
    Command(log, *LOG),
    Command(uptime, *UPTIME),
    Command(status, *STATUS),
    Command(poweroff, *POWEROFF, most=1),
)
