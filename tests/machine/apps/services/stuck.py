"""stuck: what is sent to a server that takes nothing is given up, with a word and in time, when
its sender ends; at once if that is killed meanwhile."""

import asyncio
import time

from interfaces import idctest

import poly


class Stuck:
    def __init__(self, session):
        pass

    async def basic(self, arg):
        await asyncio.sleep(1000)

    def str(self, arg, s):
        pass

    def basic_rpc(self, arg):
        return arg


def send_all(client):
    for number in range(40):
        client.str(number, "x" * 1000)


async def ends(way):
    """A program on core 1 sends while this one serves nothing."""
    with poly.spawn(1, "stuck", ["send"]) as child:
        await poly.recv(child.channel)
        child.channel.send(b"")
        start_ms = time.ticks_ms()
        if way == "killed":
            time.sleep_ms(100)
            child.kill()
        while child.status is None:
            time.sleep_ms(1)
        late = time.ticks_diff(time.ticks_ms(), start_ms) >= 5000
        print(way, child.status, "late" if late else "soon")


async def closes():
    """A domain of this program sends to a session whose handler never ends."""
    domain = poly.Domain("other")
    client = await domain.connect(idctest, "stuck")
    await client.basic(1)
    send_all(client)
    await domain.close(50)
    print("domain closed", type(client.closed).__name__)


async def main():
    service = poly.export(idctest, Stuck, "stuck")
    await ends("ended")
    await ends("killed")
    await closes()
    await service.close(0)


if poly.parent():
    client = poly.do(poly.connect(idctest, "stuck"))
    poly.do(client.basic_rpc(1))
    poly.parent().send(b"")
    poly.parent().recv()
    send_all(client)
else:
    asyncio.run(main())
