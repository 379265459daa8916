"""A hundred channels to one service, and one more than a domain may have."""

from echo_session import refused
from interfaces import echo

import poly

with poly.spawn(1, "serve", ["many", "128"]):
    more = poly.Domain("more", phones=40)
    clients = [poly.do(poly.connect(echo, "many", slots=2))]  # from here on nobody waits for it
    calls = [poly.connect(echo, "many", slots=2) for _ in range(63)]
    calls += [more.connect(echo, "many", slots=2) for _ in range(36)]
    clients += [poly.do(call) for call in calls]
    for at, client in enumerate(clients):
        assert poly.do(client.increase(at)) == at + 1
    refused(lambda: poly.do(poly.connect(echo, "many", slots=2)))
    print(len(clients))
