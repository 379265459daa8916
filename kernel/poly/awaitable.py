"""Views whose sends are awaited: they wait for credit in turn, here."""

from calls import Call

from poly.errors import Exhausted, PeerBroke, PeerDied, anew
from poly.view import View

WAITING = 64  # messages that may wait for credit


class Awaitable(View):
    """A view whose sends wait for credit in turn."""

    def __init__(self, channel):
        super().__init__(channel)
        self._waiting = []  # (frame or None: a drain(), capabilities, call), the oldest first
        self._events = {}  # number -> the latest frame of an event that waits

    def send(self, length, caps=()):
        """Send what lies in the buffer; its Call is done when the channel has taken it."""
        self._check_open()
        return self._queue(length, caps, WAITING)

    def _queue(self, length, caps, room):
        if self.closed:
            raise anew(self.closed)
        sending = Call(self)
        if not self._waiting and self.channel.try_send(self.buffer, length, caps):
            sending.finish()
            return sending
        waiting = sum([1 for frame, _, _ in self._waiting if frame is not None])
        if waiting >= room:
            raise Exhausted("%s: %d of %d messages wait" % (self.INTERFACE.name, waiting, room))
        self._wait(bytes(self.buffer[:length]), caps, sending)
        return sending

    def _wait(self, frame, caps, call):
        self._waiting.append((frame, caps, call))
        self._end.queued = True
        self._register()

    def notify(self, number, length):
        """Send an event, or have it replace one of its kind that still waits."""
        self._check_open()
        if self._waiting or self._events or not self.channel.try_send(self.buffer, length, ()):
            self._events[number] = bytes(self.buffer[:length])
            self._end.queued = True
            self._register()

    def drain(self):
        self._check_open()
        call = Call(self)
        if self._waiting or self._events:
            self._wait(None, None, call)
        else:
            self.channel.drain(call)
        return call

    def _credit(self):
        self._registered = False
        try:
            self._flush()
        except (PeerDied, PeerBroke):
            pass  # the channel has ended just now: this view is told

    def _flush(self):
        if self._send_rest():
            return
        self._end.queued = self._closing
        if self._closing:
            self._close_if_idle()
        else:
            self._accepts_sends()

    def _send_rest(self):
        while self._waiting:
            frame, caps, sending = self._waiting[0]
            if frame is None:
                self._send_events()  # those that came before it are among these
                if self._events:
                    break
            elif not self.channel.try_send(frame, len(frame), caps):
                break
            if frame is None:
                self.channel.drain(sending)  # it may raise: then _drop() finishes the call
            self._waiting.pop(0)
            if frame is not None:
                sending.finish()
        if not self._waiting:
            self._send_events()
        left = self._unsent()
        if left:
            self._register()
        return left

    def _unsent(self):
        return len(self._waiting) + len(self._events)

    def _send_events(self):
        for number in sorted(self._events):
            frame = self._events[number]
            if not self.channel.try_send(frame, len(frame), ()):
                return
            del self._events[number]

    def _drop(self, error):
        for _, _, sending in self._waiting:
            sending.finish(None, error)
        self._waiting.clear()
        self._events.clear()
