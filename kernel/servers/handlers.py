"""What a monitor does about each kind of message of other monitors (servers/messages.py).

A handler is called within the monitor's callback. Its link's `message` holds `length`
bytes, as many as the kind may have. It never waits, and allocates nothing; but the Binder
does, for names and channels.
"""

import cpu

from poly import heap
from poly.core import GO_ON, INTERRUPT, KILL
from servers import messages as m

REFUSAL_BYTES, HEAP_FULL = 4, 4  # an ANSWER without memory: poly.operations' HEAD, and FULL
STATUS_REFUSED = 255  # of a child that never ran


def on_unknown(monitor, link, length):
    monitor.cut(link, "sent a message of an unknown kind")


# --- what peers ask ------------------------------------------------------------------


def on_ping(monitor, link, length):
    monitor.answer(link, m.NOTHING, m.PONG)


def on_status(monitor, link, length):
    monitor.fill_status()
    monitor.answer(link, monitor.status_is, m.STATUS_IS)


def on_run(monitor, link, length):
    if not monitor.idle:
        monitor.answer(link, monitor.busy, m.REFUSED)
        return
    monitor.idle = False
    monitor.kernel.wanted = GO_ON
    monitor.request = link
    monitor.run_length = length
    monitor.run_message, link.message = link.message, monitor.run_message


def on_stop(monitor, link, length):
    wanted = link.message[0]
    if not INTERRUPT <= wanted <= KILL:
        monitor.cut(link, "sent a STOP that is none")
        return
    # On a core that serves, from the request that was taken to its exit.
    running = monitor.kernel.program is not None if cpu.is_console() else not monitor.idle
    if running:
        monitor.kernel.interrupt(wanted)
    monitor.byte[0] = 1 if running else 0
    monitor.answer(link, monitor.byte, m.STOPPING)


def on_input(monitor, link, length):
    taken = 0
    byte = monitor.byte
    interrupts = cpu.interrupts()
    # A program that is gone takes none, one that is not yet under way gets it later: a
    # Ctrl-C in it must reach nothing but the program.
    if length == 0 and not monitor.idle:
        cpu.end_input()
    elif not monitor.idle and monitor.kernel.interruptible:
        taken = cpu.feed(link.message, length)
    byte[0] = taken | (m.INTERRUPTED if cpu.interrupts() != interrupts else 0)
    monitor.answer(link, byte, m.INPUT_TAKEN)


# --- what peers answer and tell ----------------------------------------------------------


def on_pong(monitor, link, length):
    link.asked &= ~(1 << m.PING)


def on_status_is(monitor, link, length):
    for at in range(length):
        link.status[at] = link.message[at]
    link.asked &= ~(1 << m.STATUS)


def on_started(monitor, link, length):
    link.peer_bell = link.message[0] | link.message[1] << 8
    if not (link.peer_bell == 0 or cpu.URGENT <= link.peer_bell < cpu.DOORBELLS):
        monitor.cut(link, "sent a doorbell that is none")
    if link.child is not None:
        link.child.runs = True
    link.asked &= ~(1 << m.RUN)


def on_refused(monitor, link, length):
    link.refused = length
    for at in range(length):
        link.refusal[at] = link.message[at]
    if link.child is not None:
        link.child.finish(STATUS_REFUSED)
        link.child = None
    link.asked &= ~(1 << m.RUN)


def on_stopping(monitor, link, length):
    link.stopping = link.message[0]
    link.asked &= ~(1 << m.STOP)


def on_input_taken(monitor, link, length):
    link.taken = link.message[0]
    link.asked &= ~(1 << m.INPUT)


def on_output(monitor, link, length):
    if monitor.kernel.screen:
        monitor.kernel.screen.show(link.peer, link.message, length)


def on_exit(monitor, link, length):
    child = link.child
    if child is not None:
        link.child = None
        child.finish(link.message[0])


# --- names and channels ------------------------------------------------------------------


def on_bind(monitor, link, length):
    """Whatever the program here does with the heap."""
    kind = link.channel.kind
    locks = heap.unlock()
    try:
        if not monitor.binder().hear(link, kind, length):
            monitor.cut(link, "sent an ASK or a TELL that is none")
    except MemoryError:
        refuse_bind(monitor, link, kind)
    heap.lock(locks)


def refuse_bind(monitor, link, kind):
    """There is no memory to deal with it: nothing was done."""
    if kind == m.ASK:
        refusal = monitor.refusal
        for at in range(REFUSAL_BYTES):
            refusal[at] = link.message[at]
        refusal[1] = HEAP_FULL
        monitor.answer(link, refusal, m.ANSWER)
    elif kind == m.TELL:
        monitor.answer(link, m.NOTHING, m.TOLD)


def by_kind():
    handlers = [on_unknown] * m.KINDS
    handlers[m.PING] = on_ping
    handlers[m.PONG] = on_pong
    handlers[m.STATUS] = on_status
    handlers[m.STATUS_IS] = on_status_is
    handlers[m.RUN] = on_run
    handlers[m.STARTED] = on_started
    handlers[m.REFUSED] = on_refused
    handlers[m.STOP] = on_stop
    handlers[m.STOPPING] = on_stopping
    handlers[m.INPUT] = on_input
    handlers[m.INPUT_TAKEN] = on_input_taken
    handlers[m.OUTPUT] = on_output
    handlers[m.EXIT] = on_exit
    handlers[m.ASK] = handlers[m.ANSWER] = on_bind
    handlers[m.TELL] = handlers[m.TOLD] = on_bind
    return tuple(handlers)


HANDLERS = by_kind()
