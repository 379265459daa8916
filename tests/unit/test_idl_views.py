"""Goal: the three views of an interface (IDL-5) send and take each other's messages, and
nothing a peer sends does more than end its own channel. Method: generated modules over a
channel in memory."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from idl_channel import pair, run
from idl_values import interface_of, module_of

from poly import events, views, wire
from poly.errors import Exhausted, Misuse, PeerBroke
from poly.text import shortened
from polyphone import paths
from polyphone.idl import names
from polyphone.idl.command import compile_file

INTERFACES = sorted((paths.KERNEL / "interfaces").glob("*.if"))


def shipped(name):
    return module_of(compile_file(paths.KERNEL / "interfaces" / f"{name}.if").interface)


echo, idctest = shipped("echo"), shipped("idctest")


class Deaf:
    """A view that hears of nothing."""

    def ended(self, error):
        pass


class Session:
    """A server of echo."""

    def say(self, text):
        if text.isupper():
            raise echo.TooLoud("please")
        return text

    async def increase(self, number):
        await asyncio.sleep(0)
        return number + 1


def connected(window=4, **options):
    near, far, loop = pair(window)
    client, server = echo.Client(near, **options), echo.Server(far, Session())
    return client, server, loop


def test_no_message_hides_what_a_view_has():
    client, server, _ = connected()
    own = {name for view in (client, server) for name in dir(view) if name[0] != "_"}
    assert own - names.VIEWS == set(echo.METHODS.values())


# --- clients and servers -----------------------------------------------------------


def test_a_call_comes_back_with_its_value():
    client, _, loop = connected()
    call = client.say("hello")
    assert not call.done
    run(loop)
    assert call.result() == "hello"


def test_calls_are_awaited_and_answered_by_plain_and_by_async_methods():
    client, _, loop = connected()

    async def deliver():
        while True:
            run(loop)
            await asyncio.sleep(0)

    async def main():
        delivery = asyncio.create_task(deliver())
        first, second = client.increase(1), client.say("two")
        assert await asyncio.wait_for(first, 10) == 2
        assert await second == "two"
        delivery.cancel()

    asyncio.run(main())


def test_a_declared_error_is_raised_at_the_caller():
    client, server, loop = connected()
    reported = []
    server.error_handler = lambda view, error: reported.append(error)
    call = client.say("HELLO")
    run(loop)
    with pytest.raises(echo.TooLoud):
        call.result()
    assert not reported


def test_a_declared_error_has_its_text_at_the_caller():
    """CALL-10"""
    client, _, loop = connected()
    call = client.say("HELLO")
    run(loop)
    assert isinstance(call.error, echo.TooLoud) and str(call.error) == "please"


class Mute(Exception):
    """Its text cannot be had."""

    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    "error, text",
    [
        (KeyError("missing"), "KeyError: 'missing'"),
        (ValueError(), "ValueError"),
        (OSError("é" * 500), "OSError: " + "é" * 112),
        (Mute(), "Mute"),
    ],
)
def test_an_undeclared_error_is_named_at_the_caller_and_reported_at_the_server(error, text):
    """CALL-10: without a hook the channel reports it"""

    def say(_):
        raise error

    client, server, loop = connected()
    server.session.say = say
    call = client.say("hello")
    run(loop)
    assert isinstance(call.error, wire.ServerFailed)
    assert str(call.error) == f"echo: the server raised {text}"
    assert server.channel.reported == [("say", error)]


def test_a_hook_takes_what_handlers_raise_and_may_itself_raise():
    """CALL-10"""
    client, server, loop = connected()
    taken = []
    server.on_error = taken.append
    server.session.say = lambda text: 1 / 0
    client.say("hello")
    run(loop)
    assert [type(error) for error in taken] == [ZeroDivisionError]
    assert not server.channel.reported
    server.on_error = lambda error: {}["hook"]
    client.say("hello")
    run(loop)
    kinds = [type(error) for _, error in server.channel.reported]
    assert kinds == [ZeroDivisionError, KeyError]


@given(st.text(), st.integers(0, 60))
def test_a_text_is_cut_between_two_characters(text, length):
    data = shortened(text.encode("utf-8", "ignore").decode(), length)
    assert len(data) <= length and text.startswith(data.decode())
    if len(data) < length and len(data) < len(text.encode("utf-8", "ignore")):
        assert length - len(data) < 4


def test_an_error_that_is_not_declared_is_reported_on_both_sides():
    client, server, loop = connected()
    reported = []
    server.error_handler = lambda view, error: reported.append(error)
    server.session.say = lambda text: 1 / 0
    call = client.say("hello")
    run(loop)
    with pytest.raises(wire.ServerFailed):
        call.result()
    assert [type(error) for error in reported] == [ZeroDivisionError]


@pytest.mark.parametrize("answer", ["x" * 3000, 7, None])
def test_an_answer_that_the_interface_does_not_allow_fails_the_call(answer):
    client, server, loop = connected()
    server.session.say = lambda text: answer
    call = client.say("hello")
    run(loop)
    with pytest.raises(wire.ServerFailed):
        call.result()
    again = client.increase(1)  # the channel lives on
    assert not client.closed and not again.done


def test_a_server_that_lacks_methods_is_told_which():
    class Half:
        def say(self, text):
            return text

    assert echo.Server.missing(Half) == ["increase"]
    near, _, _ = pair()
    with pytest.raises(Misuse, match="echo: the server lacks increase"):
        echo.Server(near, Half())


def test_calls_have_a_bound_and_a_refused_argument_takes_none():
    client, _, loop = connected(calls=2)
    for _ in range(5):
        with pytest.raises(Misuse):
            client.say("x" * 3000)
    calls = [client.say("a"), client.say("b")]
    with pytest.raises(Exhausted, match="echo: 2 of 2 calls under way"):
        client.say("c")
    run(loop)
    assert [call.result() for call in calls] == ["a", "b"]
    assert client.say("c")


def test_sends_without_credit_wait_in_turn():
    client, _, loop = connected(window=1)
    calls = [client.say(str(number)) for number in range(8)]
    run(loop)
    assert [call.result() for call in calls] == [str(number) for number in range(8)]


def test_a_later_event_replaces_one_that_waits():
    taken = []
    receiver = type("Receiver", (), {"counted": lambda self, count: taken.append(count)})()
    near, far, loop = pair(window=1)
    client, server = echo.Client(near, receiver), echo.Server(far, Session())
    assert client.receiver is receiver
    for count in range(10):
        server.counted(count)
    run(loop)
    assert taken == [0, 9]


def test_an_event_without_a_method_is_reported():
    client, server, loop = connected()
    reported = []
    client.error_handler = lambda view, error: reported.append(str(error))
    server.counted(1)
    run(loop)
    assert reported == ["echo: no method counted for what came"] and not client.closed


def test_the_end_of_a_channel_ends_all_that_waits_once():
    client, server, loop = connected(window=1)
    ended = []
    client.error_handler = lambda view, error: ended.append(error)
    calls = [client.say("a"), client.say("b")]
    server.close()
    run(loop)
    for call in calls:
        assert call.done and (call.error or call.value == "a")
    with pytest.raises(RuntimeError):
        client.say("c")
    assert len(ended) == 1


# --- handlers that wait (CALL-9) ---------------------------------------------------


class Gate:
    """A server of idctest whose messages wait until they are let through."""

    def __init__(self):
        self.begun = []
        self.gates = []
        self.left = 0

    async def basic(self, arg):
        self.begun.append(arg)
        gate = asyncio.Event()
        self.gates.append(gate)
        await gate.wait()

    def str(self, arg, s):
        self.begun.append(arg)

    def basic_rpc(self, arg):
        self.begun.append(arg)
        return arg

    def hung_up(self):
        self.left += 1


def gated(messages, window=4):
    near, far, loop = pair(window)
    client, server = idctest.Client(near), idctest.Server(far, Gate())
    server.messages = messages
    return client, server, loop


async def settle(loop):
    for _ in range(4):
        run(loop)
        await asyncio.sleep(0)


@pytest.mark.parametrize("messages", [1, 3])
def test_so_many_handlers_of_messages_run_as_the_session_says_and_in_order(messages):
    """CALL-9: what is behind them waits, at last at the sender"""

    async def main():
        client, server, loop = gated(messages)
        sends = [client.basic(number) for number in range(20)]
        call = client.basic_rpc(20)
        most = 0
        while len(server.session.begun) < 21:
            await settle(loop)
            waiting = [gate for gate in server.session.gates if not gate.is_set()]
            most = max(most, len(waiting))
            done = sum(send.done for send in sends)
            assert done <= len(server.session.begun) + 1 + 4  # one held, a window of four
            if waiting:
                waiting[0].set()
        await settle(loop)
        assert server.session.begun == list(range(21)) and call.result() == 20
        assert most == messages and all(send.done for send in sends)

    asyncio.run(main())


def test_a_handler_that_raises_lets_the_next_message_in():
    """CALL-9, CALL-10"""

    async def main():
        client, server, loop = gated(1)

        async def fail(arg):
            await asyncio.sleep(0)
            raise ValueError(arg)

        server.session.basic = fail
        for number in range(3):
            client.basic(number)
        client.str(3, "")
        for _ in range(10):
            await settle(loop)
        assert [error.args for _, error in server.channel.reported] == [(0,), (1,), (2,)]
        assert server.session.begun == [3]

    asyncio.run(main())


def test_an_answer_passes_messages_that_wait_for_a_handler():
    """CALL-9: so a client's handler may wait for a call of its own session"""

    async def main():
        near, far, loop = pair(4)
        got = []

        class Receiver:
            async def basic(self, arg):
                got.append((arg, await client.basic_rpc(arg)))

        client, server = idctest.Client(near, Receiver()), idctest.Server(far, Gate())
        for number in range(10):
            server.basic(number)
        for _ in range(100):
            await settle(loop)
        assert got == [(number, number) for number in range(10)]

    asyncio.run(main())


