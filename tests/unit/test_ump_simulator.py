"""Goal: the ring and its sleep protocol hold on a machine that reorders memory accesses (UMP-9).
Method: the C source over simulated memory that a seed drains; each removed primitive is found out.
"""

import ctypes
import random
from collections import Counter
from typing import Any

import pytest
from ump_ring import (
    ALIVE,
    BAD_CONSUMED,
    BAD_LENGTH,
    BAD_SEQUENCE,
    CPU,
    HARNESS,
    PLAIN,
    Ring,
    compile_c,
    declare_ring,
)

TSO, PSO, WEAK = range(3)
ORDERS = {"tso": TSO, "pso": PSO, "weak": WEAK}
FINE, WRONG, HANGS = range(3)
INTACT_SEEDS = 10_000
MUTANT_SEEDS = 1_000  # the rarest mutation shows itself at seed 77


class Mutations(ctypes.Structure):
    _fields_ = [
        ("no_look_at_ring", ctypes.c_uint32),
        ("no_look_at_credit", ctypes.c_uint32),
        ("clear_after_last_look", ctypes.c_uint32),
        ("no_announcement_after_poll", ctypes.c_uint32),
    ]


class Setup(ctypes.Structure):
    _fields_ = [
        ("order", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("position", ctypes.c_uint32),
        ("messages", ctypes.c_uint32 * 2),
        ("removed_primitive", ctypes.c_char_p),
        ("removed_function", ctypes.c_char_p),
        ("edge_doorbell", ctypes.c_uint32),
        ("mutations", Mutations),
    ]


class Result(ctypes.Structure):
    _fields_ = [
        ("verdict", ctypes.c_uint32),
        ("steps", ctypes.c_uint32),
        ("removals", ctypes.c_uint32),
        ("sleeps", ctypes.c_uint32 * 2),
        ("text", ctypes.c_char * 512),
    ]


ON_ACCESS = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    sources = [
        CPU / "ump.c",
        *(HARNESS / f"{name}.c" for name in ("position", "side", "simulator")),
    ]
    flags = ["-fPIC", "-shared", "-DPOLY_MEMORY_HOOKS", *PLAIN]
    output = tmp_path_factory.mktemp("simulator") / "simulator.so"
    library = declare_ring(ctypes.CDLL(str(compile_c(output, sources, flags))))
    setup, result = ctypes.POINTER(Setup), ctypes.POINTER(Result)
    library.sim_run.argtypes = [setup, ctypes.c_uint64, result]
    library.sim_search.argtypes = [setup, ctypes.c_uint64, ctypes.c_uint64, result]
    library.sim_search.restype = ctypes.c_uint64
    library.sim_sites.restype = ctypes.c_char_p
    return library


def make_setup(
    order: int, slots: int = 2, messages: tuple[int, int] = (12, 12), **more: Any
) -> Setup:
    setup = Setup(order=order, slots=slots, messages=messages, position=more.pop("position", 0))
    for name, value in more.items():
        setattr(setup if hasattr(setup, name) else setup.mutations, name, value)
    return setup


def find(simulator: ctypes.CDLL, setup: Setup, seeds: int) -> tuple[int | None, Result]:
    """The first seed that fails, and what it says."""
    result = Result()
    seed = simulator.sim_search(ctypes.byref(setup), 0, seeds, ctypes.byref(result))
    return (None if result.verdict == FINE else seed), result


SCENARIOS: dict[str, dict[str, Any]] = {
    "one_way": {"messages": (12, 0)},
    "both_ways": {"messages": (12, 12)},
    "four_slots_over_the_wrap_of_the_sequence": {"slots": 4, "position": (1 << 16) - 7},
    "over_the_wrap_of_the_counters": {"position": (1 << 32) - 5},
    "eight_slots": {"slots": 8, "messages": (24, 24)},
}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("order", ORDERS)
def test_no_seed_loses_a_message_or_a_wake_up(
    simulator: ctypes.CDLL, order: str, scenario: str
) -> None:
    seed, result = find(simulator, make_setup(ORDERS[order], **SCENARIOS[scenario]), INTACT_SEEDS)
    assert seed is None, f"seed {seed}: {result.text.decode()}"


def test_both_ends_do_sleep_in_the_simulator(simulator: ctypes.CDLL) -> None:
    sleeps = [0, 0]
    for seed in range(100):
        result = Result()
        simulator.sim_run(
            ctypes.byref(make_setup(WEAK, messages=(12, 0))), seed, ctypes.byref(result)
        )
        sleeps = [total + one for total, one in zip(sleeps, result.sleeps, strict=True)]
    assert min(sleeps) > 50, "producers wait for credit and consumers for messages"


# Which orderings show that a primitive is missing, and how.
REMOVED = {
    ("mem_fence", "ump_send_must_ring"): ("tso pso weak", HANGS),
    ("mem_fence", "ump_receive_must_ring"): ("tso pso weak", HANGS),
    ("mem_fence", "ump_consumer_sleep"): ("tso pso weak", HANGS),
    ("mem_fence", "ump_producer_sleep"): ("tso pso weak", HANGS),
    ("mem_store_release", "ump_send"): ("pso weak", WRONG),
    ("mem_store_release", "ump_receive"): ("weak", WRONG),
    ("mem_load_acquire", "ump_receive"): ("weak", WRONG),
    ("mem_store_release", "send_full"): ("pso weak", WRONG),
    ("mem_store_release", "ump_receive_slots"): ("weak", WRONG),
    ("mem_load_acquire", "holds_full"): ("weak", WRONG),
}
# A payload store before the load of `consumed` that allows it: no machine makes one, but a
# compiler might. test_ump_threads.py shows this one by the race that ThreadSanitizer reports.
NOT_OF_A_MACHINE = {("mem_load_acquire", "ump_credits")}


@pytest.mark.parametrize(
    ("primitive", "function", "order", "verdict"),
    [
        (*site, order, verdict)
        for site, (orders, verdict) in REMOVED.items()
        for order in orders.split()
    ],
)
def test_each_removed_primitive_is_found_by_a_seed_that_repeats(
    simulator: ctypes.CDLL, primitive: str, function: str, order: str, verdict: int
) -> None:
    setups = [
        make_setup(
            ORDERS[order],
            messages=messages,
            removed_primitive=primitive.encode(),
            removed_function=function.encode(),
        )
        for messages in ((12, 0), (12, 12))
    ]
    assert_found_and_repeats(simulator, setups, verdict, must_remove=True)


@pytest.mark.parametrize(
    "mutation",
    [
        "edge_doorbell",
        "no_look_at_ring",
        "no_look_at_credit",
        "clear_after_last_look",
        "no_announcement_after_poll",
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_each_mutation_of_sleep_is_found_by_a_seed_that_repeats(
    simulator: ctypes.CDLL, mutation: str, order: str
) -> None:
    setups = [
        make_setup(ORDERS[order], messages=messages, **{mutation: 1})
        for messages in ((12, 0), (12, 12))
    ]
    assert_found_and_repeats(simulator, setups, HANGS)


def assert_found_and_repeats(
    simulator: ctypes.CDLL, setups: list[Setup], verdict: int, must_remove: bool = False
) -> None:
    for setup in setups:
        seed, result = find(simulator, setup, MUTANT_SEEDS)
        ways = "both ways" if setup.messages[1] else "one way"
        print(f"{ways}: seed {seed} after {result.steps} steps: {result.text.decode()}")
        assert seed is not None, f"not found {ways} in {MUTANT_SEEDS} seeds"
        assert result.verdict == verdict
        assert result.removals > 0 or not must_remove
        again = Result()
        simulator.sim_run(ctypes.byref(setup), seed, ctypes.byref(again))
        assert bytes(again) == bytes(result), "the seed does not repeat"


@pytest.mark.parametrize(
    ("function", "order"),
    [
        ("ump_send", TSO),
        ("send_full", TSO),
        ("ump_receive", TSO),
        ("ump_receive", PSO),
        ("ump_receive_slots", PSO),
    ],
)
def test_stronger_orderings_hide_a_missing_release(
    simulator: ctypes.CDLL, function: str, order: int
) -> None:
    """So a host or an emulator that orders stores cannot take the simulator's place."""
    setup = make_setup(
        order, removed_primitive=b"mem_store_release", removed_function=function.encode()
    )
    seed, _ = find(simulator, setup, 500)
    assert seed is None


def test_every_ordering_primitive_of_the_ring_is_among_the_removed(
    simulator: ctypes.CDLL,
) -> None:
    find(simulator, make_setup(WEAK), 20)
    lines = simulator.sim_sites().decode().splitlines()
    sites = {(line.split()[0], line.split()[1]) for line in lines}
    assert sites == set(REMOVED) | NOT_OF_A_MACHINE


class Accesses:
    """What a ring does to shared RAM, in order, as (primitive, offset) pairs."""

    def __init__(self, simulator: ctypes.CDLL, ring: Ring) -> None:
        self.seen: list[tuple[str, int]] = []
        self._callback = ON_ACCESS(self._note)
        self._hook = ctypes.c_void_p.in_dll(simulator, "sim_on_access")
        self._start, self._length = ring.block.address, ring.block.length

    def _note(self, primitive: bytes, address: int | None, length: int) -> None:
        offset = -1 if address is None else address - self._start
        assert address is None or 0 <= offset <= self._length - length, "outside the ring"
        self.seen.append((primitive.decode(), offset))

    def __enter__(self) -> "Accesses":
        self._hook.value = ctypes.cast(self._callback, ctypes.c_void_p).value
        return self

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        self._hook.value = None

    def take(self) -> list[tuple[str, int]]:
        seen, self.seen = self.seen, []
        return seen


def test_each_call_touches_each_shared_word_once_and_in_the_order_of_the_rules(
    simulator: ctypes.CDLL,
) -> None:
    ring = Ring(simulator, 2)
    consumed, rx_sleep, tx_sleep, payload, header = 0, 64, 128, 192, 252
    with Accesses(simulator, ring) as accesses:
        ring.send(b"text")
        assert accesses.take() == [
            ("mem_load_acquire", consumed),
            ("mem_copy_in", payload),
            ("mem_store_release", header),
        ]
        ring.send_must_ring()
        assert accesses.take() == [("mem_fence", -1), ("mem_load_relaxed", rx_sleep)]
        ring.receive()
        assert accesses.take() == [
            ("mem_load_acquire", header),
            ("mem_copy_out", payload),
            ("mem_store_release", consumed),
        ]
        ring.receive_must_ring()
        assert accesses.take() == [("mem_fence", -1), ("mem_load_relaxed", tx_sleep)]
        assert ring.send_slots(bytes(180), 1) == 2
        slots = [("mem_copy_in", payload + 64), ("mem_store_release", header + 64),
                 ("mem_copy_in", payload), ("mem_store_release", header)]  # fmt: skip
        assert accesses.take() == [("mem_load_acquire", consumed), *slots]
        assert ring.receive_slots(1, 3) == bytes(120)
        slots = [("mem_load_acquire", header + 64), ("mem_copy_out", payload + 64),
                 ("mem_load_acquire", header), ("mem_copy_out", payload)]  # fmt: skip
        after = [("mem_load_acquire", header + 64), ("mem_store_release", consumed)]
        assert accesses.take() == [*slots, *after]
        ring.consumer_sleep(True)
        assert accesses.take() == [("mem_store_relaxed", rx_sleep), ("mem_fence", -1)]
        ring.producer_sleep(True)
        assert accesses.take() == [("mem_store_relaxed", tx_sleep), ("mem_fence", -1)]


class Scribbler(Accesses):
    """Changes a word of the ring before any access of the other end, as a seed says."""

    def __init__(self, simulator: ctypes.CDLL, ring: Ring, seed: int) -> None:
        super().__init__(simulator, ring)
        self.random = random.Random(seed)
        self.words = (ctypes.c_uint32 * (ring.block.length // 4)).from_address(ring.block.address)
        self.changes = 0

    def _note(self, primitive: bytes, address: int | None, length: int) -> None:
        super()._note(primitive, address, length)
        if self.random.random() < 0.2:
            at = self.random.choice((0, 16, 32, self.random.randrange(len(self.words))))
            if self.random.random() < 0.5:  # a header
                at = 48 + 16 * self.random.randrange((len(self.words) - 48) // 16) + 15
            self.words[at] ^= self.random.choice((1 << self.random.randrange(32), 0xFFFFFFFF, 3))
            self.changes += 1


def use_both_ends(ring: Ring, rounds: int) -> None:
    """Everything that the two ends of a channel do, whatever comes of it."""
    for number in range(rounds):
        sent = ring.tx.sent
        assert ring.credits() <= ring.slots
        if ring.send(bytes(number), number):
            assert ring.tx.sent == sent + 1 and not ring.tx.fault
        ring.send_must_ring()
        ring.ready()
        message = ring.receive()
        assert message is None or (len(message.payload) <= 60 and not ring.rx.fault)
        ring.receive_must_ring()
        ring.consumer_sleep(bool(number & 1))
        ring.producer_sleep(bool(number & 2))
        assert ring.send_slots(bytes(60 * (number % 12)), number) <= ring.slots
        assert len(ring.receive_slots(number, number % 12)) <= 60 * ring.slots


@pytest.mark.parametrize("slots", [2, 8])
def test_words_changed_between_any_two_accesses_kill_an_end_or_harm_nothing(
    simulator: ctypes.CDLL, slots: int
) -> None:
    ends: Counter[int] = Counter()
    changes = 0
    for seed in range(500):
        ring = Ring(simulator, slots)
        with Scribbler(simulator, ring, seed) as scribbler:
            use_both_ends(ring, 1 + seed % 30)  # any access outside of the ring fails in Accesses
        changes += scribbler.changes
        ends.update({ring.tx.fault, ring.rx.fault})
    assert changes > 10_000
    assert set(ends) == {ALIVE, BAD_LENGTH, BAD_SEQUENCE, BAD_CONSUMED}, ends
