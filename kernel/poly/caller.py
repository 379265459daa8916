"""Who has connected to a service, for its accept hook, its factory, and ports."""

from poly.errors import Misuse


class Session:
    """Who has connected: what an accept hook and a factory decide by. A port takes its end."""

    def __init__(self, service, binding):
        self.service = service
        self.core = binding.peer
        self.client = binding.client_name  # name of its domain
        self.transport = None  # once it is accepted
        self.view = None
        self.closed = None  # the error that it came to nothing by
        self._watches = ()

    def drain(self):
        """Await it: done when the client's end has taken all that was sent to it before."""
        self._check_open()
        return self.view.drain()

    def register_send(self, continuation):
        """As a binding has it: run it once when a send would be accepted."""
        self._check_open()
        self.view.register_send(continuation)

    def deregister_send(self):
        if self.view:
            self.view.deregister_send()

    def _check_open(self):
        if not self.view:
            raise self.closed or Misuse("%s: not accepted yet" % self.service.shown_name())

    def _watch(self, watch):
        """Call watch.finish(error) once it has ended, at once if it has."""
        if self.view:
            self.view._watch(watch)
        elif self.closed:
            watch.finish(self.closed)
        else:
            self._watches += (watch,)

    def _unwatch(self, watch):
        if self.view:
            self.view._unwatch(watch)
        self._watches = tuple(one for one in self._watches if one is not watch)

    def accepted(self, view):
        """It has a channel from now on, whose end is its own."""
        self.view = view
        watches, self._watches = self._watches, ()
        for watch in watches:
            view._watch(watch)

    def refused(self, error):
        """It came to nothing."""
        if self.view:
            self.view.ended(error)
            return
        self.closed = error
        watches, self._watches = self._watches, ()
        for watch in watches:
            watch.finish(error)
