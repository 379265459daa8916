"""What generated views stand on: clients that are awaited, server objects, and events as in
Barrelfish. Three views of one wire format; either end of a channel may use any of them.

All they ask of a channel:

    try_send(buffer, length, caps) -> bool   copies, whole; False without credit
    on_credit(callback)      once, at once if there is credit; one registration at a time
    receiver = callback      callback(buffer, length, caps) for each message
    on_death = callback      callback(error), once
    fail(text)               the peer broke the protocol: it is cut off
    credit() -> int, defer(callback), change_port(port), close()

What a peer sends wrong ends the channel with wire.Malformed; what a handler does wrong
goes to `error_handler(view, error)`.
"""

from poly import wire
from poly.errors import Exhausted, Misuse
from poly.wire import CALL, EVENT, MESSAGE, RESPONSE, Malformed

CALLS = 64  # of one client at one time: six bits of a tag
GENERATIONS = 1023  # the other ten; never 0, so that no call has the tag of a message
WAITING = 64  # messages that may wait for credit
STRAYS = 8  # responses to calls that do not wait for one, before the peer is cut off
TEARDOWN = 1  # for control()


class Busy(Exhausted):
    """There is no credit to send now (Flounder: TX_BUSY)."""


class Outcome:
    """What a call or a send comes to: await it, or look at `done` and `result()`."""

    def __init__(self):
        self.done = False
        self.value = None
        self.error = None
        self._event = None

    def finish(self, value=None, error=None):
        if not self.done:
            self.done, self.value, self.error = True, value, error
            if self._event:
                self._event.set()

    def result(self):
        """The value, or the error raised. Misuse before it is done."""
        if not self.done:
            raise Misuse("not done yet")
        if self.error:
            raise self.error
        return self.value

    async def _wait(self):
        if not self.done:
            import asyncio

            self._event = self._event or asyncio.Event()
            await self._event.wait()
        return self.result()

    def __await__(self):
        return self._wait().__await__()

    def __iter__(self):  # what MicroPython's await asks for
        return self._wait()


class View:
    """One end of a channel, of an interface; `INTERFACE` and ACCEPTS are the subclass's."""

    INTERFACE = None
    ACCEPTS = ()

    def __init__(self, channel):
        self.channel = channel
        self.buffer = bytearray(self.INTERFACE.frame_bytes)
        self.error_handler = None
        self.closed = None  # the error that ended the channel
        channel.receiver = self._receive
        channel.on_death = self._end

    def close(self):
        self.channel.close()

    def _receive(self, buffer, length, caps):
        if self.closed:
            return
        interface = self.INTERFACE
        try:
            if length < wire.HEADER_BYTES:
                raise Malformed("length", interface.name)
            number = buffer[0] | buffer[1] << 8
            tag = buffer[2] | buffer[3] << 8
            if not number and RESPONSE in self.ACCEPTS:
                return self._failed(tag, wire.failure_of(interface, buffer, length))
            message = interface.description.get(number)
            if message is None or message.kind not in self.ACCEPTS:
                raise Malformed("number", "%s %d" % (interface.name, number))
            if bool(tag) != (message.kind in (CALL, RESPONSE)):
                raise Malformed("tag", message.name)
            if message.capabilities:
                arguments = message.unpack(buffer, length, list(caps))
            elif caps:
                raise Malformed("capability", message.name)
            else:
                arguments = message.unpack(buffer, length)
            self._admit(number, message, tag)
        except Malformed as error:
            self.channel.fail(str(error))
            self._end(error)
            return
        self._deliver(number, message, tag, arguments)

    def _admit(self, number, message, tag):
        """Raise Malformed for a tag that cannot be."""

    def _failed(self, tag, error):
        """A call was answered by an error."""

    def _end(self, error):
        """The channel is dead: tell all that wait, and the error handler, once."""
        if not self.closed:
            self.closed = error
            self._drop(error)
            self._report(error)

    def _drop(self, error):
        pass

    def _report(self, error):
        if self.error_handler:
            self.error_handler(self, error)


