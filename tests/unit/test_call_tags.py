"""Goal: an answer ends its own call and no other, whenever it comes (CALL-1, CALL-6, PORT-5).
Method: `async def` handlers that answer in any order, callers that give up, tags that are
used again at once; random steps over a channel in memory."""

from collections.abc import Iterator
from typing import Any

import host_calls
import pytest
from hypothesis import given
from hypothesis import strategies as st
from idl_channel import pair, run
from idl_values import module_of

from poly import views
from poly.errors import Exhausted
from polyphone import paths
from polyphone.idl.command import compile_file

LIMIT = 3
echo = module_of(compile_file(paths.KERNEL / "interfaces" / "echo.if").interface)


class Cancelled(BaseException):
    """As asyncio's."""


class Gate:
    """What a handler awaits until it is let go on."""

    def __await__(self) -> Iterator[None]:
        yield


class Slow:
    """A session whose answers come when the test wants them."""

    async def increase(self, number: int) -> int:
        await Gate()
        return number * 5 + 1

    def say(self, text: str) -> str:
        return text


class Run:
    """A client, its server, and what either of them waits for."""

    def __init__(self, patch: pytest.MonkeyPatch, window: int) -> None:
        patch.setattr(host_calls, "GENERATIONS", 3)  # so that tags come round
        patch.setattr(views, "start", self.start)
        near, far, self.loop = pair(window)
        self.client = echo.Client(near, calls=LIMIT)
        self.server = echo.Server(far, Slow())
        self.handlers: list[Any] = []  # under way
        self.asked: list[tuple[int, Any]] = []  # (number, call) of all
        self.given_up = 0

    def start(self, handler: Any) -> None:
        handler.send(None)
        self.handlers.append(handler)

    def ask(self, slowly: bool) -> None:
        number = len(self.asked)
        try:
            call = self.client.increase(number) if slowly else self.client.say(str(number))
        except Exhausted:
            assert sum(not call.done for _, call in self.asked) == LIMIT
            return
        self.asked.append((number * 5 + 1 if slowly else str(number), call))

    def answer(self, which: int) -> None:
        """One of the handlers goes on, or is cancelled."""
        if self.handlers:
            with pytest.raises(StopIteration):
                self.handlers.pop(which % len(self.handlers)).send(None)

    def give_up(self, which: int) -> None:
        if self.asked:
            _, call = self.asked[which % len(self.asked)]
            if not call.done and not call.abandoned:
                self.given_up += 1
                with pytest.raises(Cancelled):
                    call.throw(Cancelled())

    def step(self, count: int) -> None:
        """Some of what is under way arrives."""
        for _ in range(min(count, len(self.loop))):
            callback, arguments = self.loop.pop(0)
            callback(*arguments)

    def finish(self) -> None:
        run(self.loop)
        while self.handlers:
            self.answer(0)
            run(self.loop)


STEPS = st.one_of(
    st.tuples(st.just("ask"), st.booleans()),
    st.tuples(st.just("answer"), st.integers(0, LIMIT)),
    st.tuples(st.just("give_up"), st.integers(0, 99)),
    st.tuples(st.just("step"), st.integers(1, 4)),
)


@given(st.lists(STEPS, max_size=80), st.sampled_from([1, 4]))
def test_an_answer_ends_its_own_call_and_no_other(
    steps: list[tuple[str, Any]], window: int
) -> None:
    """CALL-1, CALL-6, PORT-5"""
    with pytest.MonkeyPatch.context() as patch:
        under_test = Run(patch, window)
        for name, argument in steps:
            getattr(under_test, name)(argument)
        under_test.finish()
        client = under_test.client
        assert [call.result() for _, call in under_test.asked] == [
            answer for answer, _ in under_test.asked
        ]
        assert (client.strays, client.late_answers) == (0, under_test.given_up)
        assert not client.closed and not under_test.server.closed
        before = len(under_test.asked)
        for _ in range(LIMIT):  # all tags are free
            under_test.ask(True)
        assert len(under_test.asked) == before + LIMIT
        under_test.finish()


def test_a_tag_is_not_used_again_before_its_late_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """CALL-6: the slot is orphaned until then; others take their turns meanwhile."""
    under_test = Run(monkeypatch, 4)
    under_test.ask(True)
    under_test.give_up(0)
    run(under_test.loop)
    (orphan,) = under_test.server._open
    for _ in range(20):
        under_test.ask(False)
        run(under_test.loop)
        assert under_test.server._open == {orphan}
    under_test.finish()
    assert under_test.asked[0][1].done and under_test.client.late_answers == 1


def test_a_handler_that_is_cancelled_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """CALL-1: by a failure; its tag is free"""
    under_test = Run(monkeypatch, 4)
    under_test.ask(True)
    run(under_test.loop)
    with pytest.raises(Cancelled):
        under_test.handlers.pop().throw(Cancelled())
    run(under_test.loop)
    assert type(under_test.asked[0][1].error).__name__ == "ServerFailed"
    assert not under_test.server._open


def test_an_answer_that_comes_twice_is_a_stray(monkeypatch: pytest.MonkeyPatch) -> None:
    """PORT-5: dropped and counted, though the slot has another call by then"""
    under_test = Run(monkeypatch, 4)
    under_test.ask(True)
    run(under_test.loop)
    (tag,) = under_test.server._open
    under_test.answer(0)
    run(under_test.loop)
    under_test.ask(True)
    server = under_test.server
    messages = server.INTERFACE.description.values()
    response = next(message for message in messages if message.name == "increase_response")
    server._reply(tag, response.pack(server.buffer, tag, 1))
    under_test.finish()
    assert [call.result() for _, call in under_test.asked] == [1, 6]
    assert (under_test.client.strays, under_test.client.late_answers) == (1, 0)
