"""finely: the ends of channels, in their details: who is told what, once, and that nothing
waits for ever. Each case prints its name if it holds."""

import asyncio
import sys

import cpu
from interfaces import idctest

import poly
from poly.port import ports


class Plain:
    """A server whose calls take a while."""

    def __init__(self, session):
        self.session = session
        self.gate = asyncio.Event()

    async def basic(self, arg):
        await self.gate.wait()

    def buf(self, buf):
        pass

    def str(self, arg, s):
        raise ValueError(s)

    async def basic_rpc(self, arg):
        await asyncio.sleep_ms(arg)
        return arg


def answer_later(binding):
    """An event server whose answers come later, from a task."""

    async def call(binding, arg):
        tag = binding.tag
        await asyncio.sleep_ms(arg)
        binding.tx.basic_rpc_response(arg, None, tag)

    binding.rx["basic_rpc_call"] = call
    binding.rx["buf"] = lambda binding, data: None


def refused(function):
    try:
        function()
    except poly.Error as error:
        return type(error).__name__
    return None


async def error_of(call):
    try:
        await call
    except poly.Error as error:
        return type(error).__name__
    return None


async def events_answer_before_they_close():
    for closes in ("service", "client"):
        service = poly.export_events(idctest, answer_later, "events")
        client = await poly.connect(idctest, "events")
        call = client.basic_rpc(30)
        await asyncio.sleep_ms(5)
        closing = service.close() if closes == "service" else client.close()
        assert await call == 30
        await closing
        await service.close()


async def a_drain_after_the_end_is_refused():
    domain = poly.Domain("other")
    client = await domain.connect(idctest, "plain")
    domain.close()
    assert refused(client.drain) in ("PeerDied", "PeerBroke", "Misuse")


async def a_drain_tells_what_was_not_taken():
    client = await poly.connect(idctest, "plain", slots=4)
    await client.basic(1)
    sends = [client.basic(number) for number in range(20)]
    drained = client.drain()
    closing = client.close(20)
    assert await error_of(drained) == "Timeout"
    assert await error_of(closing) == "Timeout"
    assert await error_of(sends[-1]) == "Timeout"


async def a_domain_ends_when_what_lasts_ends_otherwise():
    domain = poly.Domain("other")
    client = await domain.connect(idctest, "plain", slots=4)
    for number in range(20):
        client.basic(number)
    client.close(20)
    await asyncio.wait_for(domain.close(None), 5)
    assert domain not in cpu.this().domains


async def a_domain_that_ends_takes_nothing_new():
    domain = poly.Domain("other")
    binding = await domain.connect(idctest, "events", events=True, slots=4)
    ran = []

    def go_on():
        ran.append(refused(lambda: binding.tx.buf(b"y" * 2000)))
        binding.register_send(go_on)

    binding.tx.buf(b"x" * 2000)
    binding.register_send(go_on)
    await asyncio.wait_for(domain.close(None), 5)
    assert not ran, ran


async def a_call_reaches_no_domain_that_ends():
    domain = poly.Domain("other")
    handled = []

    class Flood(Plain):
        def basic(self, arg):
            for number in range(140):
                refused(lambda number=number: self.session.view.basic(number))

        def basic_rpc(self, arg):
            handled.append(arg)
            return arg

    class Slow:
        async def basic(self, arg):
            await asyncio.sleep(1000)

    domain.export(idctest, Flood, "flood")
    flooded = await poly.connect(idctest, "flood", receiver=Slow(), slots=4)
    client = await poly.connect(idctest, "flood")
    for _ in range(2):
        await flooded.basic(1)
        await asyncio.sleep_ms(5)
    closing = domain.close(20)

    async def ask():
        return await client.basic_rpc(1)

    assert await error_of(ask()) == "PeerDied"
    await closing
    assert not handled


async def more_messages_may_be_let_in():
    views = []

    class Waits(Plain):
        def __init__(self, session):
            super().__init__(session)
            views.append(self)

        async def basic(self, arg):
            if arg == 2:
                self.gate.set()
            await self.gate.wait()

    service = poly.export(idctest, Waits, "waits")
    client = await poly.connect(idctest, "waits")
    await client.basic(1)
    await client.basic(2)
    while not views[0].session.view._turns.held:
        await asyncio.sleep_ms(1)
    assert refused(lambda: setattr(views[0].session.view, "messages", 0)) == "Misuse"
    views[0].session.view.messages = 2
    await asyncio.wait_for(client.drain(), 5)
    await service.close()


async def a_hook_may_be_async():
    took = []

    async def hook(session, error):
        await asyncio.sleep_ms(1)
        took.append(str(error))

    service = poly.export(idctest, Plain, "hooked", on_error=hook)
    client = await poly.connect(idctest, "hooked")
    await client.str(1, "text")
    while not took:
        await asyncio.sleep_ms(1)
    assert took == ["text"]
    await service.close()


async def a_factory_may_wait():
    made = []

    class Gateway(Plain):
        def __init__(self, session):
            made.append(session)
            self.back = poly.do(poly.connect(idctest, "plain"))
            super().__init__(session)

    service = poly.export(idctest, Gateway, "gateway")
    for _ in range(3):
        client = await poly.connect(idctest, "gateway")
        assert await client.basic_rpc(1) == 1
        await client.close()
    assert len(made) == 3
    await service.close()


async def watches_of_a_child_leave_nothing():
    with poly.spawn(1, "finely", ["child"]) as child:
        port = poly.Port()
        for _ in range(100):
            port.death(child).cancel()
        assert len(ports().endings) <= 1 and not port.promised
        message = await poly.recv(child.channel)
        assert len(message) == 20_000 and await child == 0


CASES = (
    events_answer_before_they_close,
    a_drain_after_the_end_is_refused,
    a_drain_tells_what_was_not_taken,
    a_domain_ends_when_what_lasts_ends_otherwise,
    a_domain_that_ends_takes_nothing_new,
    a_call_reaches_no_domain_that_ends,
    more_messages_may_be_let_in,
    a_hook_may_be_async,
    a_factory_may_wait,
    watches_of_a_child_leave_nothing,
)


async def main():
    poly.export(idctest, Plain, "plain")
    for case in CASES:
        events = poly.export_events(idctest, answer_later, "events")
        if case is events_answer_before_they_close:
            events.close()
        await asyncio.wait_for(case(), 20)
        events.close(0)
        print(case.__name__)


if sys.argv[1:]:
    poly.parent().post(b"x" * 20_000, 20_000)
else:
    asyncio.run(main())
