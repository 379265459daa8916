"""Many tasks of asyncio on one core, each with a channel to another core or a share of one."""

import asyncio

import poly

ROUNDS = 200


async def talk(channel, name):
    for number in range(ROUNDS):
        message = b"%s %d" % (name, number)
        if number % 20 == 0:
            message = message * 50
        await poly.send(channel, message, number % 30 + 2)
        answer = await poly.recv(channel)
        if answer != message or channel.kind != number % 30 + 2:
            raise ValueError("%s instead of %s" % (answer[:20], message[:20]))


async def count(ticks):
    while True:
        ticks[0] += 1
        await asyncio.sleep_ms(1)


async def main():
    others = [core for core in range(poly.cores()) if core != poly.core()]
    children = [poly.spawn(core, "answer") for core in others]
    ticks = [0]
    ticking = asyncio.create_task(count(ticks))
    await asyncio.gather(*[talk(child.channel, b"core%d" % child.core) for child in children])
    ticking.cancel()
    for child in children:
        await poly.send(child.channel, b"", 1)
        try:
            await poly.recv(child.channel)
        except poly.PeerBroke as broke:
            print(broke)
        child.close()
    print("talked", len(children) * ROUNDS, "ticked", ticks[0] > 0)


asyncio.run(main())
