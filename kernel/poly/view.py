"""What all views of a channel have: one wire format, and what comes in it checked and handed on.

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

from calls import Call

from poly import wire
from poly.errors import Exhausted, Misuse, PeerBroke, PeerDied
from poly.wire import CALL, RESPONSE, Malformed

WAITING = 64  # messages that may wait for credit


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
            self._cut_off(error)
            return
        self._deliver(number, message, tag, arguments)

    def _admit(self, number, message, tag):
        """Raise Malformed for a tag that cannot be."""

    def _failed(self, tag, error):
        """A call was answered by an error."""

    def _cut_off(self, error):
        """The peer broke the protocol."""
        self.channel.fail(str(error))
        self.ended(error)

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


def is_coroutine(result):
    """Whether a method is an `async def`: then calling it has not run it yet."""
    return hasattr(result, "send") and hasattr(result, "throw")


def start(coroutine):
    import asyncio

    asyncio.create_task(coroutine)
