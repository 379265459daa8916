"""Domains: who owns exports and ends of channels on a core, and how much of them.

A program is a domain, and may have more. What a domain holds ends with it, and a domain
ends with its program at the latest: the other ends of its channels get PeerDied, its names
are no longer registered, and everything is given back (MON-3).
"""

import time

import cpu
from calls import Call

from poly import limits
from poly.errors import Exhausted, Misuse, PeerDied
from poly.port import default_port

LEVEL = 0  # of its own doorbell: binding comes before messages


class Domain:
    """`phones` ends of channels that it connected, and `memory_bytes` for all its channels."""

    def __init__(self, name, phones=limits.PHONES, memory_bytes=limits.DOMAIN_BYTES):
        self.kernel = kernel = cpu.this()
        self.name = name
        self.phones = phones
        self.memory_bytes = memory_bytes
        self.used_bytes = 0
        self.bindings = []
        self.services = []
        self.regions = []  # poly.grant.Region and Lent
        self.connecting = []  # poly.connecting.Connecting, not yet done
        self.closing = False
        self.is_default = False
        self.ended = Call(self)  # done when close() has come to its end
        self.lasting = []  # transports that have yet to send what was accepted
        self.timeout_ms = None  # of its close
        self.port = default_port()
        self.binder = kernel.monitor.binder()
        cpu.undisturbed(Domain.begin, self)

    def begin(self):
        self.kernel.domains.append(self)
        try:
            self.bell = self.kernel.doorbells.take(LEVEL)
        except Exception:
            self.kernel.domains.remove(self)
            raise
        self.port.attach(self.bell, self)

    # --- what it holds --------------------------------------------------------------

    def take(self, binding, length):
        """Hold one more end of a channel. Raises Exhausted."""
        self.check()
        if binding.is_client:
            used = sum(1 for held in self.bindings if held.is_client)
            if used >= self.phones:
                raise Exhausted("%s: %d of %d phones in use" % (self.name, used, self.phones))
        self.hold_bytes("a channel", length)
        binding.bytes = length
        self.bindings.append(binding)

    def hold_bytes(self, what, length):
        """Count memory that this domain holds. Raises Exhausted."""
        self.check()
        if self.used_bytes + length > self.memory_bytes:
            raise Exhausted(
                "%s: %d bytes for %s, %d of %d in use"
                % (self.name, length, what, self.used_bytes, self.memory_bytes)
            )
        self.used_bytes += length

    def region(self, length):
        """As poly.Region(), for this domain."""
        from poly import grant

        return grant.Region(self, length)

    def give_back(self, binding):
        if binding in self.bindings:
            self.bindings.remove(binding)
            self.used_bytes -= binding.bytes

    def check(self):
        if self.closing:
            raise Misuse("%s: this domain is closed" % self.name)

    # --- service --------------------------------------------------------------------

    def serve(self):
        """Called by the port: somebody asks for a binding, or was answered."""
        try:
            for service in list(self.services):
                service.accept_all()
                service.end_if_empty()
            for connecting in list(self.connecting):
                connecting.go_on()
        except BaseException:
            cpu.latch(self.bell)  # an interrupt: the others are served next
            raise

    # --- its own exports and channels ---------------------------------------------------

    def export(self, interface, factory, name=None, *arguments, **options):
        """As poly.export(), for this domain."""
        from poly import service

        return service.export(interface, factory, name, *arguments, domain=self, **options)

    def export_events(self, interface, on_connect, name=None, *arguments, **options):
        """As poly.export_events(), for this domain."""
        from poly import service

        return service.export_events(
            interface, on_connect, name, *arguments, domain=self, **options
        )

    def connect(self, interface, service, **options):
        """As poly.connect(), for this domain."""
        from poly import connecting

        return connecting.connect(interface, service, domain=self, **options)

    # --- its end --------------------------------------------------------------------

    def close(self, timeout_ms=limits.CLOSE_MS):
        """End it: what was accepted is sent, all that it holds is given back, and both ends of
        its channels are told (PeerDied): its own when its port is served next.

        Await it to know when that is done. What is not sent within `timeout_ms` (None: no
        limit) is given up, with a word.
        """
        if self.closing or self not in self.kernel.domains:
            return self.ended
        self.withdraw()
        transports = self.transports()
        self.lasting = [one for one in transports if one.view and one.rest()]
        if not self.lasting:
            self.end_now(transports)
            return self.ended
        for transport in transports:
            if transport in self.lasting:
                transport.finish(self.sent)
            elif transport.view:
                transport.view._stop()
        if timeout_ms is not None:
            self.timeout_ms = timeout_ms
            end_ms = time.ticks_add(time.ticks_ms(), timeout_ms)
            self.port._shared.start_timer(end_ms, self)
        return self.ended

    def transports(self):
        return [binding.transport for binding in self.bindings if binding.transport]

    def sent(self, transport):
        """Called by one that has sent what was accepted, or died."""
        if transport in self.lasting:
            self.lasting.remove(transport)
            if not self.lasting:
                self.end_now(self.transports())

    def expire(self, end_ms):
        """Called when the time to send what was accepted is over."""
        for transport in list(self.lasting):
            transport.give_up(self.timeout_ms)
        self.end_now(self.transports())

    def end_now(self, transports):
        self.end()
        if transports:
            self.port.defer(lambda: self.tell(transports))
        self.ended.finish()

    def tell(self, transports):
        core = self.kernel.number
        for transport in transports:
            text = "%s: its domain %s ended" % (transport.name, self.name)
            transport.tell(PeerDied(core, cpu.generation(), text))

    def withdraw(self):
        """Nothing new: no service, no client, no channel."""
        self.closing = True
        for service in list(self.services):
            service.close()
        for connecting in list(self.connecting):
            connecting.abandon(Misuse("%s: this domain is closed" % self.name))

    def end(self):
        """End it with its program: nobody is left here to be told.

        It may be interrupted, and is called again then by the program's end.
        """
        if self not in self.kernel.domains:
            return
        self.withdraw()
        self.lasting.clear()  # what is killed below is none of these any longer
        if self.timeout_ms is not None:
            self.port._shared.stop_timer(self)
        for service in list(self.services):
            service.end()
        for binding in list(self.bindings):
            binding.kill("its domain ended")
        for region in list(self.regions):
            region.close()
        cpu.undisturbed(Domain.forget, self)

    def forget(self):
        self.kernel.domains.remove(self)
        self.port.detach(self.bell)
        self.kernel.doorbells.release(self.bell)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()


def default_domain():
    """The program's own."""
    kernel = cpu.this()
    for domain in kernel.domains:
        if domain.is_default:
            return domain
    domain = Domain(kernel.program.name if kernel.program else "kernel")
    domain.is_default = True
    return domain
