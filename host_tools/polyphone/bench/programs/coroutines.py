# coroutines.py HEAP AWAITS EVENTS: instructions of an `await` and of an Event round trip
# in a heap of HEAP bytes. What the core's heap has beyond that is one block, held.
import asyncio
import gc
import json
import sys

import cpu

SAMPLE = 100
heap, awaits, events = [int(text) for text in sys.argv[1:]]


async def nop():
    pass


async def await_cost(count):
    before = cpu.instructions()
    for _ in range(count):
        await nop()
    return (cpu.instructions() - before) / count


async def pong(there, back, count):
    for _ in range(count):
        await there.wait()
        there.clear()
        back.set()


async def event_cost(count):
    there, back = asyncio.Event(), asyncio.Event()
    other = asyncio.create_task(pong(there, back, count))
    before = cpu.instructions()
    for _ in range(count):
        there.set()
        await back.wait()
        back.clear()
    cost = (cpu.instructions() - before) / count
    await other
    return cost


def times_filled(function, count):
    # How often the heap is full while `count` awaits are made.
    gc.collect()
    free = gc.mem_free()
    asyncio.run(function(SAMPLE))
    return (free - gc.mem_free()) / SAMPLE * count / free


gc.collect()
total = gc.mem_alloc() + gc.mem_free()
ballast = bytearray(total - heap)
asyncio.run(await_cost(SAMPLE))
result = {"heap": total - len(ballast), "ballast": len(ballast)}
result["await_filled"] = times_filled(await_cost, awaits)
gc.collect()
result["await"] = asyncio.run(await_cost(awaits))
if events:
    result["event_filled"] = times_filled(event_cost, events)
    gc.collect()
    result["event"] = asyncio.run(event_cost(events))
print(json.dumps(result))
