"""ended [port]: tasks that have ended, in all orders, and loops that are asked for at odd times.

Runs under CPython too, whose output says what is right; with a port, and with none."""

import asyncio
import sys

WITH_PORT = "port" in sys.argv
if WITH_PORT:
    import poly

    poly.Port()


class Odd(Exception):
    """What a task failed with."""


async def value():
    return 42


async def slow_value():
    await asyncio.sleep(0.01)
    return 43


async def fails():
    raise Odd("no")


async def fails_slowly():
    await asyncio.sleep(0.01)
    raise Odd("no, later")


async def never():
    await asyncio.sleep(1000)


async def swallows():
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        return "swallowed"


async def await_it(task):
    return await task


async def pause(task):
    await asyncio.sleep(0.03)


async def cancel(task):
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.sleep(0.01)


async def gather(task):
    return await asyncio.gather(task, slow_value())


async def gather_all(task):
    found = await asyncio.gather(task, slow_value(), return_exceptions=True)
    return [name(one) if isinstance(one, BaseException) else one for one in found]


async def wait_for(task):
    return await asyncio.wait_for(task, 1)


async def two_await(task):
    first = asyncio.create_task(await_it(task))
    second = asyncio.create_task(await_it(task))
    return await asyncio.gather(first, second, return_exceptions=True)


def name(error):
    return "%s%s" % (type(error).__name__, error.args if isinstance(error, Odd) else "")


def outcome(function, *args):
    try:
        found = function(*args)
    except BaseException as error:
        return name(error)
    if isinstance(found, list):
        return [name(one) if isinstance(one, BaseException) else one for one in found]
    return found


TASKS = (value, slow_value, fails, fails_slowly, never, swallows)
BEFORE = (None, pause, await_it, gather, gather_all, wait_for, cancel)
ASKING = (None, await_it, gather, gather_all, wait_for, two_await)


def ended_tasks(loop):
    """Each kind of task, ended beside or awaited by each, then asked for twice by each."""
    for make in TASKS:
        for before in BEFORE:
            if make in (never, swallows) and before is not cancel:
                continue
            for asking in ASKING:
                task = loop.create_task(make())
                words = [make.__name__]
                if before is not None:
                    words += [before.__name__, outcome(loop.run_until_complete, before(task))]
                for _ in range(2):
                    asked = task if asking is None else asking(task)
                    words.append(outcome(loop.run_until_complete, asked))
                words.append(task.done())
                print(*words, asking and asking.__name__)


def main_tasks(loop):
    """A task that was the main one, and whoever awaits it."""
    for make in (value, slow_value, fails, fails_slowly):
        task = loop.create_task(make())
        other = loop.create_task(await_it(task))
        found = [outcome(loop.run_until_complete, task)]
        found.append(task.done())
        found += [outcome(loop.run_until_complete, one) for one in (other, task, other)]
        print(make.__name__, *found)


def leaves_the_loop(loop):
    """What ends a loop is told once, and the task has ended with it."""

    async def leave():
        raise SystemExit(7)

    task = loop.create_task(leave())
    print("beside", outcome(loop.run_until_complete, pause(None)), task.done())
    print("current", outcome(current))
    print("after", outcome(loop.run_until_complete, value()))


def current():
    return asyncio.current_task() is not None


def ready_tasks_have_their_turn(loop):
    """Before an ended task's outcome is given."""
    said = []

    async def say():
        said.append("said")

    task = loop.create_task(value())
    loop.run_until_complete(task)
    loop.create_task(say())
    print("turn", loop.run_until_complete(task), said)


async def within(loop):
    """What a running task asks of its loop, and of others."""
    child = asyncio.create_task(slow_value())
    new = asyncio.new_event_loop()
    if new is not loop:
        new.close()  # CPython has several
    print("child", await child, current())
    print("run", outcome(run_within, asyncio.run))
    print("until", outcome(run_within, loop.run_until_complete))
    print("forever", outcome(loop.run_forever))
    print("goes on", await slow_value(), current())
    ended = asyncio.create_task(value())
    await asyncio.sleep(0)
    print("waits", await asyncio.wait_for(ended, 1), await ended, ended.done())
    return "within"


def run_within(function):
    coroutine = value()
    try:
        return function(coroutine)
    finally:
        coroutine.close()


def stopped_loops(loop):
    said = []

    async def tick():
        for number in range(3):
            said.append(number)
            await asyncio.sleep(0.005)
        loop.stop()

    for _ in range(2):
        task = loop.create_task(tick())
        print("forever", loop.run_forever(), said, outcome(loop.run_until_complete, task))


def told_errors(loop):
    """Which errors of tasks the handler is told of: those that nobody retrieves."""
    told = []
    loop.set_exception_handler(lambda _, context: told.append(name(context["exception"])))

    async def ask_once_it_has_ended(ask):
        task = asyncio.create_task(fails())
        await asyncio.sleep(0)
        print("ended", task.done())
        await ask(task)

    for ask in (await_it, gather, gather_all, wait_for):
        print("told", outcome(loop.run_until_complete, ask_once_it_has_ended(ask)))
        loop.run_until_complete(pause(None))
    print("told", told)
    loop.set_exception_handler(None)


loop = asyncio.new_event_loop()
loop.set_exception_handler(lambda loop, context: None)
print("outside", outcome(current))
ended_tasks(loop)
main_tasks(loop)
leaves_the_loop(loop)
ready_tasks_have_their_turn(loop)
stopped_loops(loop)
told_errors(loop)
for _ in range(2):
    print(loop.run_until_complete(within(loop)))
    print("outside", outcome(current))
loop.close()
for make in (value, fails):
    print("run", outcome(asyncio.run, make()), outcome(current))
