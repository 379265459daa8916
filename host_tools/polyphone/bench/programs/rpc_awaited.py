# rpc_awaited.py HEAP ROUNDS: what a typed rpc to core 1 costs that a task awaits while another
# task, which does the same, is ready; in a heap of HEAP bytes. What the core's heap has beyond
# that is one block, held.
import asyncio
import gc
import json
import sys

import cpu
import links
from interfaces import echo

heap, rounds = int(sys.argv[1]), int(sys.argv[2])


async def increase_all(client, count):
    increase = client.increase
    for number in range(count):
        await increase(number)


async def two_tasks(client, count):
    other = asyncio.create_task(increase_all(client, count // 2))
    await increase_all(client, count // 2)
    await other


async def main(client):
    await two_tasks(client, links.WARM_UP)
    before = cpu.instructions()
    await two_tasks(client, rounds)
    return (cpu.instructions() - before) / rounds


with links.start_server(1):
    client = links.connect(echo)
    gc.collect()
    total = gc.mem_alloc() + gc.mem_free()
    ballast = bytearray(total - heap)
    print(json.dumps({"awaited": asyncio.run(main(client))}))
