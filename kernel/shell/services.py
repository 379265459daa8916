"""`services` and `channels`: what naming and the monitors of all cores tell, a line each."""

from struct import unpack_from

from poly import limits
from poly import operations as op
from poly.deadline import Deadline
from poly.errors import Error

ROLES = ("client of", "server for")


def ask(binder, core, operation, detail, number):
    """The answer to a question of one of the lists; None: there is nothing (any more)."""
    message = bytearray(op.MESSAGE_BYTES)
    op.put_head(message, operation, detail, number)
    answer = binder.ask(core, message, Deadline(limits.ANSWER_MS))
    return answer if answer[1] == op.DONE else None


def print_services(kernel):
    """Each registered name: its iref, its interface, how many sessions of how many."""
    binder = kernel.monitor.binder()
    failed = 0
    for name, (core, slot, generation) in binder.names():
        head = "%-20s core %d slot %d gen %d  " % (name, core, slot, generation)
        try:
            export = ask(binder, core, op.LIST_EXPORT, slot, generation)
        except Error as error:
            failed = 1
            print("%s%s" % (head, error))
            continue
        if export is None:
            print(head + "closed")
        else:
            _, _, _, used, limit, interface = unpack_from(op.EXPORT_FORMAT, export, 0)
            print("%s%-12s %d of %d sessions" % (head, op.name_of(interface), used, limit))
    return failed


def print_channels(kernel, cores):
    """Each end of a channel: what it is, and how much went through."""
    binder = kernel.monitor.binder()
    failed = 0
    for core in cores:
        try:
            print_ends(binder, core)
        except Error as error:
            failed = 1
            print(error)
    return failed


def print_ends(binder, core):
    at = 0
    row = ask(binder, core, op.LIST_CHANNEL, 0, at)
    while row is not None:
        line = line_of(core, row)
        reason = ask(binder, core, op.LIST_REASON, 0, at)
        if reason is not None and op.text_of(reason):
            line = "%s  %s" % (line, op.text_of(reason))
        print(line)
        at += 1
        row = ask(binder, core, op.LIST_CHANNEL, 0, at)


def line_of(core, row):
    _, _, _, kind, state, peer, side, credits, sent, received, name = unpack_from(
        op.CHANNEL_FORMAT, row, 0
    )
    return "core %d  %-16s %s core %d  %-8s %-7s credits %d sent %d received %d" % (
        core,
        op.name_of(name),
        ROLES[side],
        peer,
        op.KINDS[kind],
        op.STATES[state],
        credits,
        sent,
        received,
    )
