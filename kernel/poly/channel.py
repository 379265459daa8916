"""Channels in asyncio: a task that waits for a channel lets the others run.

A ump.Channel is a stream that select.poll understands, which is all that
asyncio's own I/O queue needs. recv(), send() and drain() are awaited: in MicroPython a
plain generator is awaitable, and costs no coroutine.
"""

import cpu
import ump

from poly.errors import PeerBroke, PeerDied


def recv(channel):
    """The next message. Raises PeerDied or PeerBroke when there will be none."""
    from asyncio import core

    while True:
        try:
            message = channel.try_recv()
        except ump.ChannelDied as died:
            raise reason(channel, died)
        if message is not None:
            return message
        yield core._io_queue.queue_read(channel)


def send(channel, message, kind=0):
    """Send, waiting until all slots of the message (60 bytes each) have credit."""
    from asyncio import core

    while True:
        try:
            if channel.try_send(message, kind):
                return
        except ump.ChannelDied as died:
            raise reason(channel, died)
        if channel.credits():
            yield from core.sleep_ms(1)  # there is credit, but not enough: nothing rings for that
        else:
            yield core._io_queue.queue_write(channel)


def drain(channel):
    """Wait until the other end has taken all that was sent before. Raises as send() does."""
    from asyncio import core

    position = channel.position()
    while True:
        try:
            if channel.taken(position):
                return
        except ump.ChannelDied as died:
            raise reason(channel, died)
        yield from core.sleep_ms(1)  # what is taken rings, but no stream becomes ready by it


def reason(channel, died):
    """The error that says why a channel is dead."""
    kernel = cpu.this()
    parent = kernel.parent
    if parent is not None and parent.lost and parent.channel is channel:
        return PeerDied(parent.core, parent.generation)
    for child in kernel.children:
        if child.channel is channel:
            if child.died:
                return PeerDied(child.core, child.generation)
            if child.status is not None:
                return PeerBroke(
                    "%s on core %d ended with status %d" % (child.name, child.core, child.status)
                )
    return PeerBroke(str(died.args[1]))
