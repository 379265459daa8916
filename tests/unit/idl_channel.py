"""A channel in memory, with the surface that poly.view asks for: two ends, messages
delivered by `run`, a window of credits that may be clogged. Runs on the boards too."""


class TypedEnd:
    """In place of calls.End: nothing goes the straight path."""

    def __init__(self):
        self.live = self.due = self.queued = self.blocked = self.paused = False
        self.handling = 0

    def typed(self, *_):
        pass


class End:
    def __init__(self, loop, window):
        self.loop = loop
        self.end = TypedEnd()
        self.window = window
        self.under_way = 0
        self.peer = None
        self.receiver = None
        self.view = None
        self.waiting = None  # the callback of on_credit
        self.fault = None
        self.clogged = False
        self.port = None
        self.reported = []  # what raised, and what it raised
        self.drains = []
        self.stopped = []  # what came while this end was paused

    def open(self, view, receiver):
        self.view, self.receiver = view, receiver

    def credit(self):
        return 0 if self.clogged else self.window - self.under_way

    def try_send(self, buffer, length, caps):
        if not self.credit():
            return False
        frame = bytes(buffer[:length])
        self.under_way += 1
        self.loop.append((self._arrive, (frame, tuple(caps))))
        return True

    def _arrive(self, frame, caps):
        if self.peer.end.paused and self.peer.fault is None:
            self.peer.stopped.append((frame, caps))
            return
        self.under_way -= 1
        if not self.under_way:
            for call in self.drains:
                call.finish()
            self.drains.clear()
        if self.peer.fault is None:
            # As from a ring: the buffer is longer than the message, and used again.
            buffer = bytearray(frame + b"\xee" * 8)
            self.peer.receiver(buffer, len(frame), caps)
            for at in range(len(buffer)):
                buffer[at] = 0xDD
        self.credit_came()

    def credit_came(self):
        if self.waiting and self.credit():
            callback, self.waiting = self.waiting, None
            self.loop.append((callback, ()))

    def on_credit(self, callback):
        assert self.waiting is None, "a second registration"
        self.waiting = callback
        self.credit_came()

    def unclog(self):
        self.clogged = False
        self.credit_came()

    def resume(self):
        stopped, self.stopped = self.stopped, []
        self.loop[:0] = [(self.peer._arrive, message) for message in stopped]

    def drain(self, call):
        if self.under_way:
            self.drains.append(call)
        else:
            call.finish()

    def report(self, what, error):
        self.reported.append((what, error))

    def limit(self, timeout_ms):
        pass

    def defer(self, callback):
        self.loop.append((callback, ()))

    def fail(self, text):
        self.fault = text
        self.loop.append((self.peer.view.ended, (RuntimeError(text),)))

    def change_port(self, port):
        self.port = port

    def close(self):
        self.fail("closed")


def pair(window=4):
    """Two ends and the loop between them."""
    loop = []
    near, far = End(loop, window), End(loop, window)
    near.peer, far.peer = far, near
    return near, far, loop


def run(loop):
    """Deliver until nothing is under way."""
    while loop:
        callback, arguments = loop.pop(0)
        callback(*arguments)