def test_the_end_of_a_channel_passes_messages_that_wait_and_they_are_still_handled():
    """CALL-9, SES-8: a call that nobody hears of is not"""

    async def main():
        client, server, loop = gated(1)
        client.basic(1)
        client.str(2, "")
        await settle(loop)
        server.ended(PeerBroke("gone"))
        server.ended(PeerBroke("gone"))
        assert server.session.left == 1 and server.session.begun == [1]
        server.session.gates[0].set()
        await settle(loop)
        assert server.session.begun == [1, 2]

    asyncio.run(main())


def test_a_drain_is_done_when_all_that_was_sent_before_is_taken():
    """TRN-7"""
    client, server, loop = gated(1)
    for number in range(10):
        client.str(number, "")
    drained = client.drain()
    client.str(10, "")
    while not drained.done:
        callback, arguments = loop.pop(0)
        callback(*arguments)
    assert server.session.begun[:10] == list(range(10))
    run(loop)
    assert server.session.begun == list(range(11))


# --- events ------------------------------------------------------------------------


def bindings(window=4):
    near, far, loop = pair(window)
    return idctest.Binding(near), idctest.Binding(far), loop


def test_messages_are_chained_by_continuations():
    """The tutorial's client sends the next message when the one before was accepted."""
    client, server, loop = bindings()
    got = []
    for name in ("basic", "str", "one_cap", "caps", "buf"):
        server.rx[name] = lambda binding, *args, name=name: got.append((name, *args))
    steps = iter(
        [
            lambda: client.tx.basic(7, step),
            lambda: client.tx.str(9, "hello", continuation=step),
            lambda: client.tx.one_cap(20, "frame", step),
            lambda: client.tx.caps(23, "frame", None, step),
            lambda: client.tx.buf(b"data", step),
            lambda: None,
        ]
    )

    def step():
        next(steps)()

    step()
    run(loop)
    assert got == [
        ("basic", 7),
        ("str", 9, "hello"),
        ("one_cap", 20, "frame"),
        ("caps", 23, "frame", None),
        ("buf", b"data"),
    ]


