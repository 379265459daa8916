"""Services and their clients in asyncio: one service, clients of it on this core and core 1."""

import asyncio
import sys

from echo_session import Echo
from interfaces import echo

import poly


async def ask(name, rounds):
    client = await poly.connect(echo, name)
    for number in range(rounds):
        assert await client.increase(number) == number + 1
    client.close()


async def main():
    if len(sys.argv) > 1:
        await asyncio.gather(*[ask("tasks", 20) for _ in range(4)])
        return
    async with poly.export(echo, Echo, "tasks") as service:
        with poly.spawn(1, "tasks", ["ask"]) as child:
            await asyncio.gather(*[ask("tasks", 20) for _ in range(4)])
            while not child.ended():
                await asyncio.sleep_ms(1)
            print("status", child.wait())
        while service.used():
            await asyncio.sleep_ms(1)
    await service.serve()
    print("closed")


asyncio.run(main())
