"""The end of a channel as a packet, over each transport: by its close, by the end of a
domain (the peer's, then one's own), and by the restart of a core."""

from echo_session import Echo
from interfaces import echo

import poly


def watch(client, transport):
    assert client.channel.kind == transport, client.channel.kind
    port.death(client, transport)
    port.add(client.say("under way"), "call")


def show(count):
    """The next packets, and that no other comes."""
    for _ in range(count):
        packet = port.wait(5000)
        print(packet.key, packet.kind, type(packet.status).__name__, packet.status)
    print(port.wait(20), port.promised)


port = poly.Port()
service = poly.export(echo, Echo, "same")
client = poly.do(poly.connect(echo, "same"))
watch(client, "loopback")
client.close()
show(2)

other = poly.Domain("other")
service = other.export(echo, Echo, "near")
watch(poly.do(poly.connect(echo, "near")), "LMP")
other.close()
show(2)

other = poly.Domain("own")
watch(poly.do(other.connect(echo, "same")), "LMP")
other.close()
show(2)

child = poly.spawn(2, "serve", ["far"])
watch(poly.do(poly.connect(echo, "far")), "UMP")
show(1)
poly.restart(2)
show(1)
