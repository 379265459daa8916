"""More sessions than a service has; a place is free again once a client has closed."""

from echo_session import refused
from interfaces import echo

import poly

with poly.spawn(1, "serve", ["small", "2"]):
    held = [poly.do(poly.connect(echo, "small")) for _ in range(2)]
    refused(lambda: poly.do(poly.connect(echo, "small")))
    held.pop().close()
    client = None
    while client is None:
        try:
            client = poly.do(poly.connect(echo, "small"))
        except poly.Exhausted:
            pass  # the close is under way
    print(poly.do(client.increase(6)))
