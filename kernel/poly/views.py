"""What generated views stand on: clients that are awaited, server objects, and events as in
Barrelfish. Three views of one wire format; either end of a channel may use any of them.

All they ask of a channel (poly.transport.Transport is one):

    open(view, receiver)     receiver(buffer, length, caps) for each message from now on;
                             view.peer_closes() once the peer sends no more, and
                             view.ended(error) once, at the end
    try_send(buffer, length, caps) -> bool   copies, whole; False without credit
    on_credit(callback)      once, when there is credit; one registration at a time
    fail(text)               the peer broke the protocol: it is cut off
    credit() -> int, defer(callback), change_port(port), close()
    end                      calls.End: what consists of plain numbers goes through it

What a peer sends wrong ends the channel with wire.Malformed; what a handler does wrong
goes to `error_handler(view, error)`.
"""

from calls import MAX as CALLS
from calls import Call, Calls

from poly import wire
from poly.errors import Exhausted, Misuse, PeerBroke, PeerDied
from poly.wire import CALL, EVENT, MESSAGE, RESPONSE, Malformed

WAITING = 64  # messages that may wait for credit
STRAYS = 8  # responses to calls that do not wait for one, before the peer is cut off
TEARDOWN = 1  # for control()


class Busy(Exhausted):
    """There is no credit to send now (Flounder: TX_BUSY)."""


class View:
    """One end of a channel, of an interface; `INTERFACE` and ACCEPTS are the subclass's."""

    INTERFACE = None
    ACCEPTS = ()
    _watches = ()  # poly.watch.Watch of ports that want a packet
    _on_credit = None  # the continuation of register_send
    _registered = False  # whether the channel is to say when there is credit

    def __init__(self, channel):
        self.channel = channel
        self._end = channel.end
        self.buffer = bytearray(self.INTERFACE.frame_bytes)
        self.error_handler = None
        self.closed = None  # the error that ended the channel
        channel.open(self, self._receive)

    def close(self):
        """Send no more; what was sent is answered, then the channel is closed."""
        self.channel.close()

    def peer_closes(self):
        """Called when the peer sends no more."""
        self.channel.close()

    def _typed(self, accepts, target, methods, calls=None, open_tags=None):
        """Have what consists of plain numbers, of these kinds, dispatched to the target's
        methods."""
        self._end.typed(
            self, self.INTERFACE.description, accepts, methods, target, calls, open_tags
        )

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
            self.ended(error)
            return
        self._deliver(number, message, tag, arguments)

    def _admit(self, number, message, tag):
        """Raise Malformed for a tag that cannot be."""

    def _failed(self, tag, error):
        """A call was answered by an error."""

    def ended(self, error):
        """The channel has ended: tell all that wait, and the error handler, once."""
        if not self.closed:
            self.closed = error
            self._drop(error)
            watches, self._watches = self._watches, ()
            for watch in watches:
                watch.finish(error)
            self._report(error)

    def register_send(self, continuation):
        """Run it once when a send would be accepted. Misuse if another one waits."""
        self._check_open()
        if self._on_credit:
            raise Misuse("%s: a continuation is registered already" % self.INTERFACE.name)
        self._on_credit = continuation
        self._register()

    def deregister_send(self):
        """What was registered is not run any more."""
        self._on_credit = None

    def _watch(self, watch):
        """Call watch.finish(error) once the channel has ended, at once if it has."""
        if self.closed:
            watch.finish(self.closed)
        else:
            self._watches += (watch,)

    def _unwatch(self, watch):
        self._watches = tuple(one for one in self._watches if one is not watch)

    def _check_open(self):
        if self.closed:
            raise self.closed

    def _register(self):
        if not self._registered:
            self._registered = True
            self.channel.on_credit(self._credit)

    def _credit(self):
        """Called when there is credit."""
        self._registered = False
        self._accepts_sends()

    def _accepts_sends(self):
        continuation, self._on_credit = self._on_credit, None
        if continuation:
            continuation()

    def _drop(self, error):
        pass

    def _report(self, error):
        if self.error_handler:
            self.error_handler(self, error)


