"""idctest [loopback | same | cross]: inter-dispatcher communication in Barrelfish's style.

A server exports an interface and says in its connect callback which handlers take what
comes. A client binds and sends eight messages, each from the continuation of the one
before: a number, strings short and long, capabilities, a buffer; then it makes a call, and
the binding is torn down. The same program runs in one domain (loopback), between two
domains of this core (same), and between two cores (cross, the default where there is a
second core). The order of what is received is the same everywhere.
"""

import sys

from interfaces import idctest

import poly
from poly.events import TEARDOWN

NAME = "idctest"
LONG = "a long string: " + "0123456789abcdef" * 20


class Server:
    """Its handlers print what they get; `done` once a client has gone."""

    def __init__(self, domain):
        self.service = domain.export_events(idctest, self.connected, NAME)
        self.done = poly.Call()

    def connected(self, binding):
        """The connect callback: a client binds. To refuse it, raise an error."""
        binding.rx["basic"] = rx_basic
        binding.rx["str"] = rx_str
        binding.rx["one_cap"] = rx_one_cap
        binding.rx["caps"] = rx_caps
        binding.rx["buf"] = rx_buf
        binding.rx["basic_rpc_call"] = rx_basic_rpc_call
        binding.error_handler = self.ended

    def ended(self, binding, error):
        print("server: binding ended:", error)
        self.done.finish()


def rx_basic(binding, arg):
    print("rx_basic", arg)


def rx_str(binding, arg, s):
    print("rx_str", arg, s if len(s) < 40 else "%s... (%d)" % (s[:20], len(s)))


def rx_one_cap(binding, arg, first):
    print("rx_one_cap", arg, named(first))


def rx_caps(binding, arg, first, second):
    print("rx_caps", arg, named(first), named(second))


def rx_buf(binding, buf):
    print("rx_buf", bytes(buf))


def rx_basic_rpc_call(binding, arg):
    print("rx_basic_rpc_call", arg)
    binding.tx.basic_rpc_response(arg + 1)


def named(iref):
    """A capability: the right to bind to an export."""
    return "none" if iref is None else "iref of core %d" % iref[0]


class Client:
    """Sends one message after the other; `done` with the answer to the call."""

    def __init__(self, binding, iref):
        self.binding = binding
        self.iref = iref  # what its messages carry: the server's own
        self.done = poly.Call()
        self.steps = [
            self.send_basic,
            self.send_str,
            self.send_str_of_its_own,
            self.send_long_str,
            self.send_one_cap,
            self.send_caps,
            self.send_no_cap,
            self.send_buf,
            self.call,
        ]
        binding.rx["basic_rpc_response"] = self.answered
        binding.error_handler = self.failed
        self.go_on()

    def go_on(self):
        """The continuation of every message: what was sent is the channel's."""
        self.steps.pop(0)()

    def send_basic(self):
        self.binding.tx.basic(7, self.go_on)
        # One message is under way, so a second is refused, and waits its turn.
        try:
            self.binding.tx.basic(8, None)
        except poly.Exhausted as error:
            print("client:", error)

    def send_str(self):
        self.binding.tx.str(9, "hello world", self.go_on)

    def send_str_of_its_own(self):
        self.binding.tx.str(37, "made for this" + "!" * 3, self.go_on)

    def send_long_str(self):
        self.binding.tx.str(42, LONG, self.go_on)

    def send_one_cap(self):
        self.binding.tx.one_cap(20, self.iref, self.go_on)

    def send_caps(self):
        self.binding.tx.caps(69, self.iref, self.iref, self.go_on)

    def send_no_cap(self):
        self.binding.tx.caps(70, None, self.iref, self.go_on)

    def send_buf(self):
        self.binding.tx.buf(bytes(range(8)), self.go_on)

    def call(self):
        if self.binding.can_send:
            self.binding.tx.basic_rpc_call(99, None)
        else:
            self.binding.register_send(self.call)

    def answered(self, binding, result):
        print("client: answer", result)
        binding.control(TEARDOWN)

    def failed(self, binding, error):
        print("client: binding ended:", error)
        self.done.finish()


def serve(domain):
    server = Server(domain)
    poly.do(server.done)
    server.service.close()


def ask(domain):
    """The client: the name service is asked for the name, then the server's monitor to bind."""
    binding = poly.do(domain.connect(idctest, NAME, events=True))
    print("client: bound over", binding.channel.kind)
    iref = dict(poly.services())[NAME]
    poly.do(Client(binding, iref).done)


def main(how):
    if how == "server":
        serve(poly.this_domain())
    elif how == "cross":
        with poly.spawn((poly.core() + 1) % poly.cores(), NAME, ("server",)) as child:
            ask(poly.this_domain())
            return child.wait()
    else:
        with poly.Domain("server") as other:
            domain = other if how == "same" else poly.this_domain()
            server = Server(domain)
            ask(poly.this_domain())
            poly.do(server.done)
            server.service.close()
    return 0


WAYS = ("loopback", "same", "cross", "server")
way = sys.argv[1] if len(sys.argv) > 1 else "cross" if poly.cores() > 1 else "same"
if way not in WAYS:
    print("usage: idctest [loopback | same | cross]")
    sys.exit(2)
sys.exit(main(way))
