"""Watches: a port gets a packet for the end of a channel or child, or for credit (SPEC PORT-3).

A watch makes one packet, for which there is room from the start: when what it waits for has
come, or the channel has ended before that. Then it is over.
"""

from poly.port import CREDIT, Packet


class Watch:
    """From Port.death() and Port.credit(). Its packet's source is the view."""

    def __init__(self, port, kind, view, key):
        self.port = port
        self.kind = kind
        self.view = view
        self.key = key
        self.live = True  # its packet is still to be made
        self.packet = None
        if kind == CREDIT:
            view.register_send(self.accepted)
        view._watch(self)

    def accepted(self):
        """Called by the view: a send would be accepted."""
        self.view._unwatch(self)
        self.finish(None)

    def finish(self, error, value=None):
        """Called when its channel has ended, with what ended it; or a child, with its status."""
        self.live = False
        self.packet = Packet(self.view, self.kind, self.key, error, value)
        self.port._put(self.packet)

    def cancel(self):
        """No packet of it comes any more."""
        if not self.live:
            self.port._take_back(self.packet)
            return
        self.live = False
        self.port.promised -= 1
        self.view._unwatch(self)
        if self.kind == CREDIT:
            self.view.deregister_send()
