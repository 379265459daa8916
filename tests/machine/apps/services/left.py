"""left: how a session hears that its client has ended: hung_up(), once, and a port's packet;
whichever way it ends, also while a handler waits, and before it was accepted."""

import asyncio
import sys
import time

from interfaces import idctest

import poly


class Session:
    def __init__(self, session):
        self.name = session.client
        self.left = 0
        sessions.append(self)
        port.death(session, key=self)

    def basic(self, arg):
        pass

    async def str(self, arg, s):
        await asyncio.sleep_ms(1000 * arg)

    def basic_rpc(self, arg):
        if arg == 2:
            return 1 // 0
        return arg

    async def hung_up(self):
        await asyncio.sleep_ms(0)
        self.left += 1


class Torn(Session):
    """Made, then its service is closed before its channel is."""

    def __init__(self, session):
        super().__init__(session)
        session.service.close()


async def until(condition):
    while not condition():
        await asyncio.sleep_ms(1)


async def told(way):
    session = sessions.pop()
    packet = await asyncio.wait_for(port.next(), 5)
    await asyncio.wait_for(until(lambda: session.left), 5)
    await asyncio.sleep_ms(5)
    assert packet.key is session and session.left == 1
    assert not sessions, "one session for each client"
    print(way, type(packet.status).__name__)


async def here():
    """Of a client in the same program: in the service's domain, and in another."""
    for name, domain in (("same", poly), ("other", poly.Domain("other"))):
        for way in ("closes", "waits", "service", "domain"):
            if domain is not poly or way != "domain":  # the program's own lasts as long as it
                await one(domain, name, way)
    service = poly.export(idctest, Torn, "torn")
    try:
        await poly.connect(idctest, service.iref)
    except poly.Error as error:
        print("torn", type(error).__name__)
    await told("torn")


async def one(domain, name, way):
    service = poly.export(idctest, Session, way)
    client = await domain.connect(idctest, way)
    await client.basic_rpc(1)
    if way == "closes":
        await client.close()
    elif way == "waits":
        await client.str(1, "")
        await client.str(0, "")
        client.close(50)
    elif way == "domain":
        domain.close()
    else:
        service.close()
    await told("%s %s" % (name, way))
    service.close()


async def there():
    """Of a client on another core: its program ends, is killed, its core is restarted."""
    service = poly.export(idctest, Session, "left")
    for way in ("ends", "closes", "waits", "killed", "restarted"):
        with poly.spawn(1, "left", [way]) as child:
            await asyncio.wait_for(until(lambda: sessions), 5)
            if way in ("killed", "restarted"):
                await poly.recv(child.channel)
                child.kill() if way == "killed" else poly.restart(1)
            await told(way)
    service.close()


def client(way):
    found = poly.do(poly.connect(idctest, "left"))
    poly.do(found.basic_rpc(1))
    if way == "closes":
        poly.do(found.close())
    if way == "waits":
        found.str(1, "")
        found.str(0, "")
    if way in ("killed", "restarted"):
        poly.parent().send(b"")
        time.sleep(1000)


if poly.parent():
    client(sys.argv[1])
else:
    sessions = []
    port = poly.Port()
    asyncio.run(here() if len(sys.argv) == 1 else there())
