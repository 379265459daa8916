"""What generated clients and servers stand on: calls that are awaited, and objects whose methods
answer them. Either end of a channel may use these, or events (poly.events).
"""

from calls import MAX as CALLS
from calls import Call, Calls

from poly import wire
from poly.awaitable import WAITING, Awaitable
from poly.errors import Exhausted, Misuse, PeerBroke, PeerDied
from poly.turns import guarded, is_coroutine, start
from poly.wire import CALL, EVENT, MESSAGE, RESPONSE, Malformed

STRAYS = 8  # responses to calls that do not wait for one, before the peer is cut off


class ClientView(Awaitable):
    """The client's side. Messages and events go to the methods of `receiver`."""

    ACCEPTS = (MESSAGE, EVENT, RESPONSE)
    HELD = WAITING  # answers pass what waits for the receiver
    strays = 0  # responses to no call

    def __init__(self, channel, receiver=None, calls=8):
        if not 1 <= calls <= CALLS:
            raise Misuse("%d calls at one time: 1 to %d are possible" % (calls, CALLS))
        super().__init__(channel)
        self.receiver = receiver
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
            self._cut_off(Malformed("tag", self.INTERFACE.name))

    def _failed(self, tag, error):
        self._finish(tag, 0, None, error)

    def _handle(self, number, message, tag, arguments):
        if message.kind == RESPONSE:
            self._finish(tag, number, plain(arguments), None)
        elif self.receiver is not None or message.kind != EVENT or self._told():
            self._hand(self.receiver, number, arguments)

    def _told(self):
        """Whether somebody wants to hear of events that nobody takes."""
        return self.on_error or self.error_handler

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
        self._told_left = False  # hung_up() was called
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

    def _handle(self, number, message, tag, arguments):
        if message.kind == MESSAGE:
            self._hand(self.session, number, arguments)
            return
        if self._over or self.closed:
            return  # nobody would hear of it
        response = self.INTERFACE.description[message.pair]
        try:
            result = getattr(self.session, self.INTERFACE.methods[number])(*arguments)
        except Exception as error:
            self._refuse(number, tag, error)
        else:
            self._settle(number, tag, response, result)

    def answer_slowly(self, number, tag, result):
        """Called when calls.End had a call handled, but could not answer it itself."""
        self._open.add(tag)
        description = self.INTERFACE.description
        self._settle(number, tag, description[description[number].pair], result)

    def handler_failed(self, number, tag, error):
        if self.INTERFACE.description[number].kind == CALL:
            self._open.add(tag)
            self._refuse(number, tag, error)
        else:
            self._raised(number, error)

    def unanswered(self):
        return len(self._open)

    def _owes(self):
        return bool(self._open or self._end.handling) or super()._owes()

    # --- the client's end ---------------------------------------------------------------

    def peer_closes(self):
        try:
            self._client_left()
        finally:
            super().peer_closes()

    def ended(self, error):
        try:
            super().ended(error)
        finally:
            self._client_left()

    def _client_left(self):
        """Tell the session that its client sends no more: hung_up(), once."""
        if not self._told_left:
            self._told_left = True
            hang_up(self.INTERFACE, self.session, lambda error: self._raised(0, error))

    # --- answers ------------------------------------------------------------------------

    def _settle(self, number, tag, response, result):
        if not is_coroutine(result):
            self._answer(number, tag, response, result)
            return
        try:
            start(self._later(number, tag, response, result))
        except Exception as error:  # no memory
            self._refuse(number, tag, error)

    async def _later(self, number, tag, response, coroutine):
        try:
            result = await coroutine
        except Exception as error:
            self._refuse(number, tag, error)
            return
        except BaseException as error:  # cancelled: the caller must not wait for ever
            self._reply(tag, wire.pack_failure(self.buffer, tag, 0, error))
            raise
        self._answer(number, tag, response, result)

    def _answer(self, number, tag, response, result):
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
            self._refuse(number, tag, error)
            return
        self._reply(tag, length, caps)

    def _reply(self, tag, length, caps=()):
        self._open.discard(tag)
        if self.closed:
            return
        try:
            self._queue(length, caps, WAITING + CALLS)
        except (PeerDied, PeerBroke):
            return  # the channel has ended just now: this view is told
        self._close_if_idle()

    def _refuse(self, number, tag, error):
        """Answer a call by an error; one that is not declared is reported here too."""
        declared = wire.place_of(self.INTERFACE, error)
        self._reply(tag, wire.pack_failure(self.buffer, tag, declared, error))
        if not declared:
            self._raised(number, error)


def hang_up(interface, session, failed):
    """Call a session's hung_up(), if it has one and no message has that name; it may be an
    `async def`. What it raises goes to failed(error)."""
    hung_up = getattr(session, "hung_up", None)
    if hung_up is None or "hung_up" in interface.methods.values():
        return
    try:
        result = hung_up()
        if is_coroutine(result):
            start(guarded(result, failed))
    except Exception as error:
        failed(error)


def plain(arguments):
    """The `out` arguments as an awaiting caller wants them."""
    if not arguments:
        return None
    return arguments[0] if len(arguments) == 1 else arguments
