"""Regions go with messages (IDL-7): to another core, to another domain here, and back."""

import sys

import cpu
from echo_session import refused, serve_until
from interfaces import idctest

import poly


class Filler:
    """Fills what it gets, and lets go of it."""

    def __init__(self, session):
        self.kept = []

    def basic_rpc(self, arg):
        for region in self.kept:
            region.close()
        return len(self.kept)

    def one_cap(self, arg, first):
        assert first.length == 4096, first.length
        first.memory[:4] = bytes((1, 2, 3, arg))
        first.close()
        first.close()
        assert first.memory is None

    def caps(self, arg, first, second):
        self.kept = [first, second]
        second.memory[:3] = first.memory[1:4]


def use(client, kernel):
    used = kernel.arena.used_bytes()
    one, two = poly.Region(10), poly.Region(4097)
    assert (one.length, two.length) == (4096, 8192) and not any(one.memory)
    client.one_cap(9, one)
    client.caps(1, one, two)
    assert poly.do(client.basic_rpc(0)) == 2
    print(bytes(one.memory[:4]), bytes(two.memory[:4]))
    serve_until(lambda: not (one.grants or two.grants))
    one.close()
    refused(lambda: client.one_cap(9, one))
    client.caps(1, two, two)
    two.close()  # held there yet, so it is not given back
    assert poly.do(client.basic_rpc(0)) == 2
    serve_until(lambda: kernel.arena.used_bytes() <= used)  # what was before may have gone too
    with poly.Region(1) as held:
        client.caps(1, held, held)
        assert poly.do(client.basic_rpc(0)) == 2
        client.close()
    refused(lambda: poly.Region(0))
    refused(lambda: poly.Region(1 << 21))


def main():
    kernel = cpu.this()
    if len(sys.argv) > 1:
        service = poly.export(idctest, Filler, "filler")
        serve_until(lambda: service.sessions)
        serve_until(lambda: not service.sessions)
        return
    with poly.spawn(1, "regions", ["server"]):
        use(poly.do(poly.connect(idctest, "filler")), kernel)
    with poly.Domain("filling") as domain:
        domain.export(idctest, Filler, "here")
        use(poly.do(poly.connect(idctest, "here")), kernel)


main()
