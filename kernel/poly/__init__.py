"""Polyphone for programs: cores, programs on them, channels between them.

child = poly.spawn(2, "worker")     start a program on core 2
child.channel.send(b"...")          a message to it; it has poly.parent()
message = await poly.recv(channel)  in asyncio
status = child.wait()               its exit status
"""

import cpu

from poly.channel import recv, send
from poly.child import Child, spawn
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


def ping(core):
    """Microseconds to another core's monitor and back. Raises PeerDied, Timeout, NoSuchService."""
    return cpu.this().monitor.ping(core)


def status(core):
    """What a core does: its monitor's Status. Raises PeerDied, Timeout, NoSuchService."""
    return cpu.this().monitor.status(core)
