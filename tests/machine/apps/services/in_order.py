"""in_order [CORE]: `async def` methods for messages, at a server there (none: here): one at a
time or as many as it says, in order, and nothing is lost; what is behind them waits."""

import asyncio
import sys

from interfaces import idctest

import poly

COUNT = 300  # more than a ring and what may wait at the sender


class Slow:
    def __init__(self, session):
        self.begun = []
        self.ended = []
        self.under_way = self.most = 0

    async def basic(self, arg):
        self.begun.append(arg)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep_ms(0 if arg % 50 else 5)
        self.under_way -= 1
        self.ended.append(arg)

    def buf(self, buf):
        self.begun.append(len(buf))
        self.ended.append(len(buf))

    def basic_rpc(self, arg):
        """How many had begun, if in order; the most at one time if asked for 1."""
        if arg:
            return self.most
        return len(self.begun) if self.begun == sorted(self.begun) else 0


def serve():
    poly.export(idctest, Slow, "one")
    poly.export(idctest, Slow, "four", messages=4)


async def serve_on():
    await asyncio.sleep(1000)


async def ask(name):
    client = await poly.connect(idctest, name)
    for number in range(COUNT):
        await client.basic(number)
    call = client.basic_rpc(0)
    print(name, client.channel.kind, "begun", await call, "most", await client.basic_rpc(1))
    await client.buf(b"x" * 2048)
    await client.drain()
    await client.close()


async def main():
    if not poly.parent() and len(sys.argv) == 1:
        serve()
    for name in ("one", "four"):
        await ask(name)


if poly.parent():
    serve()
    poly.parent().send(b"")
    asyncio.run(serve_on())
elif len(sys.argv) > 1:
    with poly.spawn(int(sys.argv[1]), "in_order") as child:
        child.channel.recv()
        asyncio.run(main())
else:
    asyncio.run(main())
