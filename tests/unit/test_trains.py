"""Goal: messages of any length pass through rings of any size, whole, in order, without a wait in
them (UMP-8), and whoever sleeps for them is rung (UMP-4, UMP-5).
Method: train.c with the stand-ins for send.c and receive.c over it; hypothesis interleaves the
two ends, which are run only when something rang them, and a hostile sender.
"""

import ctypes
import os
import random
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ump_ring import ALIVE, BAD_KIND, BAD_LENGTH, PAYLOAD, PLAIN, Block, Ring
from ump_trains import CUT, MESSAGE_MAX, Receiver, Sender, build_library

settings.register_profile("trains", deadline=None, max_examples=200, database=None)
settings.load_profile("trains")

SLOTS = st.sampled_from([2, 4, 8, 64])
LONGEST = st.sampled_from([0, 1, 59, 60, 61, 119, 120, 121, 1000, 5000])
COUNTS = st.one_of(st.just(0), st.integers((1 << 32) - 200, (1 << 32) - 1))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The trains; test_ump_sanitized.py runs this file again with other flags."""
    flags = os.environ.get("UMP_RING_FLAGS", " ".join(PLAIN)).split()
    return build_library(tmp_path_factory.mktemp("trains"), flags)


class Way:
    """One direction of a channel: what is to be sent, and what came."""

    def __init__(self, library: ctypes.CDLL, slots: int, longest: int, count: int = 0) -> None:
        self.ring = Ring(library, slots, count)
        self.sender = Sender(library, self.ring.tx, longest)
        self.receiver = Receiver(library, self.ring.rx, longest)
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.came: list[tuple[int, bytes]] = []
        self.place: Block | None = None  # where trains go at once
        self.keeps = True  # and what of them is there is kept elsewhere meanwhile
        self.rung = {"send": True, "receive": True}  # both look once, then only when rung

    def send(self) -> None:
        """Posts what can be posted; then sleeps until rung."""
        self.rung["send"] = False
        while True:
            before = self.ring.tx.sent
            accepted = False
            if self.waiting:
                kind, message = self.waiting[0]
                accepted, _ = self.sender.post(message, kind)
            else:
                self.sender.push()
            if accepted:
                self.waiting.popleft()
            if self.ring.tx.sent != before and self.sender.must_ring():
                self.rung["receive"] = True
            if not accepted:
                return

    def receive(self) -> None:
        """Takes what is there, one ringful; then sleeps until rung, if there is no more."""
        self.rung["receive"] = False
        message = self.receiver.take(self.place, self.keeps)
        if self.receiver.must_ring:
            self.rung["send"] = True
        if message is not None:
            self.came.append((self.receiver.kind, message))
        elif not self.receiver.arm():
            return
        self.rung["receive"] = True


def run(ways: list[Way], chosen: random.Random) -> None:
    """Steps at random of whoever was rung, until nobody is."""
    while ready := [(way, end) for way in ways for end, rung in way.rung.items() if rung]:
        way, end = chosen.choice(ready)
        getattr(way, end)()


MESSAGES = st.lists(st.tuples(st.integers(0, CUT - 1), st.integers(0, 5000)), max_size=12)


@given(
    slots=SLOTS,
    longest=LONGEST,
    count=COUNTS,
    there=MESSAGES,
    back=MESSAGES,
    room=st.sampled_from([None, 0, 59, 60, 150, 5000]),
    keeps=st.booleans(),
    seed=st.integers(0, 1 << 30),
)
def test_posts_of_any_length_arrive_both_ways_in_order_and_nobody_sleeps_on_them(
    library: ctypes.CDLL,
    slots: int,
    longest: int,
    count: int,
    there: list[tuple[int, int]],
    back: list[tuple[int, int]],
    room: int | None,
    keeps: bool,
    seed: int,
) -> None:
    chosen = random.Random(seed)
    ways, sent = [], []
    for messages in (there, back):
        way = Way(library, slots, longest, count)
        made = [(kind, chosen.randbytes(min(length, longest))) for kind, length in messages]
        way.waiting.extend(made)
        way.place = None if room is None else Block(room)
        way.keeps = keeps
        ways.append(way)
        sent.append(made)
    run(ways, chosen)
    for way, made in zip(ways, sent, strict=True):
        assert way.came == made
        assert not way.waiting and not way.sender.outbox.waits
        assert (way.ring.tx.fault, way.ring.rx.fault) == (ALIVE, ALIVE)


@pytest.mark.parametrize("length", [MESSAGE_MAX - 1, MESSAGE_MAX])
def test_64_kib_pass_through_a_ring_of_two_slots(library: ctypes.CDLL, length: int) -> None:
    way = Way(library, 2, MESSAGE_MAX)
    message = random.Random(1).randbytes(length)
    way.waiting.append((5, message))
    run([way], random.Random(2))
    assert way.came == [(5, message)]


def test_a_train_starts_with_one_credit(library: ctypes.CDLL) -> None:
    way = Way(library, 4, 1000)
    for _ in range(3):
        assert way.sender.post(b"x") == (True, True)
    assert way.sender.post(bytes(500)) == (True, True)
    assert way.sender.outbox.waits and way.sender.credits() == 0 and way.sender.armed


def test_a_post_without_credit_or_behind_another_changes_nothing(library: ctypes.CDLL) -> None:
    way = Way(library, 2, 1000)
    assert way.sender.post(bytes(200)) == (True, True)
    before = way.ring.block.bytes(), way.sender.outbox.done
    assert way.sender.post(b"x") == (False, False)
    assert (way.ring.block.bytes(), way.sender.outbox.done) == before
    while way.receiver.take() is None:
        way.sender.push()
    assert way.sender.post(b"x") == (True, True)
    assert way.sender.post(b"y") == (True, True)
    before = way.ring.block.bytes()
    assert way.sender.post(b"z")[0] is False
    assert way.sender.armed and way.sender.post(b"z") == (False, False)
    assert way.receiver.take() == b"x" and way.receiver.must_ring


def test_a_take_ends_after_a_ringful_however_fast_slots_come(library: ctypes.CDLL) -> None:
    way = Way(library, 4, MESSAGE_MAX)
    assert way.sender.post(bytes(10_000)) == (True, True)
    slots = way.ring.tx.sent
    assert way.receiver.take() is None
    assert way.ring.rx.received == slots == 4


def slot(way: Way, payload: bytes, last: bool, kind: int = 0) -> bytes | None:
    assert way.ring.send(payload, kind, last)
    return way.receiver.take()


@pytest.mark.parametrize("longest", [61, 120, 130])
def test_a_train_longer_than_agreed_is_death_before_it_overflows(
    library: ctypes.CDLL, longest: int
) -> None:
    way = Way(library, 8, longest)
    whole = longest // PAYLOAD
    for _ in range(whole - 1 if longest % PAYLOAD == 0 else whole):
        assert slot(way, bytes(PAYLOAD), False) is None
    assert way.ring.rx.fault == ALIVE
    left = longest - way.receiver.inbox.length
    assert slot(way, bytes(left + 1) if left < PAYLOAD else bytes(PAYLOAD), left < PAYLOAD) is None
    assert way.ring.rx.fault == BAD_KIND


def test_one_slot_longer_than_agreed_is_death(library: ctypes.CDLL) -> None:
    way = Way(library, 8, 16)
    assert slot(way, bytes(16), True) == bytes(16)
    assert slot(way, bytes(17), True) is None
    assert way.ring.rx.fault == BAD_KIND


def test_a_short_slot_within_a_train_is_death(library: ctypes.CDLL) -> None:
    way = Way(library, 8, 1000)
    assert slot(way, bytes(PAYLOAD), False) is None
    assert slot(way, bytes(PAYLOAD - 1), False) is None
    assert way.ring.rx.fault == BAD_LENGTH


def test_a_cut_slot_takes_back_its_train_and_nothing_else(library: ctypes.CDLL) -> None:
    way = Way(library, 8, 1000)
    assert slot(way, bytes(PAYLOAD), False) is None
    assert slot(way, b"", True, CUT) is None
    assert slot(way, b"", True, CUT) is None
    assert slot(way, b"next", True, 7) == b"next" and way.receiver.kind == 7
    assert way.ring.rx.fault == ALIVE


@pytest.mark.parametrize("longest", [1, 60, 61, 1000, MESSAGE_MAX])
def test_what_follows_a_cut_slot_at_once_is_a_message(library: ctypes.CDLL, longest: int) -> None:
    way = Way(library, 8, longest)
    for number in range(2):
        assert way.ring.send(b"", CUT)
        assert way.ring.send(bytes([number]), 7)
        assert way.receiver.take() == bytes([number]) and way.receiver.kind == 7
    assert way.ring.rx.fault == ALIVE


def test_a_train_lies_in_its_place_when_it_fits(library: ctypes.CDLL) -> None:
    way = Way(library, 64, MESSAGE_MAX)
    place = Block(1000)
    train = random.Random(3).randbytes(1000)
    for _ in range(5):  # the first makes room in the inbox, for the case that it is interrupted
        assert way.sender.post(train) == (True, True)
        assert way.receiver.take(place) == train
        assert not way.receiver.inbox.place
    assert place.bytes() == train
    assert way.receiver.taken.bytes == place.address


def test_a_train_is_kept_when_its_place_is_needed(library: ctypes.CDLL) -> None:
    way = Way(library, 4, 1000)
    place = Block(1000)
    train = random.Random(4).randbytes(900)
    assert way.sender.post(train) == (True, True)
    assert way.receiver.take(place) is None
    place.fill(0xA5)
    while (message := way.receiver.take(place)) is None:
        way.sender.push()
        place.fill(0x5A)
    assert message == train


HOSTILE = st.lists(
    st.tuples(st.binary(max_size=PAYLOAD), st.booleans(), st.integers(0, CUT)), max_size=60
)


@given(
    longest=LONGEST,
    slots=HOSTILE,
    room=st.sampled_from([None, 0, 61, 1000]),
    takes=st.lists(st.integers(0, 4), min_size=60, max_size=60),
)
def test_any_slots_are_messages_within_bounds_or_death(
    library: ctypes.CDLL,
    longest: int,
    slots: list[tuple[bytes, bool, int]],
    room: int | None,
    takes: list[int],
) -> None:
    way = Way(library, 4, longest)
    place = None if room is None else Block(room)
    for (payload, last, kind), times in zip(slots, takes, strict=False):
        way.ring.send(payload, kind, last)
        for _ in range(times):
            message = way.receiver.take(place)
            assert message is None or len(message) <= longest
            assert way.receiver.inbox.length <= longest
            assert way.ring.rx.fault in (ALIVE, BAD_KIND, BAD_LENGTH)
