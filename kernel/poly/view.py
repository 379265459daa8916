"""What all views of a channel have: one wire format, and what comes in it checked and handed on.

All they ask of a channel (poly.transport.Transport is one):

    open(view, receiver)     receiver(buffer, length, caps) for each message from now on;
                             view.peer_closes() once the peer sends no more, and
                             view.ended(error) once, at the end
    try_send(buffer, length, caps) -> bool   copies, whole; False without credit
    on_credit(callback)      once, when there is credit; one registration at a time
    drain(call)              finished once the peer has taken all that was accepted
    fail(text)               the peer broke the protocol: it is cut off
    report(what, error)      a handler raised this, and nobody else takes it
    credit() -> int, defer(callback), change_port(port), resume(), close(), limit(timeout_ms)
    end                      calls.End: what consists of plain numbers goes through it

What a peer sends wrong ends the channel with wire.Malformed. What a handler raises goes to
`on_error(error)`, else to `error_handler(view, error)`, else it is printed and logged.
"""

from calls import Call

from poly import limits, wire
from poly.errors import Misuse, anew
from poly.turns import Turns, guarded, is_coroutine, start
from poly.wire import CALL, RESPONSE, Malformed


class View:
    """One end of a channel, of an interface; `INTERFACE` and ACCEPTS are the subclass's."""

    INTERFACE = None
    ACCEPTS = ()
    HELD = 1  # messages that wait for a handler before the channel is paused
    _watches = ()  # poly.watch.Watch of ports that want a packet, and what else finish()es
    _on_credit = None  # the continuation of register_send
    _registered = False  # whether the channel is to say when there is credit
    _missing = ()  # numbers of messages that were told to have no method
    on_error = None  # function(error): takes what a handler raised

    def __init__(self, channel):
        self.channel = channel
        self._end = channel.end
        self.buffer = bytearray(self.INTERFACE.frame_bytes)
        # Thirteen members, of clients and servers: in a table of 17 a method, which is none of
        # them, is missed sooner than in a full one.
        self.error_handler = None  # function(view, error)
        self.closed = None  # the error that ended the channel
        self._closing = False
        self._over = False  # nothing is sent any more
        self._turns = Turns(self, self.HELD)
        channel.open(self, self._receive)

    @property
    def messages(self):
        """How many `async def` handlers of messages may be under way at one time."""
        return self._turns.limit

    @messages.setter
    def messages(self, limit):
        check_messages(limit)
        self._turns.admit(limit)

    # --- the end ---------------------------------------------------------------------

    def close(self, timeout_ms=limits.CLOSE_MS):
        """Send no more; what was accepted is delivered and answered, then it is closed.

        Await it to know when, but not in a handler of this channel, whose own end is waited
        for here. Raises PeerDied or PeerBroke if the peer ended before, Timeout if it is not
        closed within `timeout_ms` (None: no limit); what is not sent by then is given up,
        with a word.
        """
        call = Call(self)
        if not self.closed:
            self._watch(Closing(call))
            self.channel.limit(timeout_ms)
            self._close()
        else:
            call.finish()
        return call

    def _close(self):
        self._closing = True
        self._end.queued = True  # plain numbers go no other way than the rest
        self._close_if_idle()

    def _close_if_idle(self):
        if self._closing and not (self._over or self._unsent() or self._owes()):
            self._over = True
            self.channel.close()

    def _idle(self):
        """Called when handlers have ended."""
        self._close_if_idle()

    def _owes(self):
        """Whether something that came is still to be handled or answered."""
        return bool(self._turns.running or self._turns.held)

    def _stop(self):
        """Receive no more and take no more sends: its domain ends."""
        self._closing = self._over = self._end.queued = True
        self._on_credit = None
        self._turns.stop()

    def peer_closes(self):
        """Called when the peer sends no more."""
        self._close()

    def drain(self):
        """Await it: done when the peer's end has taken all that was sent before.

        Raises what ends the channel before that.
        """
        self._check_open()
        call = Call(self)
        self.channel.drain(call)
        return call

    def ended(self, error):
        """The channel has ended: tell all that wait, and the error handler, once."""
        if not self.closed:
            self.closed = error
            self._drop(error)
            watches, self._watches = self._watches, ()
            for watch in watches:
                watch.finish(error)
            if self.error_handler:
                try:
                    self.error_handler(self, error)
                except Exception as another:
                    self.channel.report("error_handler", another)

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
            raise anew(self.closed)
        if self._closing:
            raise Misuse("%s: closed" % self.INTERFACE.name)

    def _drop(self, error):
        pass

    # --- what comes --------------------------------------------------------------------

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
        if message.kind == RESPONSE:
            self._handle(number, message, tag, arguments)
        else:
            self._turns.take(number, message, tag, arguments)

    def _admit(self, number, message, tag):
        """Raise Malformed for a tag that cannot be."""

    def _handle(self, number, message, tag, arguments):
        """Give what came to whoever takes it."""

    def _failed(self, tag, error):
        """A call was answered by an error."""

    def _cut_off(self, error):
        """The peer broke the protocol."""
        self.channel.fail(str(error))
        self.ended(error)

    def _hand(self, target, number, arguments):
        """Give a message or event to the method that is named after it."""
        method = getattr(target, self.INTERFACE.methods[number], None)
        if method is None:
            self._lacks(number)
            return
        try:
            result = method(*arguments)
        except Exception as error:
            self._raised(number, error)
        else:
            self.started(number, result)

    def _lacks(self, number):
        """Nobody takes this message: told once."""
        if number not in self._missing:
            self._missing += (number,)
            name = self.INTERFACE.methods[number]
            text = "%s: no method %s for what came" % (self.INTERFACE.name, name)
            self._raised(number, Misuse(text))

    def started(self, number, result):
        """What a method for a message gave: an `async def` is to be run."""
        if is_coroutine(result):
            try:
                self._turns.start(number, result)
            except Exception as error:  # no memory
                self._raised(number, error)

    def handler_failed(self, number, tag, error):
        """Called when calls.End called a method that raised."""
        self._raised(number, error)

    def _raised(self, number, error):
        """A handler of message `number` raised this, and no answer carries it."""
        name = self._name(number)
        try:
            if self.on_error:
                result = self.on_error(error)
                if is_coroutine(result):
                    start(guarded(result, self._hook_raised))
            elif self.error_handler:
                self.error_handler(self, error)
            else:
                self.channel.report(name, error)
        except Exception as another:
            self.channel.report(name, error)
            self._hook_raised(another)

    def _hook_raised(self, error):
        self.channel.report("on_error", error)

    def _name(self, number):
        """Of what handles message `number`; 0: none that came."""
        if not number:
            return "hung_up"
        return self.INTERFACE.methods.get(number) or self.INTERFACE.description[number].name

    def unanswered(self):
        """How many calls that came are not answered."""
        return 0

    # --- credit --------------------------------------------------------------------------

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

    def _unsent(self):
        """How many messages wait here for credit."""
        return 0

    def _send_rest(self):
        """Send them, as far as there is credit; how many still wait."""
        return 0


def check_messages(messages):
    """Misuse for a number of handlers that none can be."""
    if not isinstance(messages, int) or messages < 1:
        raise Misuse("%r messages at one time: 1 at least" % (messages,))


class Closing:
    """Watches for the end that close() has begun."""

    def __init__(self, call):
        self.call = call

    def finish(self, error):
        if isinstance(error, Misuse):
            self.call.finish()  # closed in order
        else:
            self.call.finish(None, error)
