"""Client and server on one core: in one domain, and in two, of which one ends."""

from echo_session import Echo, refused, serve_until
from interfaces import echo

import poly

service = poly.export(echo, Echo, "near")
other = poly.Domain("other")
for connect in (poly.connect, other.connect):
    client = poly.do(connect(echo, "near"))
    print(client.channel.kind, poly.do(client.increase(1)), poly.do(client.say("y" * 300))[:3])
call = client.increase(5)
print("sessions", service.used())
other.close()
refused(lambda: poly.do(call))
serve_until(lambda: service.used() == 1)
service = other = None

other = poly.Domain("another")
service = other.export(echo, Echo, "another")
client = poly.do(poly.connect(echo, "another"))
other.close()
refused(lambda: poly.do(client.increase(1)))
refused(lambda: poly.do(poly.connect(echo, "another", wait=False)))
refused(lambda: other.connect(echo, "near"))