def test_a_second_send_before_the_continuation_is_refused():
    client, _, loop = bindings()
    ran = []
    client.tx.basic(1, lambda: ran.append(1))
    assert not ran and not client.can_send
    with pytest.raises(events.Busy):
        client.tx.basic(2)
    loop.pop(0)  # the message itself stays under way
    run(loop)
    assert ran == [1]


def test_register_send_runs_once_when_there_is_credit_and_refuses_a_second():
    client, _, loop = bindings()
    ran = []
    client.channel.clogged = True
    with pytest.raises(events.Busy):
        client.tx.basic(1)
    client.register_send(lambda: ran.append(1))
    with pytest.raises(Misuse, match="registered already"):
        client.register_send(lambda: ran.append(2))
    run(loop)
    assert not ran
    client.channel.unclog()
    run(loop)
    assert ran == [1]


def test_a_message_without_a_handler_is_an_error_and_no_crash():
    client, server, loop = bindings()
    errors = []
    server.error_handler = lambda binding, error: errors.append(str(error))
    client.tx.basic(1)
    run(loop)
    assert errors == ["idctest: no handler for basic"] and not server.closed


def test_teardown_and_change_of_port():
    client, server, loop = bindings()
    client.change_port("port")
    assert client.channel.port == "port"
    with pytest.raises(Misuse, match="no such control"):
        client.control(0)
    client.control(events.TEARDOWN)
    run(loop)
    assert server.closed


