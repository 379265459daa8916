"""given_up ROUNDS: connects that are given up at any moment, over each transport and to a
name that nobody has; then what is left of them."""

import sys

import cpu
from echo_session import Echo, held, interrupted, serve_until
from interfaces import echo

import poly
from poly.port import default_port

LAST = 7


class Cancelled(BaseException):
    """As asyncio's."""


def give_up(connect, name, turns):
    """After so many turns of the port, LAST of them: at its end; whether it was connected."""
    call = connect(echo, name)
    for _ in range(turns):
        default_port().serve()
    if turns == LAST and name != "nobody":
        serve_until(lambda: call.done)
    connected = call.done and call.error is None
    try:
        call.throw(Cancelled())
    except Cancelled:
        pass
    return connected


rounds = int(sys.argv[1])
other = poly.Domain("other")
service = poly.export(echo, Echo, "near", 4)
with poly.spawn(2, "serve", ["far"]):
    poly.do(poly.connect(echo, "far")).close()
    serve_until(lambda: len(cpu.this().monitor.binder().records) == 1)
    before = held()
    connected = 0
    for number in range(rounds):
        for connect, name in (
            (poly.connect, "near"),
            (other.connect, "near"),
            (poly.connect, "far"),
            (poly.connect, "nobody"),
        ):
            connected += give_up(connect, name, number % (LAST + 1))
    interrupted(poly.connect(echo, "nobody"))
    serve_until(lambda: held() == before and service.used() == 0)
    print("nothing is left", connected > 0)
    client = poly.do(poly.connect(echo, "far"))
    print(poly.do(client.increase(1)))
