"""restarts ROUNDS: restart core 2 under a client here, and core 1 under a server here."""

import sys

from echo_session import Echo, serve_until
from interfaces import echo

import poly

rounds = int(sys.argv[1])
told = []
service = poly.export(echo, Echo, "here")
for number in range(rounds):
    child = poly.spawn(2, "serve", ["there"])
    client = poly.do(poly.connect(echo, "there"))
    client.error_handler = lambda view, error: told.append(error.generation)
    asker = poly.spawn(1, "caller", ["here"])
    serve_until(lambda: service.used() == 1)
    call = client.increase(1)
    generation = poly.restart(2)
    poly.restart(1)
    try:
        assert poly.do(call) == 2  # it was answered before
        poly.do(client.increase(2))
    except poly.PeerDied as died:
        assert died.core == 2 and died.generation == generation - 1
    serve_until(lambda rounds=number + 1: len(told) == rounds and service.used() == 0)
    assert "there" not in [name for name, _ in poly.services()]
    child.close()
    asker.close()
print("told", len(told), told == list(range(told[0], told[0] + rounds)))
