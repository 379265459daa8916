"""Three tasks of asyncio, for ever."""

import asyncio


async def tick(ms):
    while True:
        await asyncio.sleep_ms(ms)


async def main():
    print("loop")
    await asyncio.gather(tick(1), tick(7), tick(3600_000))


asyncio.run(main())
