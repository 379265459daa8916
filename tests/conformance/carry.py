"""carry [server]: the messages of cases.py over each transport; values come back equal (IDL-5).

For each case a server takes every message of a random interface, with random values, in the
order they were sent, and compares; a line for each case and transport says how many were as
sent. With `server` it is the other core's part.
"""

import sys

from calls import Call
from cases import CASES

import poly
from poly.events import TEARDOWN


class Server:
    """Exports one case, and compares what comes."""

    def __init__(self, domain, number):
        self.module, messages = CASES[number]
        self.number = number
        self.expected = list(messages)
        self.equal = 0
        self.done = Call()
        self.service = domain.export_events(self.module, self.connected, "case%d" % number)

    def connected(self, binding):
        for name in [message[0] for message in self.expected]:
            binding.rx[name] = self.taker(name)
        binding.error_handler = lambda binding, error: self.done.finish()

    def taker(self, name):
        def take(binding, *arguments):
            wanted = self.expected.pop(0)
            if (wanted[0], wanted[2]) == (name, arguments):
                self.equal += 1
            else:
                print("case", self.number, name, arguments, "is not", wanted)

        return take

    def finish(self, kind):
        poly.do(self.done)
        self.service.close()
        print(kind, "case", self.number, "equal", self.equal, "left", len(self.expected))


class Client:
    """Sends each message from the continuation of the one before."""

    def __init__(self, domain, number):
        module, messages = CASES[number]
        self.left = list(messages)
        self.done = Call()
        self.binding = poly.do(domain.connect(module, "case%d" % number, events=True, slots=4))
        self.binding.error_handler = lambda binding, error: self.done.finish()
        self.go_on()

    def go_on(self):
        if not self.left:
            self.binding.control(TEARDOWN)
        elif self.binding.can_send:
            _, method, arguments, tag = self.left.pop(0)
            send = getattr(self.binding.tx, method)
            send(*arguments, self.go_on, *([tag] if tag else []))
        else:
            self.binding.register_send(self.go_on)


def carry_here(domain, kind):
    for number in range(len(CASES)):
        server = Server(domain, number)
        client = Client(poly.this_domain(), number)
        assert client.binding.channel.kind == kind
        poly.do(client.done)
        server.finish(kind)


def main():
    if len(sys.argv) > 1:
        for number in range(len(CASES)):
            Server(poly.this_domain(), number).finish("UMP")
        return
    carry_here(poly.this_domain(), "loopback")
    with poly.Domain("other") as other:
        carry_here(other, "LMP")
    with poly.spawn(1, "carry", ("server",)) as child:
        for number in range(len(CASES)):
            poly.do(Client(poly.this_domain(), number).done)
        child.wait(30_000)


main()
