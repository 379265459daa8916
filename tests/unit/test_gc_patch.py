"""Goal: the allocator patch changes what an allocation costs and nothing else.
Method: gc.c, pristine and patched, runs the same traces in one process and must log
the same addresses, failures, collections and tables; mutants show that it would tell."""

import ctypes
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import patched_source
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyphone import paths

HARNESS = Path(__file__).parent / "gc"
ALLOC, FREE, DROP, REALLOC, LINK, COLLECT, THRESHOLD, AUTOMATIC = range(8)
WEIGHTS = (40, 18, 8, 14, 10, 1, 0.3, 0.3)
SLOTS = 48
PAGE = 4096
MEMORY = ctypes.create_string_buffer(9 << 20)
MEMORY_START = -(-ctypes.addressof(MEMORY) // PAGE) * PAGE
COLLECTED, FAILED, FINALISED = 0xC0000000, 0xFFFFFFFF, 0xF0000000

Operation = tuple[int, int, int, int]  # kind, slot, bytes, another slot or a flag


@dataclass
class Allocator:
    library: ctypes.CDLL

    def trace(
        self, operations: Sequence[Operation], heap_bytes: int, check_hints: bool = True
    ) -> list[int]:
        """The log of a run, or [-1 - n] if a hint is wrong after operation n."""
        roots = (ctypes.c_void_p * SLOTS)()
        words = (ctypes.c_uint32 * (4 * len(operations)))(*sum(operations, ()))
        log = (ctypes.c_uint32 * (40 * len(operations) + 100))()
        self.library.run_trace.restype = ctypes.c_long
        count = self.library.run_trace(
            ctypes.c_void_p(MEMORY_START),
            ctypes.c_size_t(heap_bytes),
            roots,
            ctypes.c_size_t(SLOTS),
            words,
            ctypes.c_size_t(len(operations)),
            log,
            ctypes.c_size_t(len(log)),
            ctypes.c_bool(check_hints),
        )
        if count < 0:
            return [count]
        assert count <= len(log)
        return log[:count]

    def visits(self, heap_bytes: int, hole_every: int, nested: bool) -> float:
        """Mean table visits of an allocation, collections left out."""
        self.library.visits_per_thousand.restype = ctypes.c_ulong
        thousandths: int = self.library.visits_per_thousand(
            ctypes.c_void_p(MEMORY_START),
            ctypes.c_size_t(heap_bytes),
            ctypes.c_size_t(hole_every),
            ctypes.c_bool(nested),
            ctypes.c_size_t(heap_bytes // 256),
        )
        return thousandths / 1000


def compile_allocator(output: Path, *includes: Path, split: bool = False) -> Allocator:
    command = ["cc", "-std=c99", "-O1", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
    command += ["-Wno-unused-parameter", "-DNO_QSTR", "-DMP_QSTR___del__=0"]
    command += [f"-DMICROPY_GC_SPLIT_HEAP={int(split)}"]
    command += [f"-I{include}" for include in (HARNESS, *includes)]
    subprocess.run([*command, HARNESS / "harness.c", "-o", output], check=True)
    return Allocator(ctypes.CDLL(str(output)))


@pytest.fixture(scope="module")
def patched_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return patched_source.make(
        tmp_path_factory.mktemp("patched"), "py", "extmod", "shared/runtime"
    )


@pytest.fixture(scope="module", params=[False, True], ids=["one_area", "split_heap"])
def pair(
    request: pytest.FixtureRequest, patched_tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Allocator, Allocator]:
    folder = tmp_path_factory.mktemp("gc")
    return (
        compile_allocator(folder / "pristine.so", paths.UPSTREAM, split=request.param),
        compile_allocator(folder / "patched.so", patched_tree, split=request.param),
    )


def random_trace(seed: int) -> tuple[list[Operation], int]:
    chance = random.Random(seed)
    largest = chance.choice([64, 200, 1000, 3000])
    operations = []
    for _ in range(600):
        kind = chance.choices(range(8), WEIGHTS)[0]
        size = chance.choice(
            [chance.randrange(1, largest), 32 * chance.randrange(1, 8), chance.randrange(64)]
        )
        if kind in (THRESHOLD, AUTOMATIC):
            size = chance.choice([0, 1, 1, 50])
        operations.append((kind, chance.randrange(SLOTS), size, chance.randrange(1 << 16)))
    return operations, chance.choice([2500, 3000, 4000, 8000, 20000, 100000])


def test_random_traces_place_every_block_alike(pair: tuple[Allocator, Allocator]) -> None:
    pristine, patched = pair
    collections = failures = finalised = 0
    for seed in range(300):
        trace = random_trace(seed)
        log = pristine.trace(*trace)
        assert patched.trace(*trace) == log, f"seed {seed}"
        collections += log.count(COLLECTED)
        failures += log.count(FAILED)
        finalised += sum(FINALISED <= event < FAILED for event in log)
    # The traces reach what the patch could break.
    assert min(collections, failures, finalised) > 1000


OPERATIONS = st.tuples(
    st.integers(ALLOC, AUTOMATIC),
    st.integers(0, 11),
    st.one_of(st.integers(0, 400), st.integers(1, 40).map(lambda blocks: 32 * blocks)),
    st.integers(0, 11),
)


@settings(max_examples=200)
@given(
    operations=st.lists(OPERATIONS, min_size=1, max_size=120), heap_bytes=st.integers(2500, 9000)
)
def test_any_trace_places_every_block_alike(
    pair: tuple[Allocator, Allocator], operations: list[Operation], heap_bytes: int
) -> None:
    pristine, patched = pair
    assert patched.trace(operations, heap_bytes) == pristine.trace(operations, heap_bytes)


MUTANTS = {
    "free_is_forgotten": (
        "    gc_run_freed(area, block, end_block);\n",
        "    (void)end_block;\n",
    ),
    "shrink_is_forgotten": (
        "        gc_run_freed(area, block + new_blocks, block + n_blocks);\n",
        "",
    ),
    "free_loses_a_long_tail": (
        "if (n_window == WINDOW_BLOCKS) {",
        "if (n_window > WINDOW_BLOCKS) {",
    ),
    "window_too_long": ("#define WINDOW_BLOCKS (9)", "#define WINDOW_BLOCKS (11)"),
    "collection_keeps_hints": (
        "        gc_run_reset(area);\n    }\n    MP_STATE_THREAD",
        "    }\n    MP_STATE_THREAD",
    ),
    "undo_is_forgotten": ("MIN(*area->gc_last_raised, start)", "*area->gc_last_raised"),
    "undo_cuts_a_hole": ("MIN(*area->gc_last_raised, start)", "start"),
    "undo_after_another_free": (
        "    area->gc_last_run = NO_BLOCK;\n    area->gc_holes_fit",
        "    area->gc_holes_fit",
    ),
    "undo_of_a_long_run": (
        "    area->gc_last_run = NO_BLOCK;\n    if (n_blocks",
        "    if (n_blocks",
    ),
    "inexact_length_is_raised_too_far": (
        "    k += gc_run_length[k] < n_blocks;\n",
        "",
    ),
    "shorter_length_is_raised": (
        "    area->gc_run_hint[n_blocks - 1] = block",
        "    area->gc_run_hint[n_blocks / 2] = block",
    ),
    "displaced_hole_is_lost": (
        "MIN(area->gc_run_hint[k], block)",
        "MIN(area->gc_run_hint[k], block | NO_BLOCK)",
    ),
    "fit_outlives_a_displaced_hole": ("area->gc_hole[h].fit = (size_t)-1;", "(void)h;"),
    "fit_outlives_a_merge": (
        "MAX(end, hole->end), (size_t)-1}",
        "MAX(end, hole->end), hole->fit}",
    ),
    "fit_too_low": ("hole->fit = n_blocks - 1;", "hole->fit = n_blocks / 2;"),
    "no_look_back": ("while (n_free < n_blocks - 1", "while (n_free > n_blocks"),
    "look_back_too_short": ("while (n_free < n_blocks - 1", "while (n_free + 2 < n_blocks"),
    "no_look_forward": (
        "hole->start; block < area->gc_alloc_table_byte_len * BLOCKS_PER_ATB; block++",
        "hole->start; block < hole->end; block++",
    ),
    "first_run_in_a_hole_only": ("if (block + 1 >= hole->end) {", "if (n_blocks) {"),
    "any_hole_instead_of_the_lowest": (
        "if (n_blocks <= hole->fit && hole->start < best",
        "if (best == from_block && n_blocks <= hole->fit && hole->start < best",
    ),
    "search_skips_a_byte": ("i += sizeof(uintptr_t);", "i += sizeof(uintptr_t) + 1;"),
}
# These seldom move a block; the check of the hints shows them.
SELDOM_SEEN = ("undo_cuts_a_hole", "undo_after_another_free", "undo_of_a_long_run")


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_update_is_caught(name: str, patched_tree: Path, tmp_path: Path) -> None:
    source = (patched_tree / "py" / "gc.c").read_text()
    right, wrong = MUTANTS[name]
    assert source.count(right) == 1
    mutant = tmp_path / "py" / "gc.c"
    mutant.parent.mkdir()
    mutant.write_text(source.replace(right, wrong))
    pristine = compile_allocator(tmp_path / "pristine.so", paths.UPSTREAM)
    broken = compile_allocator(tmp_path / "broken.so", tmp_path, patched_tree)
    traces = map(random_trace, range(2000))
    # Most by placement alone, without a look at the hints.
    look = name in SELDOM_SEEN
    assert any(
        broken.trace(*trace, check_hints=look) != pristine.trace(*trace) for trace in traces
    )


@pytest.mark.parametrize("nested", [False, True], ids=["coroutines", "coroutines_in_calls"])
@pytest.mark.parametrize("hole_every", [3, 20])
def test_cost_does_not_grow_with_the_heap(
    pair: tuple[Allocator, Allocator], hole_every: int, nested: bool
) -> None:
    pristine, patched = pair
    small, large = (
        [allocator.visits(heap_bytes, hole_every, nested) for allocator in (pristine, patched)]
        for heap_bytes in (128 << 10, 4 << 20)
    )
    print(f"table visits an allocation, pristine and patched: {small}, 32 times the heap: {large}")
    assert large[0] > 10 * small[0]
    assert large[1] < 2 * small[1]
    assert large[1] < 50
