"""Polyphone for programs: cores, programs on them, channels between them.

child = poly.spawn(2, "worker")     start a program on core 2
child.channel.send(b"...")          a message to it; it has poly.parent()
message = await poly.recv(channel)  in asyncio
status = child.wait()               its exit status
"""

import cpu
from calls import do  # noqa: F401

from poly import limits
from poly.channel import recv, send
from poly.core import Core  # here, so that core() below has the last word on its name
from poly.deadline import Deadline
from poly.errors import Error, Exhausted, Misuse, NoSuchService, PeerBroke, PeerDied, Timeout


def core():
    """Number of the core that this program runs on."""
    return cpu.core()


def cores():
    """How many cores the machine has."""
    return cpu.cores()


def parent():
    """Channel to the program that spawned this one, or None."""
    program = cpu.this().program
    return program.parent if program else None


def on_terminal():
    """Whether somebody watches this program's output, so that progress is worth showing."""
    program = cpu.this().program
    return program is None or program.on_terminal


def spawn(core, name, args=(), slots=limits.CHANNEL_SLOTS):
    """Start a program on another core and return it as a Child.

    `name` is found as the shell's `run` finds it. `slots` is the length of its
    channel's rings (a power of two); 0: no channel. Its output goes to the
    console. Raises NoSuchService (no such program or core), Exhausted (that core
    runs another program, or a bound was met), PeerDied, Timeout, Misuse.
    """
    # Not before a program runs: a core that starts needs neither.
    from poly import child, program

    kernel = cpu.this()
    if core == kernel.number:
        raise Misuse("core %d runs the program that spawns" % core)
    return child.start(kernel, core, program.resolve(name), args, slots)


def ping(core):
    """Microseconds to another core's monitor and back. Raises PeerDied, Timeout, NoSuchService."""
    return cpu.this().monitor.ping(core)


def restart(core):
    """Restart another core from nothing, whatever it does; its new generation.

    Returns when it serves again; whoever dealt with it gets PeerDied. Raises Timeout,
    NoSuchService. Of the core that this program runs on: does not return.
    """
    return cpu.this().monitor.restart(core)


def status(core):
    """What a core does: its monitor's Status. Raises PeerDied, Timeout, NoSuchService."""
    return cpu.this().monitor.status(core)


def Port(depth=limits.PACKETS):
    """A new poly.port.Port: the thing to wait on, `depth` packets at most."""
    from poly import port

    return port.Port(depth)
