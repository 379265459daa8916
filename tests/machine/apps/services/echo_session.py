"""A server of echo, for the programs beside it."""

import cpu

from poly.port import default_port


class Echo:
    def __init__(self, session):
        self.session = session

    def say(self, text):
        return text

    def increase(self, number):
        return number + 1


def serve_until(condition):
    """Serve this core's port until that holds."""
    while not condition():
        if not default_port().serve():
            cpu.wait()


def held():
    """What this core has of regions, doorbells, records, look-ups and ends of channels."""
    kernel = cpu.this()
    binder = kernel.monitor.binder()
    return (
        len(kernel.arena.taken),
        len(kernel.doorbells.taken),
        len(binder.records),
        len(binder.naming.waiting()) if binder.naming else 0,
        [len(domain.connecting) + len(domain.bindings) for domain in kernel.domains],
    )


def refused(function):
    """Print the error that this raises."""
    import poly

    try:
        function()
    except poly.Error as error:
        print(type(error).__name__, error)


async def cancelled_after(turns, coroutine):
    """Run it as a task, and cancel that after so many turns of the loop."""
    import asyncio

    task = asyncio.create_task(coroutine)
    for _ in range(turns):
        await asyncio.sleep_ms(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


def interrupted(call):
    """Wait for it, and be interrupted as by Ctrl-C in the midst of that."""
    import poly

    def interrupt():
        raise KeyboardInterrupt

    default_port().defer(interrupt)
    try:
        poly.do(call)
    except KeyboardInterrupt:
        pass
