"""given_up_tasks ROUNDS: tasks that are cancelled, or whose time is over, at any moment while
they await a connect; then what is left of them."""

import asyncio
import sys

import cpu
from echo_session import Echo, cancelled_after, interrupted
from interfaces import echo

import poly


async def connected(name, seen):
    client = await poly.connect(echo, name, slots=8)
    try:
        seen.append(await client.increase(1))
    finally:
        client.close()


async def late(name, time_ms, seen):
    try:
        client = await asyncio.wait_for_ms(poly.connect(echo, name, slots=8), time_ms)
    except asyncio.TimeoutError:
        return
    seen.append(await client.increase(1))
    client.close()


def held():
    kernel = cpu.this()
    records = kernel.monitor.binder().records
    return len(kernel.arena.taken), len(kernel.doorbells.taken), len(records)


async def main(rounds):
    seen = []
    for name in ("near", "far", "nobody"):
        await asyncio.gather(
            *[cancelled_after(turns % 12, connected(name, seen)) for turns in range(rounds)]
        )
        await asyncio.gather(*[late(name, turns % 6, seen) for turns in range(rounds)])
        assert len(seen) < 6 * rounds and set(seen) <= {2}, seen
    await nothing_is_left()
    return len(seen) > 0


async def pause():
    await asyncio.sleep_ms(1)


async def nothing_is_left():
    while held() != before or service.used():
        await asyncio.sleep_ms(1)


with poly.spawn(2, "serve", ["far", "64"]):
    service = poly.export(echo, Echo, "near", 64)
    before = held()
    print("nothing is left", asyncio.run(main(int(sys.argv[1]))))
    asyncio.create_task(pause())
    interrupted(poly.connect(echo, "nobody"))
    asyncio.run(nothing_is_left())
    print("nor after an interrupt")