class Awaitable(View):
    """A view whose sends wait for credit in turn."""

    def __init__(self, channel):
        super().__init__(channel)
        self._waiting = []  # (frame, capabilities, outcome), the oldest first
        self._events = {}  # number -> the latest frame of an event that waits
        self._registered = False

    def send(self, length, caps=()):
        """Send what lies in the buffer; its Outcome is done when the channel has taken it."""
        return self._queue(length, caps, WAITING)

    def _queue(self, length, caps, room):
        if self.closed:
            raise self.closed
        outcome = Outcome()
        if not self._waiting and self.channel.try_send(self.buffer, length, caps):
            outcome.finish()
            return outcome
        if len(self._waiting) >= room:
            raise Exhausted(
                "%s: %d of %d messages wait" % (self.INTERFACE.name, len(self._waiting), room)
            )
        self._waiting.append((bytes(self.buffer[:length]), caps, outcome))
        self._register()
        return outcome

    def notify(self, number, length):
        """Send an event, or have it replace one of its kind that still waits."""
        if self.closed:
            raise self.closed
        if self._waiting or self._events or not self.channel.try_send(self.buffer, length, ()):
            self._events[number] = bytes(self.buffer[:length])
            self._register()

    def _register(self):
        if not self._registered:
            self._registered = True
            self.channel.on_credit(self._flush)

    def _flush(self):
        self._registered = False
        while self._waiting:
            frame, caps, outcome = self._waiting[0]
            if not self.channel.try_send(frame, len(frame), caps):
                return self._register()
            self._waiting.pop(0)
            outcome.finish()
        for number in sorted(self._events):
            frame = self._events[number]
            if not self.channel.try_send(frame, len(frame), ()):
                return self._register()
            del self._events[number]

    def _drop(self, error):
        for _, _, outcome in self._waiting:
            outcome.finish(error=error)
        self._waiting.clear()
        self._events.clear()

    def _hand(self, target, number, arguments):
        """Give a message or event to the method that is named after it."""
        name = self.INTERFACE.methods[number]
        method = getattr(target, name, None)
        if method is None:
            self._report(Misuse("%s: no method %s for what came" % (self.INTERFACE.name, name)))
            return
        try:
            result = method(*arguments)
            if is_coroutine(result):
                start(self._run(result))
        except Exception as error:
            self._report(error)

    async def _run(self, coroutine):
        try:
            await coroutine
        except Exception as error:
            self._report(error)


class ClientView(Awaitable):
    """The client's side. Messages and events go to the methods of `receiver`."""

    ACCEPTS = (MESSAGE, EVENT, RESPONSE)

    def __init__(self, channel, receiver=None, calls=8):
        super().__init__(channel)
        if not 1 <= calls <= CALLS:
            raise Misuse("%d calls at one time: 1 to %d are possible" % (calls, CALLS))
        self.receiver = receiver
        self.strays = 0
        self._calls = [None] * calls  # index -> (tag, number of the response, Outcome)
        self._generations = [0] * calls

    def reserve(self):
        """A tag for the next call. Raises Exhausted."""
        if self.closed:
            raise self.closed
        for index, call in enumerate(self._calls):
            if call is None:
                return (self._generations[index] % GENERATIONS + 1) << 6 | index
        limit = len(self._calls)
        raise Exhausted("%s: %d of %d calls under way" % (self.INTERFACE.name, limit, limit))

    def submit(self, tag, response, length, caps=()):
        """Send the call that lies in the buffer; what it comes to."""
        call = Outcome()
        self._queue(length, caps, WAITING + CALLS)
        index = tag & CALLS - 1
        self._generations[index] = tag >> 6
        self._calls[index] = (tag, response, call)
        return call

    def _finish(self, tag, response, value, error):
        """Complete the call of a tag; `response` None: any. A stray is dropped and counted."""
        index = tag & CALLS - 1
        call = self._calls[index] if index < len(self._calls) else None
        if call is None or call[0] != tag or response not in (None, call[1]):
            self.strays += 1
            if self.strays > STRAYS:
                error = Malformed("tag", self.INTERFACE.name)
                self.channel.fail(str(error))
                self._end(error)
            return
        self._calls[index] = None
        call[2].finish(value, error)

    def _failed(self, tag, error):
        self._finish(tag, None, None, error)

    def _deliver(self, number, message, tag, arguments):
        if message.kind == RESPONSE:
            self._finish(tag, number, plain(arguments), None)
        else:
            self._hand(self.receiver, number, arguments)

    def _drop(self, error):
        super()._drop(error)
        for index, call in enumerate(self._calls):
            if call:
                self._calls[index] = None
                call[2].finish(error=error)


