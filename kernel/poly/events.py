"""What generated event bindings stand on: events as in Barrelfish."""

from calls import MAX as CALLS

from poly import wire
from poly.errors import Exhausted, Misuse, PeerBroke, PeerDied
from poly.turns import is_coroutine
from poly.view import View
from poly.wire import CALL, EVENT, MESSAGE, RESPONSE

TEARDOWN = 1  # for control()


class Busy(Exhausted):
    """There is no credit to send now (Flounder: TX_BUSY)."""


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
        self._unanswered = set()  # tags of calls that came, at most CALLS
        self._refusals = []  # frames that answer calls whose handlers raised, without credit

    @property
    def can_send(self):
        """Whether a send would be accepted."""
        idle = self._continuation is None and not self._closing
        return idle and not self.closed and self.channel.credit() > 0

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
        tag = self.buffer[2] | self.buffer[3] << 8 if self._unanswered else 0
        if tag not in self._unanswered or self._over:  # an answer may come behind close()
            self._check_open()
        if self._continuation or not self.channel.try_send(self.buffer, length, caps):
            raise Busy("%s: cannot send now" % self.INTERFACE.name)
        self._unanswered.discard(tag)
        if continuation:
            self._continuation = continuation
            self.channel.defer(self._continue)
        if self._closing:
            self._close_if_idle()

    def _continue(self):
        continuation, self._continuation = self._continuation, None
        try:
            continuation()
        finally:
            if self._on_credit and not self.closed:
                self._register()

    def unanswered(self):
        return len(self._unanswered)

    def _owes(self):
        return bool(self._unanswered) or super()._owes()

    def _name(self, number):
        return super()._name(number) if number else "an rpc"

    def _failed(self, tag, error):
        self.tag = tag
        self._raised(0, error)

    def _handle(self, number, message, tag, arguments):
        self.tag = tag
        handler = self.rx.get(message.name)
        if message.kind == CALL and len(self._unanswered) < CALLS:
            self._unanswered.add(tag)
        try:
            if handler is None:
                raise Misuse("%s: no handler for %s" % (self.INTERFACE.name, message.name))
            result = handler(self, *arguments)
        except Exception as error:
            self._refuse(tag, error)
            self._raised(number, error)
            return
        if is_coroutine(result):
            self.started(number, self._answering(tag, result))

    async def _answering(self, tag, coroutine):
        try:
            await coroutine
        except BaseException as error:
            self._refuse(tag, error)
            raise

    # --- calls whose handlers raised ---------------------------------------------------------

    def _refuse(self, tag, error):
        """Answer the call, if that is still to be done, by an error."""
        if tag not in self._unanswered:
            return
        self._unanswered.discard(tag)
        place = wire.place_of(self.INTERFACE, error)
        length = wire.pack_failure(self.buffer, tag, place, error)
        self._refusals.append(bytes(self.buffer[:length]))
        self._send_rest()
        self._close_if_idle()

    def _credit(self):
        self._registered = False
        if self._send_rest():
            return
        if self._closing:
            self._close_if_idle()
        else:
            self._accepts_sends()

    def _unsent(self):
        return len(self._refusals)

    def _send_rest(self):
        try:
            while self._refusals:
                frame = self._refusals[0]
                if not self.channel.try_send(frame, len(frame), ()):
                    self._register()
                    break
                self._refusals.pop(0)
        except (PeerDied, PeerBroke, Misuse):
            self._refusals.clear()  # the channel has ended: nobody waits for them
        return len(self._refusals)
