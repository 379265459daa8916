"""Tasks of asyncio that swallow what ends them, and start over."""

import asyncio


async def tick():
    while True:
        try:
            await asyncio.sleep_ms(5)
        except BaseException:
            print("swallowed")


async def main():
    await asyncio.gather(tick(), tick())


print("loop")
while True:
    try:
        asyncio.run(main())
    except BaseException:
        pass
    print("swallowed")