def test_events_and_awaited_calls_talk_to_each_other():
    near, far, loop = pair()
    client, server = idctest.Client(near), idctest.Binding(far)
    server.rx["basic_rpc_call"] = lambda binding, arg: binding.tx.basic_rpc_response(arg * 2)
    call = client.basic_rpc(21)
    run(loop)
    assert call.result() == 42
    near, far, loop = pair()
    client, server = idctest.Binding(near), idctest.Server(far, Doubling())
    got = []
    client.rx["basic_rpc_response"] = lambda binding, result: got.append(result)
    client.tx.basic_rpc_call(4)
    run(loop)
    assert got == [8]


class Doubling:
    def basic_rpc(self, arg):
        return 2 * arg


# --- hostile peers -----------------------------------------------------------------


@pytest.mark.parametrize(
    "frame, reason",
    [
        (b"\x03", "length"),
        (b"\x63\x00\x00\x00", "number"),
        (b"\x05\x00\x00\x00\x00\x00\x00\x00", "number"),  # an event, of a client
        (b"\x03\x00\x00\x00\x00\x00\x00\x00", "tag"),  # a call without
        (b"\x03\x00\x01\x00\x00\x00\x00", "length"),
        (b"\x01\x00\x01\x00\x01\x08" + b"x" * 2049, "count"),
        (b"\x01\x00\x01\x00\x01\x00\xff", "utf-8"),
    ],
)
def test_a_server_cuts_off_who_breaks_the_rules(frame, reason):
    """UMP-7, IDL-6"""
    near, far, loop = pair()
    near.open(Deaf(), lambda *_: None)
    server = echo.Server(far, Session())
    ended = []
    server.error_handler = lambda view, error: ended.append(error)
    near.try_send(frame, len(frame), ())
    near.try_send(frame, len(frame), ())
    run(loop)
    assert [error.reason for error in ended] == [reason]
    assert isinstance(ended[0], PeerBroke) and far.fault == str(ended[0])


