"""What goes on while a Python prompt waits for input: what was exported at it is served, and
the tasks that were started at it run."""

import sys
import time

import calls
import cpu


async def turn():
    """A task that is done when all that were ready before it had their turn."""


def attend():
    """Do what is ready; milliseconds until there is more to do, -1: until something happens."""
    did = calls.attend()
    core = sys.modules.get("asyncio.core")
    if core is None:
        return 0 if did else -1
    again_ms = -1
    streams = core._io_queue
    if streams.map:
        streams.wait_io_event(0)
        again_ms = streams.poller.period()
    task = core._task_queue.peek()
    if task is not None:
        left_ms = time.ticks_diff(task.ph_key, core.ticks())
        if left_ms <= 0:
            core.run_until_complete(core.create_task(turn()))
            return 0
        again_ms = left_ms if again_ms < 0 else min(left_ms, again_ms)
    return 0 if did else again_ms


def wait():
    """Do what is ready, or wait until something is."""
    left_ms = attend()
    if left_ms:
        cpu.wait(left_ms)