class Awaitable(View):
    """A view whose sends wait for credit in turn."""

    def __init__(self, channel):
        super().__init__(channel)
        self._waiting = []  # (frame, capabilities, sending), the oldest first
        self._events = {}  # number -> the latest frame of an event that waits
        self._closing = False
        self._over = False  # nothing is sent any more

    def send(self, length, caps=()):
        """Send what lies in the buffer; its Call is done when the channel has taken it."""
        self._check_open()
        return self._queue(length, caps, WAITING)

    def _queue(self, length, caps, room):
        if self.closed:
            raise self.closed
        sending = Call(self)
        if not self._waiting and self.channel.try_send(self.buffer, length, caps):
            sending.finish()
            return sending
        if len(self._waiting) >= room:
            raise Exhausted(
                "%s: %d of %d messages wait" % (self.INTERFACE.name, len(self._waiting), room)
            )
        self._waiting.append((bytes(self.buffer[:length]), caps, sending))
        self._end.queued = True
        self._register()
        return sending

    def notify(self, number, length):
        """Send an event, or have it replace one of its kind that still waits."""
        self._check_open()
        if self._waiting or self._events or not self.channel.try_send(self.buffer, length, ()):
            self._events[number] = bytes(self.buffer[:length])
            self._end.queued = True
            self._register()

    def _credit(self):
        self._registered = False
        try:
            self._flush()
        except (PeerDied, PeerBroke):
            pass  # the channel has ended just now: this view is told

    def _flush(self):
        while self._waiting:
            frame, caps, sending = self._waiting[0]
            if not self.channel.try_send(frame, len(frame), caps):
                return self._register()
            self._waiting.pop(0)
            sending.finish()
        for number in sorted(self._events):
            frame = self._events[number]
            if not self.channel.try_send(frame, len(frame), ()):
                return self._register()
            del self._events[number]
        self._end.queued = self._closing
        if self._closing:
            self._close_if_idle()
        else:
            self._accepts_sends()

    def close(self):
        self._closing = True
        self._end.queued = True  # plain numbers go no other way than the rest
        self._close_if_idle()

    peer_closes = close

    def _close_if_idle(self):
        if self._closing and not (self._waiting or self._events or self._owes()):
            self._over = True
            self.channel.close()

    def _owes(self):
        """Whether something that came is still to be answered."""
        return False

    def _check_open(self):
        super()._check_open()
        if self._closing:
            raise Misuse("%s: closed" % self.INTERFACE.name)

    def _drop(self, error):
        for _, _, sending in self._waiting:
            sending.finish(None, error)
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
            self.started(method(*arguments))
        except Exception as error:
            self._report(error)

    def started(self, result):
        """What a method for a message gave: an `async def` is to be run."""
        if is_coroutine(result):
            start(self._run(result))

    def handler_failed(self, number, tag, error):
        """Called when calls.End called a method that raised."""
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
        if not 1 <= calls <= CALLS:
            raise Misuse("%d calls at one time: 1 to %d are possible" % (calls, CALLS))
        super().__init__(channel)
        self.receiver = receiver
        self.strays = 0
        self._limit = calls
        self._calls = Calls(calls)
        self._typed(self.ACCEPTS, receiver, self.INTERFACE.methods, self._calls)

    def _call(self, number, *arguments):
        """A call of plain numbers, where calls.plain's stub did not make it."""
        message = self.INTERFACE.description[number]
        tag = self.reserve()
        return self.submit(tag, message.pair, message.pack(self.buffer, tag, *arguments))

    @property
    def late_answers(self):
        """How many came for calls whose tasks had been cancelled; they were dropped."""
        return self._calls.late()

    def reserve(self):
        """A tag for the next call. Raises Exhausted."""
        self._check_open()
        tag = self._calls.reserve()
        if not tag:
            raise Exhausted(
                "%s: %d of %d calls under way" % (self.INTERFACE.name, self._limit, self._limit)
            )
        return tag

    def submit(self, tag, response, length, caps=()):
        """Send the call that lies in the buffer; what it comes to."""
        call = Call(self)
        self._queue(length, caps, WAITING + CALLS)
        self._calls.put(tag, response, call)
        return call

    def _finish(self, tag, response, value, error):
        """Complete the call of a tag; response 0: any. A stray is dropped and counted."""
        call = self._calls.take(tag, response)
        if call is not None:
            call.finish(value, error)
            return
        self.strays += 1
        if self.strays > STRAYS:
            error = Malformed("tag", self.INTERFACE.name)
            self.channel.fail(str(error))
            self.ended(error)

    def _failed(self, tag, error):
        self._finish(tag, 0, None, error)

    def _deliver(self, number, message, tag, arguments):
        if message.kind == RESPONSE:
            self._finish(tag, number, plain(arguments), None)
        else:
            self._hand(self.receiver, number, arguments)

    def _drop(self, error):
        super()._drop(error)
        if isinstance(error, Misuse):  # the channel was closed, and these not answered
            error = PeerBroke("%s: closed before the answer" % self.INTERFACE.name)
        call = self._calls.take_any()
        while call is not None:
            call.finish(None, error)
            call = self._calls.take_any()


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
        self._typed(self.ACCEPTS, session, self.INTERFACE.methods, None, self._open)

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

    def _close_if_idle(self):
        before = self._over
        super()._close_if_idle()
        if self._over and not before:
            # Calls that cross this end's FIN are not handled: nobody would hear of it.
            self._typed((MESSAGE,), self.session, self.INTERFACE.methods, None, self._open)

    def _admit(self, number, message, tag):
        if message.kind == CALL and not self._over:
            if tag in self._open or len(self._open) >= CALLS:
                raise Malformed("tag", message.name)
            self._open.add(tag)

    def _deliver(self, number, message, tag, arguments):
        if message.kind == MESSAGE:
            self._hand(self.session, number, arguments)
            return
        if self._over:
            return
        response = self.INTERFACE.description[message.pair]
        try:
            result = getattr(self.session, self.INTERFACE.methods[number])(*arguments)
        except Exception as error:
            self._refuse(tag, error)
        else:
            self._settle(tag, response, result)

    def answer_slowly(self, number, tag, result):
        """Called when calls.End had a call handled, but could not answer it itself."""
        self._open.add(tag)
        description = self.INTERFACE.description
        self._settle(tag, description[description[number].pair], result)

    def handler_failed(self, number, tag, error):
        if self.INTERFACE.description[number].kind == CALL:
            self._refuse(tag, error)
        else:
            self._report(error)

    def _owes(self):
        return bool(self._open)

    def _settle(self, tag, response, result):
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
        except BaseException as error:  # cancelled: the caller must not wait for ever
            self._refuse(tag, error)
            raise
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
        self._reply(tag, length, caps)

    def _reply(self, tag, length, caps=()):
        self._open.discard(tag)
        try:
            self._queue(length, caps, WAITING + CALLS)
        except (PeerDied, PeerBroke):
            return  # the channel has ended just now: this view is told
        self._close_if_idle()

    def _refuse(self, tag, error):
        """Answer a call by an error; one that is not declared is reported here too."""
        if self.closed:
            return
        number = 0
        for at, declared in enumerate(self.INTERFACE.errors):
            if isinstance(error, declared):
                number = at + 1
        self._reply(tag, wire.pack_failure(self.buffer, tag, number))
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

    @property
    def can_send(self):
        """Whether a send would be accepted."""
        return not self.closed and self._continuation is None and self.channel.credit() > 0

    def _accepts_sends(self):
        if not self._continuation:  # else once that has run
            super()._accepts_sends()

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
        self._check_open()
        if self._continuation or not self.channel.try_send(self.buffer, length, caps):
            raise Busy("%s: cannot send now" % self.INTERFACE.name)
        if continuation:
            self._continuation = continuation
            self.channel.defer(self._continue)

    def _continue(self):
        continuation, self._continuation = self._continuation, None
        continuation()
        if self._on_credit:
            self._register()

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