def test_responses_nobody_waits_for_are_dropped_and_counted_then_cut_off():
    """PORT-5"""
    near, far, loop = pair(window=100)
    far.open(Deaf(), lambda *_: None)
    client = echo.Client(near)
    stray = bytes([echo.INCREASE_RESPONSE, 0, 0x40, 0, 7, 0, 0, 0])
    for _ in range(views.STRAYS):
        far.try_send(stray, len(stray), ())
    run(loop)
    assert client.strays == views.STRAYS and not client.closed
    far.try_send(stray, len(stray), ())
    run(loop)
    assert client.closed.reason == "tag"


def test_a_call_whose_tag_is_in_use_is_refused():
    near, far, loop = pair()
    near.open(Deaf(), lambda *_: None)

    async def never(number):
        await asyncio.sleep(3600)

    async def main():
        server = echo.Server(far, Session())
        server.session.increase = never
        call = bytes([echo.INCREASE_CALL, 0, 0x40, 0, 7, 0, 0, 0])
        near.try_send(call, len(call), ())
        near.try_send(call, len(call), ())
        run(loop)
        assert server.closed.reason == "tag"

    asyncio.run(main())


def mutants(module, generator, count):
    """Frames of all messages with a few bytes or their length changed."""
    for _ in range(count):
        number = generator.choice(list(module.DESCRIPTION))
        frame = bytearray(number.to_bytes(2, "little") + generator.randbytes(2))
        frame += generator.randbytes(generator.choice([0, 2, 4, 4, 8, 12, 40]))
        for _ in range(generator.randrange(3)):
            frame[generator.randrange(len(frame))] = generator.choice([0, 1, 2, 64, 255])
        yield bytes(frame[: generator.choice([len(frame)] * 3 + [2, 5, 7])])


@pytest.mark.parametrize("module", [echo, idctest], ids=["echo", "idctest"])
@pytest.mark.parametrize("side", ["Client", "Server", "Binding"])
def test_hostile_frames_end_their_channel_and_nothing_else(module, side):
    """IDL-6"""
    generator = random.Random(4)
    session = type("Session", (), {name: lambda *_: 0 for name in module.METHODS.values()})()
    reasons = set()
    for frame in mutants(module, generator, 5000):
        near, far, loop = pair(window=8)
        near.open(Deaf(), lambda *_: None)
        arguments = [session] if side == "Server" else []
        view = getattr(module, side)(far, *arguments)
        near.try_send(frame, len(frame), ["capability"] * (generator.random() < 0.1))
        run(loop)
        if view.closed:
            assert isinstance(view.closed, wire.Malformed)
            reasons.add(view.closed.reason)
    assert {"number", "length", "tag"} <= reasons


@given(st.lists(st.sampled_from(["say", "increase", "clog", "unclog", "run"]), max_size=40))
def test_every_call_finishes_exactly_once_whatever_the_order(steps):
    near, far, loop = pair(window=2)
    session = Session()
    session.increase = lambda number: number + 1
    client, _ = echo.Client(near, calls=64), echo.Server(far, session)
    expected, calls = [], []
    for number, step in enumerate(steps):
        if step == "say":
            calls.append(client.say(str(number)))
            expected.append(str(number))
        elif step == "increase":
            calls.append(client.increase(number))
            expected.append(number + 1)
        elif step == "run":
            run(loop)
        else:
            near.clogged = step == "clog"
            near.credit_came()
    near.unclog()
    run(loop)
    assert [call.result() for call in calls] == expected


def test_interfaces_of_the_kernel_have_no_warnings():
    assert [path.stem for path in INTERFACES] == ["echo", "idctest"]
    assert not [found for path in INTERFACES for found in compile_file(path).report.warnings]


def test_rpcs_with_several_and_with_no_values():
    interface = (
        "interface many { rpc two(in uint8 a, out uint8 b, out String c[9]); rpc none(); };"
    )
    module = module_of(interface_of(interface))
    near, far, loop = pair()
    handlers = {"two": lambda self, a: (a, "text"), "none": lambda self: None}
    client = module.Client(near)
    module.Server(far, type("Session", (), handlers)())
    first, second = client.two(5), client.none()
    run(loop)
    assert first.result() == (5, "text") and second.result() is None
