"""Ends of channels under test, and what each of them saw. Runs under CPython and on the boards.

A Side has all ends of one core that are served by one port. What an end is asked to do and
what it answers are plain values, so that the asker may be another core (links.py).
"""

import ump
from interfaces import echo, idctest

from poly.errors import Error
from poly.transport import Transport

PATTERN = bytes(range(251))


def message(number, length):
    """Bytes that say their number (from two bytes on) and that can be checked."""
    data = bytearray(PATTERN * (length // len(PATTERN) + 1))[:length]
    if length > 1:
        data[0], data[1] = number & 255, number >> 8
    return data


def number_of(buffer, length):
    """Of a message that was received whole and unchanged; -1 if it is too short to say so."""
    if length < 2:
        return -1
    number = buffer[0] | buffer[1] << 8
    return number if bytes(buffer[:length]) == bytes(message(number, length)) else "changed"


class Side:
    """All ends of one core; its own port is served by serve() and by nobody else."""

    def __init__(self, port):
        self.port = port
        self.ends = []
        self.order = []  # (end, number) of what all of them received
        self.busy = ""  # what an end of this side is in the middle of
        self.nested = []  # what was called in the middle of that

    def add(self, view, kind, channel, longest, bell, peer):
        """An end for this channel; its index."""
        if view == "bare":
            return self.keep(Bare(channel, longest), bell)
        released = []
        transport = Transport(kind, kind, channel, longest, bell, self.port, peer, released.append)
        return self.keep(VIEWS[view](self, len(self.ends), transport, released), bell)

    def take(self, view, transport):
        """An end for a transport that was bound; its index."""
        transport.change_port(self.port)
        if view == "bare":
            return self.keep(Bare(transport.channel, len(transport.buffer)), transport.bell)
        released, release = [], transport._release

        def record(reason):
            released.append(reason)
            release(reason)

        transport._release = record
        return self.keep(VIEWS[view](self, len(self.ends), transport, released), transport.bell)

    def keep(self, end, bell):
        end.bell = bell
        self.ends.append(end)
        return len(self.ends) - 1

    def serve(self):
        """Once; whether there was anything to do."""
        return self.port.serve()

    def do(self, index, what, *arguments):
        """Call a method of an end; what it raised: ("raised", its class's name)."""
        try:
            return getattr(self.ends[index], what)(*arguments)
        except Error as error:
            return ("raised", type(error).__name__)

    def enter(self, what):
        if self.busy:
            self.nested.append((self.busy, what))
        before, self.busy = self.busy, what
        return before


class Bare:
    """A peer that keeps to no rules: the channel alone."""

    def __init__(self, channel, longest):
        self.channel = channel
        self.buffer = bytearray(longest)

    def post(self, data, kind=0):
        try:
            return self.channel.post(data, len(data), kind)
        except ump.ChannelDied:
            return "dead"

    def take(self):
        """(kind, bytes) of the next message; None; "dead"."""
        try:
            length = self.channel.take(self.buffer)
        except ump.ChannelDied:
            return "dead"
        return None if length < 0 else (self.channel.kind, bytes(self.buffer[:length]))

    def let_go(self):
        self.channel.close()


class Watched:
    """What any end tells of itself."""

    def start(self, side, index, transport, released):
        self.side = side
        self.index = index
        self.transport = transport
        self.told = []  # names of the errors that ended it
        self.released = released  # the reasons with which its memory was given back

    def state(self):
        return self.transport.state

    def ending(self):
        """(state, told, how often released): each is told once."""
        return (self.transport.state, list(self.told), len(self.released))

    def fault(self):
        """Why the channel itself is dead, None if it is not."""
        return self.transport.channel.fault()

    def reason(self):
        return self.transport.reason

    def counters(self):
        return (self.transport.end.sent, self.transport.end.received)

    def die(self, error):
        """As the monitor does it when the peer's core or program has died."""
        self.transport.die(error)

    def let_go(self):
        self.transport.fail("test over")


class Plain(Watched):
    """A view that only takes down what happens."""

    def __init__(self, *parts):
        self.start(*parts)
        self.got = []  # (number, length)
        self.caps = []
        self.credit_calls = 0
        self.peer_closed = 0
        self.closes_back = True
        self.replies = False
        self.transport.open(self, self.receive)

    def receive(self, buffer, length, caps):
        before = self.side.enter("receive")
        number = number_of(buffer, length)
        self.got.append((number, length))
        self.caps += list(caps)
        self.side.order.append((self.index, number))
        if self.replies:
            self.send(number, length)
        self.side.busy = before

    def peer_closes(self):
        self.peer_closed += 1
        if self.closes_back:
            self.transport.close()

    def ended(self, error):
        self.told.append(type(error).__name__)

    def send(self, number, length, caps=()):
        """Whether it was accepted."""
        before = self.side.enter("send")
        try:
            return self.transport.try_send(message(number, length), length, caps)
        finally:
            self.side.busy = before

    def send_many(self, first, count, length):
        """How many of them were accepted, up to the first that was not."""
        for number in range(first, first + count):
            if not self.send(number, length):
                return number - first
        return count

    def credit(self):
        return self.transport.credit()

    def on_credit(self):
        self.transport.on_credit(self.count_credit)

    def count_credit(self):
        self.credit_calls += 1
        if self.side.busy:
            self.side.nested.append((self.side.busy, "on_credit"))

    def received(self):
        return list(self.got)

    def received_caps(self):
        return list(self.caps)

    def set(self, name, value):
        setattr(self, name, value)

    def get(self, name):
        return getattr(self, name)

    def close(self):
        self.transport.close()


class Session:
    """Of idctest and echo, at once."""

    def __init__(self, end):
        self.end = end
        self.seen = []

    def basic(self, arg):
        self.seen.append(arg)

    def basic_rpc(self, arg):
        self.seen.append(arg)
        if arg == 13:
            raise ValueError("unlucky")
        return arg + 1

    def say(self, text):
        if text == "LOUD":
            raise echo.TooLoud()
        return text

    def increase(self, number):
        return number + 1


class Server(Watched):
    """A server of idctest."""

    SESSION = Session

    def __init__(self, *parts):
        self.start(*parts)
        self.session = self.SESSION(self)
        self.view = idctest.Server(self.transport, self.session)
        self.view.error_handler = self.error

    def error(self, view, error):
        if view.closed is error:
            self.told.append(type(error).__name__)

    def seen(self):
        return list(self.session.seen)

    def close(self):
        self.view.close()


class Client(Watched):
    """A client of idctest; its calls and sends by number."""

    def __init__(self, *parts):
        self.start(*parts)
        self.view = idctest.Client(self.transport, None, 64)
        self.view.error_handler = self.error
        self.calls = []
        self.finished = []  # numbers of calls, in the order of their ends

    error = Server.error

    def ask(self, arg):
        """Make a call; its number."""
        call = self.view.basic_rpc(arg)
        self.calls.append(call)
        return len(self.calls) - 1

    def tell(self, arg):
        self.calls.append(self.view.basic(arg))
        return len(self.calls) - 1

    def results(self):
        """Of each call: its value, the name of its error, or None while it is under way."""
        found = []
        for call in self.calls:
            if not call.done:
                found.append(None)
            else:
                found.append(type(call.error).__name__ if call.error else ("value", call.value))
        return found

    def close(self):
        self.view.close()


class Binding(Watched):
    """An event view of idctest that counts its continuations."""

    def __init__(self, *parts):
        self.start(*parts)
        self.view = idctest.Binding(self.transport)
        self.view.error_handler = self.error
        self.view.rx["basic"] = self.basic
        self.got = []
        self.ran = []

    error = Server.error

    def basic(self, binding, arg):
        self.got.append(arg)

    def tell(self, arg):
        self.view.tx.basic(arg, lambda: self.ran.append(arg))

    def register(self):
        self.view.register_send(lambda: self.ran.append("credit"))

    def seen(self):
        return (list(self.got), list(self.ran))

    def can_send(self):
        return self.view.can_send

    def close(self):
        self.view.close()


VIEWS = {"plain": Plain, "server": Server, "client": Client, "binding": Binding}
