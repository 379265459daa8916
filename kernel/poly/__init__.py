"""Polyphone for programs: cores, programs on them, channels between them.

child = poly.spawn(2, "worker")     start a program on core 2
child.channel.send(b"...")          a message to it; it has poly.parent()
message = await poly.recv(channel)  in asyncio
status = child.wait()               its exit status
"""

import cpu
from calls import Call, do  # noqa: F401

from poly import limits
from poly.channel import drain, recv, send  # noqa: F401
from poly.core import Core  # here, so that core() below has the last word on its name
from poly.deadline import Deadline
from poly.errors import (
    Error,
    Exhausted,
    Misuse,
    NoSuchService,
    PeerBroke,
    PeerDied,
    Refused,
    ServerFailed,
    Timeout,
)


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
    return child.start(kernel, core, program.resolve_elsewhere(name), args, slots)


def export(interface, factory, name=None, sessions=limits.SESSIONS, accept=None, **options):
    """Offer a service: its Service, which lives until close() or the program's end.

    `interface` is a module made by `poly idl`. For each client that connects
    `factory(session)` makes the object whose methods the client calls; `session` says who
    it is (`core`, `client`), and Port.death() takes it. If the object has a method
    `hung_up()`, that is called once when the client has closed or is gone; its death is told
    while messages of its wait, its close once at most one does. Without a name the service is
    found by `service.iref` alone.

    `sessions`: at one time. `accept(session)` comes before the factory; what either raises
    refuses the client. Options: `messages`: how many `async def` methods for messages
    a session runs at one time (1: in order); messages and calls behind them wait, then their
    sender. `on_error(session, error)` gets what a method raises and the interface does not
    declare; without it that is printed with its traceback, and logged.

    Raises Misuse (a class that lacks methods), Refused (another service has the name),
    Exhausted.
    """
    from poly import service

    return service.export(interface, factory, name, sessions, accept, **options)


def export_events(interface, on_connect, name=None, sessions=limits.SESSIONS, **options):
    """The same in the style of Barrelfish: on_connect(binding) for each client's binding.

    Option: `messages`.
    """
    from poly import service

    return service.export_events(interface, on_connect, name, sessions, **options)


def connect(interface, service, **options):
    """Connect to a service by its name or iref: await it, or poly.do() it.

    Gives the interface's Client, or with `events=True` its Binding. `timeout_ms` cuts the
    look-up too, which waits until the name is registered; with `wait=False` it does not.
    `slots`: of the channel's rings; `priority`: 0, served first, to 3; `receiver`, `calls`
    and `messages` (as export has it): the Client's. It is taken back when the task that
    awaits it is cancelled, or do() interrupted. Raises NoSuchService, Timeout, Misuse (the
    interfaces differ), Refused (by the service), Exhausted, PeerDied, PeerBroke.
    """
    from poly import connecting

    return connecting.connect(interface, service, **options)


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


def Domain(name, phones=limits.PHONES, memory_bytes=limits.DOMAIN_BYTES):
    """A new poly.domain.Domain: exports and channels that end together, with close().

    `phones` channels that it connected at one time, `memory_bytes` for all of its channels.
    A program has one of its own.
    """
    from poly import domain

    return domain.Domain(name, phones, memory_bytes)


def Region(length):
    """New shared RAM of at least `length` bytes, to be given to others with a message.

    `region.memory` is a memoryview of it, `region.close()` gives it back. Raises Exhausted.
    """
    return this_domain().region(length)


def this_domain():
    """The domain of the program that runs here: exports and channels not made by another."""
    from poly import domain

    return domain.default_domain()


def services():
    """[(name, iref)] of all services that are registered. Raises PeerDied, Timeout."""
    return cpu.this().monitor.binder().names()
