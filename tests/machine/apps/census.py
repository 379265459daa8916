"""What this core holds, in one line: heap bytes, regions, doorbells, children, modules, tasks.

The log is emptied first: its lines differ from run to run, and are no leak."""

import gc
import sys

import cpu

kernel = cpu.this()
kernel.log.__init__()
tasks = 0
if "asyncio" in sys.modules:
    from asyncio import core

    tasks = 0 if core._task_queue.peek() is None else 1
waited_for = [link for link in kernel.monitor.links.values() if link.asked or link.child]
gc.collect()
print(
    "census %d: heap %d regions %d bells %d children %d links %d modules %d tasks %d"
    % (
        cpu.core(),
        gc.mem_alloc(),
        len(kernel.arena.taken),
        len(kernel.doorbells.taken),
        len(kernel.children),
        len(waited_for),
        len(sys.modules),
        tasks,
    )
)
