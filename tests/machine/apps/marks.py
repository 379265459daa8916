"""Leaves marks wherever it can; says which it found from a run before."""

import asyncio
import gc
import os
import sys

import micropython

found = []
if "mark" in globals():
    found.append("global")
if hasattr(sys.modules.get("neighbour_mark"), "mark") or "neighbour_mark" in sys.modules:
    found.append("module")
if "mark" in sys.path:
    found.append("path")
if "mark" in sys.argv:
    found.append("argv")
if os.getcwd() != "/":
    found.append("folder")
if micropython.heap_locked():
    found.append("lock")
if not gc.isenabled():
    found.append("gc")
if gc.threshold() != -1:
    found.append("threshold")
if asyncio.core._task_queue.peek() is not None:
    found.append("task")
print("found:", *found)

mark = 1
sys.modules["neighbour_mark"] = sys
sys.path.append("mark")
sys.argv.append("mark")
os.chdir("/rom")
gc.disable()
gc.threshold(1000)


async def forever():
    while True:
        await asyncio.sleep(1)


async def main():
    for _ in range(10):
        asyncio.create_task(forever())
    await asyncio.sleep_ms(1)


asyncio.run(main())
micropython.heap_lock()
