"""What generated event bindings stand on: events as in Barrelfish."""

from poly.errors import Exhausted, Misuse
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