class ServerView(Awaitable):
    """The server's side of one session: calls and messages go to the methods of `session`.

    A method answers by what it returns: None, a value, or a tuple of the `out` arguments;
    an `async def` answers later. Misuse if the session lacks a method for a call.
    """

    ACCEPTS = (MESSAGE, CALL)

    def __init__(self, channel, session):
        absent = self.missing(session)
        if absent:
            raise Misuse("%s: the server lacks %s" % (self.INTERFACE.name, ", ".join(absent)))
        super().__init__(channel)
        self.session = session
        self._open = set()  # tags of calls that are not answered

    @classmethod
    def missing(cls, server):
        """Names of the methods for calls that a class or object does not have."""
        interface = cls.INTERFACE
        names = []
        for number in sorted(interface.description):
            if interface.description[number].kind == CALL:
                if not hasattr(server, interface.methods[number]):
                    names.append(interface.methods[number])
        return names

    def _admit(self, number, message, tag):
        if message.kind == CALL:
            if tag in self._open or len(self._open) >= CALLS:
                raise Malformed("tag", message.name)
            self._open.add(tag)

    def _deliver(self, number, message, tag, arguments):
        if message.kind == MESSAGE:
            self._hand(self.session, number, arguments)
            return
        response = self.INTERFACE.description[message.pair]
        try:
            result = getattr(self.session, self.INTERFACE.methods[number])(*arguments)
        except Exception as error:
            self._refuse(tag, error)
            return
        if is_coroutine(result):
            start(self._later(tag, response, result))
        else:
            self._answer(tag, response, result)

    async def _later(self, tag, response, coroutine):
        try:
            result = await coroutine
        except Exception as error:
            self._refuse(tag, error)
            return
        self._answer(tag, response, result)

    def _answer(self, tag, response, result):
        if self.closed:
            return
        count = len(response.arguments)
        if count == 1:
            result = (result,)
        elif result is None:
            result = ()
        caps = []
        try:
            if len(result) != count:
                raise Misuse("%s: %d values, not %d" % (response.name, len(result), count))
            if response.capabilities:
                length = response.pack(self.buffer, tag, caps, *result)
            else:
                length = response.pack(self.buffer, tag, *result)
        except Exception as error:
            self._refuse(tag, error)
            return
        self._open.discard(tag)
        self._queue(length, caps, WAITING + CALLS)

    def _refuse(self, tag, error):
        """Answer a call by an error; one that is not declared is reported here too."""
        if self.closed:
            return
        number = 0
        for at, declared in enumerate(self.INTERFACE.errors):
            if isinstance(error, declared):
                number = at + 1
        self._open.discard(tag)
        self._queue(wire.pack_failure(self.buffer, tag, number), (), WAITING + CALLS)
        if not number:
            self._report(error)


class EventView(View):
    """As Barrelfish's bindings: `rx[name] = handler(binding, ...)`, `tx.name(..., continuation)`.

    A message's name is that of its description: an rpc has `<name>_call` and
    `<name>_response`, and a response answers the call that came last unless told a tag. A
    send without credit, or before the last continuation ran, is refused: Busy.
    """

    ACCEPTS = (MESSAGE, EVENT, CALL, RESPONSE)
    TX = None  # the generated class of `tx`

    def __init__(self, channel):
        super().__init__(channel)
        self.rx = {}
        self.tx = self.TX(self)
        self.tag = 0  # of the call or response that is being handled
        self._continuation = None
        self._on_credit = None

    @property
    def can_send(self):
        """Whether a send would be accepted."""
        return not self.closed and self._continuation is None and self.channel.credit() > 0

    def register_send(self, continuation):
        """Run it once when a send would be accepted. Misuse if another one waits."""
        if self._on_credit:
            raise Misuse("%s: a continuation is registered already" % self.INTERFACE.name)
        self._on_credit = continuation
        self.channel.on_credit(self._credit)

    def _credit(self):
        continuation, self._on_credit = self._on_credit, None
        if continuation:
            continuation()

    def change_port(self, port):
        """Deliver to another port from now on."""
        self.channel.change_port(port)

    def control(self, operation):
        """TEARDOWN: close the binding."""
        if operation != TEARDOWN:
            raise Misuse("%s: no such control %r" % (self.INTERFACE.name, operation))
        self.close()

    def transmit(self, length, continuation, caps=()):
        """Send what lies in the buffer, then run the continuation, not from within here."""
        if self.closed:
            raise self.closed
        if self._continuation or not self.channel.try_send(self.buffer, length, caps):
            raise Busy("%s: cannot send now" % self.INTERFACE.name)
        if continuation:
            self._continuation = continuation
            self.channel.defer(self._continue)

    def _continue(self):
        continuation, self._continuation = self._continuation, None
        continuation()

    def _failed(self, tag, error):
        self.tag = tag
        self._report(error)

    def _deliver(self, number, message, tag, arguments):
        self.tag = tag
        handler = self.rx.get(message.name)
        if handler is None:
            self._report(Misuse("%s: no handler for %s" % (self.INTERFACE.name, message.name)))
        else:
            handler(self, *arguments)


def plain(arguments):
    """The `out` arguments as an awaiting caller wants them."""
    if not arguments:
        return None
    return arguments[0] if len(arguments) == 1 else arguments


def is_coroutine(result):
    """Whether a method is an `async def`: then calling it has not run it yet."""
    return hasattr(result, "send") and hasattr(result, "throw")


def start(coroutine):
    import asyncio

    asyncio.create_task(coroutine)
