"""under_way [CORE]: a service there (none: here) is closed while calls are under way, by an
`async def`, a plain method, a message, from outside, and too late."""

import asyncio
import sys

from echo_session import refused
from interfaces import idctest

import poly

WAYS = ("async", "plain", "message", "outside", "late")


class Slow:
    def __init__(self, session):
        self.service = session.service

    def basic(self, arg):
        self.service.close()

    def basic_rpc(self, arg):
        if arg == 0:  # this call's own answer is under way
            self.service.close()
            return 0
        return self.stop() if arg == 1 else self.wait(arg)

    async def stop(self):
        self.service.close()
        return 1

    async def wait(self, arg):
        await asyncio.sleep_ms(arg)
        return arg


async def ask(name, close):
    client = await poly.connect(idctest, name)
    slow = client.basic_rpc(10_000 if name == "late" else 80)
    await client.basic_rpc(2)  # the slow one has come before it
    if name == "async":
        print(name, await client.basic_rpc(1))
    elif name == "plain":
        print(name, await client.basic_rpc(0))
    elif name == "message":
        await client.basic(1)
    else:
        await close(name)
    try:
        print(name, client.channel.kind, await slow)
    except poly.Error as error:
        print(name, type(error).__name__, error)
    while not client.closed:
        await asyncio.sleep_ms(1)
    refused(lambda: client.basic(1))


async def serve():
    services = {}
    for name in WAYS:
        services[name] = poly.export(idctest, Slow, name)

    async def close(name):
        try:
            await services[name].close(40 if name == "late" else 1000)
        except poly.Error as error:
            print(type(error).__name__, error)

    parent = poly.parent()
    if parent:
        parent.send(b"")
        while True:
            await close((await poly.recv(parent)).decode())
    for name in WAYS:
        await ask(name, close)


async def serve_there(core):
    async def close(name):
        child.channel.send(name.encode())

    with poly.spawn(core, "under_way") as child:
        child.channel.recv()
        for name in WAYS:
            await ask(name, close)


asyncio.run(serve_there(int(sys.argv[1])) if len(sys.argv) > 1 else serve())
