"""children: the end of a child, awaited while other tasks run, and as a port's packet: its
status, and PeerDied when its core is restarted; before it ends and after."""

import asyncio
import sys
import time

import poly


async def let_go(child):
    for _ in range(10):
        await asyncio.sleep_ms(1)
    await poly.send(child.channel, b"go on")


async def awaited():
    with poly.spawn(1, "children", ["", "7"]) as child:
        try:
            await asyncio.wait_for(child, 0.005)
        except asyncio.TimeoutError:
            print("still runs")
        asyncio.create_task(let_go(child))
        print("awaited", await child, await child)
    with poly.spawn(1, "children", ["5", "1"]) as one:
        with poly.spawn(2, "children", ["1", "2"]) as two:
            print("gathered", await asyncio.gather(one, two, two))
    with poly.spawn(1, "children", ["100000", "1"]) as child:
        restarting = asyncio.create_task(restart())
        try:
            await child
        except poly.PeerDied as died:
            print("died", died.core)
        await restarting


async def restart():
    await asyncio.sleep_ms(20)
    poly.restart(1)


def packets():
    port = poly.Port(depth=4)
    with poly.spawn(1, "children", ["20", "3"]) as child:
        cancelled = port.death(child, "cancelled")
        port.add(child, "added")
        port.death(child, "death")
        cancelled.cancel()
        for _ in range(2):
            packet = port.wait(5000, child)
            print(packet.key, packet.source is child, packet.status, packet.value)
        port.death(child, "late")
        packet = port.wait(0)
        print(packet.key, packet.result(), child.wait(), port.promised, port.wait(0))
    with poly.spawn(1, "children", ["100000", "3"]) as child:
        port.add(child, "restarted")
        poly.restart(1)
        print(type(port.wait(5000).status).__name__)
    for wrong in (None, 3, port):
        for take in (port.add, port.death, port.credit):
            try:
                take(wrong)
            except poly.Misuse:
                pass
    print("promised", port.promised)


if poly.parent():
    time.sleep_ms(int(sys.argv[1])) if sys.argv[1] else poly.parent().recv()
    sys.exit(int(sys.argv[2]))
packets()
asyncio.run(awaited())
