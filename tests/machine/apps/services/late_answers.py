"""Calls whose handlers answer later, in any order, and whose callers do not all wait for it:
each answer ends its own call (CALL-1, CALL-6). Over each transport; in asyncio."""

import asyncio
import sys

from echo_session import cancelled_after
from interfaces import echo

import poly

CALLS = 4
ROUNDS = 1100  # more than a tag has generations


class Slow:
    def __init__(self, session):
        self.go_on = asyncio.Event()

    async def increase(self, number):
        if number:
            await asyncio.sleep_ms(number * 7 % 5)
        else:
            await self.go_on.wait()
        return number + 1

    def say(self, text):
        if not text:
            self.go_on.set()
        return text


async def ask(client, number):
    """Whether it was worth the wait."""
    try:
        answer = await asyncio.wait_for_ms(client.increase(number), number % 6)
    except asyncio.TimeoutError:
        return False
    assert answer == number + 1, (answer, number)
    return True


def ask_and_cancel(client, number):
    return cancelled_after(number % 4, ask(client, number))


async def all_free(client):
    """Until no call is under way: as many as there may be are answered."""
    while True:
        try:
            answers = await asyncio.gather(*[client.increase(9) for _ in range(CALLS)])
        except poly.Exhausted:
            await asyncio.sleep_ms(1)
            continue
        assert answers == [10] * CALLS, answers
        return


async def hurried(client):
    """Callers that wait a while, and such that are cancelled."""
    done = 0
    for number in range(1, 60, CALLS):
        for one in (ask, ask_and_cancel):
            asked = [one(client, number + place) for place in range(CALLS)]
            done += sum(1 for worth in await asyncio.gather(*asked) if worth)
            await all_free(client)
    return done


async def around(client):
    """Tags come round, while one call stays under way."""
    slow = client.increase(0)
    for number in range(ROUNDS):
        assert await client.say(str(number + 1)) == str(number + 1)
    assert not slow.done
    await client.say("")
    assert await slow == 1


async def main():
    other = poly.Domain("other")
    services = [poly.export(echo, Slow, "same"), other.export(echo, Slow, "near")]
    for name in ("same", "near", "far"):
        client = await poly.connect(echo, name, calls=CALLS)
        done = await hurried(client)
        await around(client)
        late = client.late_answers
        print(client.channel.kind, done > 0, late > 0, client.strays, client.closed)
    return services


async def serve():
    async with poly.export(echo, Slow, "far") as service:
        await service.serve()


if len(sys.argv) > 1:
    asyncio.run(serve())
else:
    with poly.spawn(1, "late_answers", ["serve"]):
        asyncio.run(main())
