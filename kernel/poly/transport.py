"""One end of a bound channel: messages with credits, over whatever its binding chose.

Loopback, LMP and UMP differ in where their ring lies, which ump.Channel knows; from here
on they are one (SPEC TRN-1). A transport waits for nothing: its port serves it when its
doorbell rang. Either end closes by FIN, after which it sends nothing; it is closed when
both have (TRN-6). Whatever else ends it, its view is told once, and whoever bound it gets
`release(reason)` once: from then on its memory is not used here.
"""

import time

import cpu
import ump
from calls import End

from poly import report
from poly.errors import Misuse, PeerBroke, Timeout

DATA, CAPS, FIN = range(3)  # kinds of messages
OPEN, CLOSING, CLOSED, DEAD = "open", "closing", "closed", "dead"


class Transport:
    """A view opens it; what comes before that waits."""

    def __init__(self, name, kind, channel, longest, bell, port, peer, release):
        self.name = name  # of the service or interface, for people
        self.kind = kind  # "loopback", "LMP", "UMP"
        self.channel = channel
        self.buffer = bytearray(longest)  # the message received last
        self.end = End(channel, self.buffer, bell, self)
        self.bell = bell
        self.port = port
        self.peer = peer  # number of the peer's core
        self.domain = None  # that holds what comes with messages
        self.state = OPEN
        self.reason = None  # why it is no longer open
        self.on_fin = None  # function(): the peer sends no more, close when all is answered
        self.on_death = None  # function(error), once
        self._release = release
        self._error = None  # of a death that the view has not heard of
        self._credit = None  # the callback of on_credit
        self._fin_due = False  # to be sent when there is credit
        self._fin_sent = self._fin_came = False
        self._drains = []  # [position in the ring once that is known, Call], the oldest first
        self._last = None  # function(transport): called when all that was accepted is sent
        self.view = None
        self.timeout_ms = None  # of its close
        self.end.port = port
        port.attach(bell, self.end)

    def open(self, view, receiver):
        """From now on messages go to receiver(buffer, length, capabilities) of this view."""
        self.view = view
        self.end.receiver = receiver
        self.on_fin, self.on_death = view.peer_closes, view.ended
        self.end.live = True
        cpu.latch(self.bell)  # what came before

    # --- sending -------------------------------------------------------------------

    def credit(self):
        """Slots that may be sent now."""
        return 0 if self.state != OPEN else self.channel.credits()

    def try_send(self, buffer, length, caps=()):
        """Send it whole, or False: no credit. Raises what ended the channel."""
        if self.state != OPEN:
            raise self.why()
        end = self.end
        try:
            if caps:
                from poly import capability

                done = self.channel.push()  # with credit it is accepted whole
                if done:
                    what = self, buffer, length, caps
                    cpu.undisturbed(capability.post, what)
            else:
                done = self.channel.post(buffer, length)
        except ump.ChannelDied:
            cpu.latch(self.bell)  # served, it tells the view
            raise self.why()
        if done:
            end.sent += 1
            if length > ump.PAYLOAD or caps:
                end.due = True  # a part may wait for credit
        return done

    def on_credit(self, callback):
        """Run it once, at the port's next service if there is credit. One at a time: Misuse."""
        if self._credit:
            raise Misuse("%s: a continuation waits for credit already" % self.name)
        self._credit = callback
        self.hurry()

    def drain(self, call):
        """Finish the call once the peer has taken all that was accepted before."""
        if self.state not in (OPEN, CLOSING):
            raise self.why()
        self._drains.append([None, call])
        self.hurry()

    def rest(self):
        """Send what it can of what was accepted; how many messages are not in the ring yet."""
        if not self.end.live or self._error is not None:
            return 0
        try:
            self.channel.push()
            left = self.view._send_rest() if self.view else 0
            return left + self.channel.unsent()
        except (ump.ChannelDied, PeerBroke, Misuse):
            return 0

    def finish(self, last):
        """Receive no more; call last(self) when all that was accepted is sent."""
        self._last = last
        self.view._stop()
        self.hurry()

    def hurry(self):
        """Be served soon, and as a whole."""
        self.end.due = True
        cpu.latch(self.bell)

    def defer(self, callback):
        """Run it when the port is served, not from within here."""
        self.port.defer(callback)

    def resume(self):
        """Go on with receiving, after end.paused."""
        if self.end.live:
            cpu.latch(self.bell)

    # --- service -------------------------------------------------------------------

    def serve(self):
        """Called by the port when there is more to do than to receive."""
        end = self.end
        try:
            if not end.live:
                return
            end.due = False
            if self._error is None:
                self._send_waiting(end)
            elif self._last:
                self._finished()
            else:
                end.paused = False  # no more comes than what there is
            if end.live:  # it may have been closed by what it sent
                end.receive()
            if end.live and self._error is not None:
                self.hurry()  # the last message was taken; no other bell rings
        except ump.ChannelDied:
            self._end(self.why())
        except BaseException:
            self.hurry()  # an interrupt may come at any bytecode
            raise

    def _send_waiting(self, end):
        """The rest of what was sent, a continuation that waits for credit, then FIN."""
        ready = self.channel.push()
        if self._drains and not self._drained():
            end.due = True
        if not ready:
            end.due = True  # its bell rings when credit comes
            return
        if self._credit:
            callback, self._credit = self._credit, None
            callback()
        if self._fin_due:
            if self._credit or not self.channel.post(b"", 0, FIN):
                end.due = True
            else:
                self._fin_due = False
                self._fin_sent = True
                if self._fin_came:
                    self._closed()
        if self._last:
            if self._credit or self.rest():
                end.due = True
            else:
                self._finished()

    def _finished(self):
        last, self._last = self._last, None
        last(self)

    def _drained(self):
        """Whether the peer has taken all that somebody waits for."""
        if not self.channel.unsent():
            for drain in self._drains:
                if drain[0] is None:
                    drain[0] = self.channel.position()
        while self._drains:
            position, call = self._drains[0]
            if position is None or not self.channel.taken(position):
                return False
            self._drains.pop(0)
            call.finish()
        return True

    def special(self, kind, length):
        """Called for a message that is not only data."""
        if kind == FIN and not length and not self._fin_came:
            self._fin_came = True
            if self._fin_sent:
                self._closed()
            else:
                self.on_fin()
        elif kind == CAPS:
            self._receive_capabilities(length)
        else:
            self._end(PeerBroke("%s: wrong kind %d" % (self.name, kind)))

    def _receive_capabilities(self, length):
        from poly import capability

        self.end.received += 1
        try:
            frame, caps = capability.unpacked(self, self.buffer, length)
        except PeerBroke as error:
            self._end(error)
            return
        self.end.receiver(frame, len(frame), caps)

    # --- the end -------------------------------------------------------------------

    def why(self):
        """The error for whoever uses a transport that is not open."""
        if self._error and self.state != CLOSED:
            return self._error
        fault = self.channel.fault() if self.channel else None
        if self.state in (CLOSING, CLOSED):
            return Misuse("%s: closed" % self.name)
        return PeerBroke("%s: %s" % (self.name, self.reason or fault))

    def limit(self, timeout_ms):
        """Be closed within that time (None: whenever), or cut off. The shortest holds."""
        if timeout_ms is None or not self.end.live:
            return
        end_ms = time.ticks_add(time.ticks_ms(), timeout_ms)
        if self.timeout_ms is not None:
            if time.ticks_diff(end_ms, self._end_ms) >= 0:
                return
            self.port._shared.stop_timer(self)
        self.timeout_ms, self._end_ms = timeout_ms, end_ms
        self.port._shared.start_timer(end_ms, self)

    def expire(self, end_ms):
        """Called when that time is over."""
        self.give_up(self.timeout_ms)
        self._end(Timeout("%s: not closed within %d ms" % (self.name, self.timeout_ms)))

    def give_up(self, timeout_ms):
        """Tell what is not done after that time."""
        self._lost(self.rest(), "messages were not sent", timeout_ms)
        if self.view:
            self._lost(self.view.unanswered(), "calls were not answered", timeout_ms)

    def _lost(self, count, what, timeout_ms):
        if count:
            report.say("%s: %d %s within %d ms" % (self.name, count, what, timeout_ms))

    def close(self):
        """Send no more than what was accepted; the peer answers what it admitted, then closes."""
        if self.state == OPEN:
            self.state, self.reason = CLOSING, "closed"
            self._fin_due = True
            self.hurry()

    def _closed(self):
        self._drop_taken()
        cpu.undisturbed(self._let_go, None)
        closed = Misuse("%s: closed" % self.name)
        self._over(closed)
        self._tell(closed)

    def _drop_taken(self):
        """Finish who waits for what the peer has taken, before the ring is used no more."""
        try:
            self._drained()
        except ump.ChannelDied:
            pass

    def fail(self, text, error=None):
        """The peer broke the rules: cut it off. The caller has heard of it."""
        cpu.undisturbed(self._let_go, text)
        if self._drains and error is None:
            error = self._error or PeerBroke("%s: %s" % (self.name, text))
        self._over(error)

    def _over(self, error):
        """Nothing waits for it any more: for what was taken, for the time of its close, or for
        the last that was accepted."""
        if self.timeout_ms is not None:
            self.port._shared.stop_timer(self)
        while self._drains:
            _, call = self._drains.pop(0)
            call.finish(None, error)
        if self._last:
            self._finished()

    def tell(self, error):
        """It was ended from this side, by fail(): the view hears of it now."""
        self._error = error
        self._tell(error)

    def die(self, error):
        """The peer's core or program died. Called within the monitor's callback too."""
        if self.state in (OPEN, CLOSING) and self._error is None:
            self._error = error
            self.channel.die()  # what came before is still received
            self.hurry()

    def _end(self, error):
        if self.state in (OPEN, CLOSING):
            self.fail(str(error), error)
            self._tell(error)

    def _let_go(self, reason):
        """It is dead for this reason, or closed (None). Undisturbed: an interrupt in the
        midst would keep what it holds for ever."""
        if self.state not in (OPEN, CLOSING):
            return
        if reason is None:
            self.state = CLOSED
        else:
            self.state, self.reason = DEAD, reason
        self._credit = None
        self.end.live = False
        self.port.detach(self.bell)
        self.channel.close()
        self._release(reason)

    def _tell(self, error):
        if self.on_death:
            told, self.on_death = self.on_death, None
            told(error)

    def report(self, what, error):
        """A handler raised this, and nobody else takes it."""
        report.raised("%s: %s" % (self.name, what), error)

    def change_port(self, port):
        """Be served by another port from now on."""
        self.port = self.end.port = port
        cpu.latch(self.bell)
