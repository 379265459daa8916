"""Goal: the ring of kernel/cpu/ump.c is a bounded FIFO that no content of shared RAM can break.
Method: properties by hypothesis against a model queue and against SPEC UMP-2, -3 and -7 in words.
"""

import ctypes
import os
import random
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ump_ring import (
    ALIVE,
    BAD_CONSUMED,
    BAD_LENGTH,
    BAD_SEQUENCE,
    CLOSED,
    KIND_MAX,
    LINE,
    PAYLOAD,
    PEER_DIED,
    PLAIN,
    Message,
    Ring,
    build_ring_library,
)

settings.register_profile("ring", deadline=None, max_examples=300, database=None)
settings.load_profile("ring")

SLOTS = st.sampled_from([2, 4, 8, 16, 32, 64])
WRAPS = [0, 1 << 15, 1 << 16, 1 << 31, 1 << 32]
COUNTS = st.one_of(
    st.integers(0, (1 << 32) - 1),
    st.builds(
        lambda wrap, back: (wrap - back) % (1 << 32), st.sampled_from(WRAPS), st.integers(0, 99)
    ),
)
WORDS = st.integers(0, (1 << 32) - 1)
PAYLOADS = st.binary(max_size=PAYLOAD)
MESSAGES = st.builds(Message, st.integers(0, KIND_MAX), st.booleans(), PAYLOADS)
SHIFTS = st.integers(0, 7)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The ring; test_ump_sanitized.py runs this file again with other flags."""
    flags = os.environ.get("UMP_RING_FLAGS", " ".join(PLAIN)).split()
    return build_ring_library(tmp_path_factory.mktemp("ring"), flags)


def filled(library: ctypes.CDLL, slots: int, count: int, messages: list[Message]) -> Ring:
    ring = Ring(library, slots, count)
    for message in messages[:slots]:
        assert ring.send(message.payload, message.kind, message.last)
    return ring


STEPS = st.one_of(
    st.tuples(st.just("send"), MESSAGES, SHIFTS),
    st.tuples(st.just("receive")),
    st.tuples(st.just("fill"), MESSAGES),
    st.tuples(st.just("send slots"), st.integers(0, 3), st.integers(0, 70), SHIFTS),
    st.tuples(st.just("receive slots"), st.integers(0, 3), st.integers(0, 70), SHIFTS),
    st.tuples(st.just("drain")),
)


@given(slots=SLOTS, count=COUNTS, steps=st.lists(STEPS, max_size=150))
def test_any_interleaving_of_sends_and_receives_is_a_bounded_queue(
    library: ctypes.CDLL, slots: int, count: int, steps: list[tuple[Any, ...]]
) -> None:
    ring = Ring(library, slots, count)
    queue: deque[Message] = deque()

    def send(message: Message, shift: int = 0) -> None:
        sent = ring.send(message.payload, message.kind, message.last, shift)
        assert sent == (len(queue) < slots)
        if sent:
            queue.append(message)

    def receive() -> None:
        assert ring.receive() == (queue.popleft() if queue else None)

    def send_slots(kind: int, count: int, shift: int) -> None:
        payload = random.randbytes(PAYLOAD * count)
        sent = ring.send_slots(payload, kind, shift)
        assert sent == min(count, slots - len(queue))
        parts = [payload[at : at + PAYLOAD] for at in range(0, PAYLOAD * sent, PAYLOAD)]
        queue.extend(Message(kind, False, part) for part in parts)

    def receive_slots(kind: int, count: int, shift: int) -> None:
        expected = b""
        while queue and count and queue[0][:2] == (kind, False) and len(queue[0][2]) == PAYLOAD:
            expected += queue.popleft().payload
            count -= 1
        assert ring.receive_slots(kind, count + len(expected) // PAYLOAD, shift) == expected

    for step in steps:
        if step[0] == "send":
            send(*step[1:])
        elif step[0] == "send slots":
            send_slots(*step[1:])
        elif step[0] == "receive slots":
            receive_slots(*step[1:])
        elif step[0] == "receive":
            receive()
        elif step[0] == "fill":
            for _ in range(slots + 1):
                send(step[1])
        else:
            for _ in range(len(queue) + 1):
                receive()
        assert ring.credits() == slots - len(queue)
        assert ring.ready() == bool(queue)
        assert (ring.tx.fault, ring.rx.fault) == (ALIVE, ALIVE)


@pytest.mark.parametrize("slots", [2, 4, 64])
@pytest.mark.parametrize("wrap", [0, 1 << 16, 1 << 32])
def test_every_count_over_a_wrap_passes_a_full_and_an_empty_ring(
    library: ctypes.CDLL, slots: int, wrap: int
) -> None:
    """UMP-1, UMP-2, UMP-3"""
    ring = Ring(library, slots, (wrap - 3 * slots) % (1 << 32))
    for lap in range(6):
        for position in range(slots):
            assert ring.send(bytes([lap, position]))
        assert not ring.send(b"one too many")
        for position in range(slots):
            assert ring.receive() == Message(0, True, bytes([lap, position]))
        assert ring.receive() is None


def test_the_whole_range_of_the_sequence_passes_through_the_ring(library: ctypes.CDLL) -> None:
    ring = Ring(library, 2)
    for number in range((1 << 16) + 5):
        payload = number.to_bytes(4, "little")
        assert ring.send(payload)
        assert ring.receive() == Message(0, True, payload)


def test_a_zeroed_region_is_an_empty_ring(library: ctypes.CDLL) -> None:
    """UMP-1"""
    ring = Ring(library, 64)
    ring.block.fill(0)
    assert not ring.ready() and ring.receive() is None and ring.credits() == 64


@given(slots=SLOTS, count=COUNTS, messages=st.lists(MESSAGES, max_size=8), header=WORDS)
def test_any_header_is_a_message_or_empty_or_death_with_its_reason(
    library: ctypes.CDLL, slots: int, count: int, messages: list[Message], header: int
) -> None:
    check_header(filled(library, slots, count, messages), header)


@given(slots=SLOTS, count=COUNTS, fields=st.tuples(*[st.integers(0, 255)] * 2))
def test_any_kind_and_length_under_the_right_sequence_is_judged_by_length(
    library: ctypes.CDLL, slots: int, count: int, fields: tuple[int, int]
) -> None:
    low, length = fields
    check_header(Ring(library, slots, count), (count & 0xFFFF) << 16 | length << 8 | low)


def check_header(ring: Ring, header: int) -> None:
    ring.next_slot().header = header
    ring.room.fill(0xA5)
    count, consumed = ring.rx.received, ring.shared.consumed
    epoch, last, kind = header & 1, header >> 1 & 1, header >> 2 & 63
    length, sequence = header >> 8 & 255, header >> 16
    message = ring.receive()
    if epoch != 1 - count // ring.slots % 2:
        assert message is None and ring.rx.fault == ALIVE and not ring.ready()
    elif sequence == count & 0xFFFF and length <= PAYLOAD:
        assert message is not None and ring.rx.fault == ALIVE
        assert (message.kind, message.last, len(message.payload)) == (kind, last, length)
        assert ring.shared.consumed == (consumed + 1) % (1 << 32)
        return
    else:
        reason = BAD_SEQUENCE if sequence != count & 0xFFFF else BAD_LENGTH
        assert message is None and ring.rx.fault == reason and ring.ready()
    assert (ring.rx.received, ring.shared.consumed) == (count, consumed)
    assert ring.room.bytes() == b"\xa5" * LINE


@given(slots=SLOTS, count=COUNTS, messages=st.lists(MESSAGES, max_size=8), consumed=WORDS)
def test_any_consumed_word_is_credit_within_the_ring_or_death(
    library: ctypes.CDLL, slots: int, count: int, messages: list[Message], consumed: int
) -> None:
    check_consumed(filled(library, slots, count, messages), consumed)


@given(slots=SLOTS, count=COUNTS, back=st.integers(-70, 70))
def test_a_consumed_word_near_the_truth_is_credit_within_the_ring_or_death(
    library: ctypes.CDLL, slots: int, count: int, back: int
) -> None:
    check_consumed(Ring(library, slots, count), (count - back) % (1 << 32))


def check_consumed(ring: Ring, consumed: int) -> None:
    ring.shared.consumed = consumed
    in_ring = (ring.tx.sent - consumed) % (1 << 32)
    before = ring.block.bytes()
    assert ring.credits() == max(ring.slots - in_ring, 0)
    assert ring.tx.fault == (BAD_CONSUMED if in_ring > ring.slots else ALIVE)
    if in_ring >= ring.slots:
        assert not ring.send(b"no credit") and ring.block.bytes() == before


@given(word=WORDS)
def test_any_sleep_word_but_zero_asks_for_the_doorbell(library: ctypes.CDLL, word: int) -> None:
    ring = Ring(library, 2)
    ring.shared.rx_sleep, ring.shared.tx_sleep = word, 0
    assert (ring.send_must_ring(), ring.receive_must_ring()) == (word != 0, False)
    ring.shared.rx_sleep, ring.shared.tx_sleep = 0, word
    assert (ring.send_must_ring(), ring.receive_must_ring()) == (False, word != 0)


def test_each_sleeper_is_seen_by_the_other_end_only_while_it_sleeps(library: ctypes.CDLL) -> None:
    ring = Ring(library, 2)
    for asleep in (True, False):
        ring.consumer_sleep(asleep)
        assert (ring.send_must_ring(), ring.receive_must_ring()) == (asleep, False)
    for asleep in (True, False):
        ring.producer_sleep(asleep)
        assert (ring.send_must_ring(), ring.receive_must_ring()) == (False, asleep)


def test_a_dead_consumer_stays_dead_when_the_header_is_mended(library: ctypes.CDLL) -> None:
    ring = filled(library, 4, 0, [Message(1, True, b"text")])
    good = ring.next_slot().header
    ring.next_slot().header = good ^ 1 << 16
    assert ring.receive() is None
    ring.next_slot().header = good
    assert ring.receive() is None and ring.ready() and ring.rx.fault == BAD_SEQUENCE


def test_a_dead_producer_stays_dead_when_consumed_is_mended(library: ctypes.CDLL) -> None:
    ring = Ring(library, 4)
    ring.shared.consumed = 1
    assert ring.credits() == 0
    ring.shared.consumed = 0
    assert ring.credits() == 0 and not ring.send(b"text") and ring.tx.fault == BAD_CONSUMED


@pytest.mark.parametrize("reason", [PEER_DIED, CLOSED])
def test_an_end_marked_dead_by_its_owner_touches_the_ring_no_more(
    library: ctypes.CDLL, reason: int
) -> None:
    ring = filled(library, 4, 0, [Message(1, True, b"text")])
    ring.tx.fault = ring.rx.fault = reason
    before = ring.block.bytes()
    assert ring.credits() == 0 and not ring.send(b"more") and ring.receive() is None
    assert ring.ready(), "a reader must hear of the death"
    assert ring.block.bytes() == before and (ring.tx.fault, ring.rx.fault) == (reason, reason)


@given(
    slots=SLOTS,
    count=COUNTS,
    scribbles=st.lists(st.tuples(st.integers(0, (1 << 16) - 1), WORDS), max_size=60),
)
def test_a_peer_that_scribbles_over_the_ring_breaks_nothing_else(
    library: ctypes.CDLL, slots: int, count: int, scribbles: list[tuple[int, int]]
) -> None:
    """Calls end, lengths stay in range, and what an end believes stays within the ring."""
    ring = Ring(library, slots, count)
    for place, word in scribbles:
        at = ring.block.address + place % (ring.block.length // 4) * 4
        ctypes.c_uint32.from_address(at).value = word
        message = ring.receive()
        assert message is None or len(message.payload) <= PAYLOAD
        assert ring.credits() <= slots
        assert ring.send(b"x" * (word % (PAYLOAD + 1))) in (True, False)
        assert ring.rx.fault in (ALIVE, BAD_LENGTH, BAD_SEQUENCE)
        assert ring.tx.fault in (ALIVE, BAD_CONSUMED)
