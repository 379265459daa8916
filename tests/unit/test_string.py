"""Goal: the image's own string functions do what C says, touch nothing else, and log2 is exact.
Method: compiled for the host for each kind of board, against the host's C library; sources and
destinations lie at all alignments, at random, and against pages that nobody may touch."""

import ctypes
import math
import mmap
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ump_ring import CPU, compile_c

from polyphone import paths

ARCHITECTURES = ("arm64", "riscv")  # words at any address; only at their own
NAMES = (
    *("memcpy", "memmove", "memset", "memcmp", "strlen", "strcmp", "strncmp", "strcpy"),
    *("strchr", "strspn", "strcspn"),
)
FLAGS = ["-O2", "-g", "-fPIC", "-shared", "-fno-builtin", "-fno-tree-loop-distribute-patterns"]
ALIGNMENTS = range(9)
COUNTS = [*range(70), 96, 127, 128, 129, 191, 300]
SEED = 9
Functions = dict[str, Any]
LIBC = ctypes.CDLL(None, use_errno=True)
pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
TYPES = {
    "memcpy": (pointer, [pointer, pointer, size]),
    "memmove": (pointer, [pointer, pointer, size]),
    "memset": (pointer, [pointer, number, size]),
    "memcmp": (number, [pointer, pointer, size]),
    "strlen": (size, [pointer]),
    "strcmp": (number, [pointer, pointer]),
    "strncmp": (number, [pointer, pointer, size]),
    "strcpy": (pointer, [pointer, pointer]),
    "strchr": (pointer, [pointer, number]),
    "strspn": (size, [pointer, pointer]),
    "strcspn": (size, [pointer, pointer]),
}


class Pages:
    """Memory between two pages that end the process when they are touched."""

    ROOM = 2 * mmap.PAGESIZE

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, self.ROOM + 2 * mmap.PAGESIZE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.start, self.end = base + mmap.PAGESIZE, base + mmap.PAGESIZE + self.ROOM
        LIBC.mprotect.argtypes = [pointer, size, number]
        for guard in (base, self.end):
            assert LIBC.mprotect(guard, mmap.PAGESIZE, 0) == 0

    def put(self, address: int, content: bytes) -> int:
        ctypes.memmove(address, content, len(content))
        return address

    def all(self) -> bytes:
        return ctypes.string_at(self.start, self.ROOM)


def typed(library: ctypes.CDLL, prefix: str = "") -> Functions:
    functions = {}
    for name, (result, arguments) in TYPES.items():
        functions[name] = library[prefix + name]  # by index: an object of our own
        functions[name].restype, functions[name].argtypes = result, arguments
    return functions


@pytest.fixture(scope="module", params=ARCHITECTURES)
def ours(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Functions:
    output = tmp_path_factory.mktemp("string") / "string.so"
    renamed = [f"-D{name}=our_{name}" for name in NAMES]  # the host's own stay
    flags = [*FLAGS, *renamed, f"-I{CPU / request.param}"]
    compile_c(output, [CPU / "libc" / "string.c"], flags)
    return typed(ctypes.CDLL(str(output)), "our_")


@pytest.fixture(scope="module")
def theirs() -> Functions:
    return typed(LIBC)


@pytest.fixture
def pages() -> Iterator[Pages]:
    yield Pages()


def sign(value: int) -> int:
    return (value > 0) - (value < 0)


@pytest.mark.parametrize("name", ["memcpy", "memmove"])
def test_a_copy_is_exact_at_every_alignment_and_length(
    ours: Functions, pages: Pages, name: str
) -> None:
    pick = random.Random(SEED)
    content = pick.randbytes(pages.ROOM)
    for at_end in (False, True):
        for to_off in ALIGNMENTS:
            for from_off in ALIGNMENTS:
                for count in COUNTS:
                    pages.put(pages.start, content)
                    if at_end:  # both lie against the page behind, the source in turn with
                        to = pages.end - count - to_off
                        source = pages.start + from_off
                    else:
                        to = pages.start + to_off
                        source = pages.end - count - from_off
                    want = bytearray(content)
                    begin = source - pages.start
                    want[to - pages.start : to - pages.start + count] = content[
                        begin : begin + count
                    ]
                    assert ours[name](to, source, count) == to
                    assert pages.all() == want, (to_off, from_off, count, at_end)


def test_a_move_may_overlap_in_any_way(ours: Functions, pages: Pages) -> None:
    pick = random.Random(SEED)
    content = pick.randbytes(pages.ROOM)
    middle = pages.start + pages.ROOM // 2
    for distance in [*range(-40, 41), -64, 64, -65, 65, -200, 200]:
        for off in ALIGNMENTS:
            for count in COUNTS:
                pages.put(pages.start, content)
                source, to = middle + off, middle + off + distance
                want = bytearray(content)
                begin, target = source - pages.start, to - pages.start
                want[target : target + count] = content[begin : begin + count]
                assert ours["memmove"](to, source, count) == to
                assert pages.all() == want, (distance, off, count)


def test_a_fill_sets_its_bytes_and_no_other(ours: Functions, pages: Pages) -> None:
    background = random.Random(SEED).randbytes(pages.ROOM)
    for value in (0, 1, 0x5A, 0xFF, 0x1A5, -2):
        for off in ALIGNMENTS:
            for count in COUNTS:
                for to in (pages.start + off, pages.end - count - off):
                    pages.put(pages.start, background)
                    want = bytearray(background)
                    begin = to - pages.start
                    want[begin : begin + count] = bytes([value & 0xFF]) * count
                    assert ours["memset"](to, value, count) == to
                    assert pages.all() == want, (value, off, count)


def test_comparisons_have_the_sign_that_the_c_library_has(
    ours: Functions, theirs: Functions, pages: Pages
) -> None:
    pick = random.Random(SEED)
    for _ in range(20_000):
        count = pick.choice(COUNTS)
        left = bytes(pick.choices(b"\x01\x7f\x80\xffab", k=count))
        right = bytearray(left)
        for _ in range(pick.randrange(3)):
            if count:
                right[pick.randrange(count)] = pick.choice(b"\x00\x01\x7f\x80\xffab")
        a = pages.put(pages.start + pick.randrange(9), left + b"\0")
        b = pages.put(
            pages.end - count - 1 - pick.choice((0, pick.randrange(9))), bytes(right) + b"\0"
        )
        for first, second in ((a, b), (b, a)):
            for name, arguments in (
                ("memcmp", (first, second, count)),
                ("strcmp", (first, second)),
                ("strncmp", (first, second, pick.randrange(count + 2))),
            ):
                got, wanted = ours[name](*arguments), theirs[name](*arguments)
                assert sign(got) == sign(wanted), (name, left, right, arguments)


def test_texts_are_measured_and_searched_as_the_c_library_does(
    ours: Functions, theirs: Functions, pages: Pages
) -> None:
    pick = random.Random(SEED)
    for _ in range(20_000):
        text = bytes(pick.choices(b"abc/\x80\xff\x01", k=pick.choice(COUNTS))) + b"\0"
        at = pick.choice((pages.start + pick.randrange(9), pages.end - len(text)))
        pages.put(at, text)
        some = pages.put(
            pages.start + pages.ROOM // 2, bytes(pick.choices(b"abc/\x80", k=3)) + b"\0"
        )
        assert ours["strlen"](at) == theirs["strlen"](at) == len(text) - 1
        for wanted in (*b"a/\x00\x80z", -1, 0x161):
            assert ours["strchr"](at, wanted) == theirs["strchr"](at, wanted)
        for name in ("strspn", "strcspn"):
            assert ours[name](at, some) == theirs[name](at, some), (name, text)
        to = pages.start + 1024 + pick.randrange(9)
        before = pages.put(to - 1, b"\xee" * (len(text) + 2))
        assert ours["strcpy"](to, at) == to
        assert ctypes.string_at(before, len(text) + 2) == b"\xee" + text + b"\xee"


def test_log2_is_exact_for_powers_of_two_and_close_elsewhere(tmp_path: Path) -> None:
    origin = paths.UPSTREAM / "lib" / "libm_dbl"
    sources = [CPU / "port" / "log2.c", origin / "log.c", origin / "frexp.c"]
    flags = ["-O2", "-fPIC", "-shared", "-fno-builtin", "-w", "-Dlog2=our_log2", "-Dlog=our_log"]
    flags += ["-Dfrexp=our_frexp", f"-I{CPU / 'libc'}"]
    library = ctypes.CDLL(str(compile_c(tmp_path / "log2.so", sources, flags)))
    log2 = library.our_log2
    log2.restype, log2.argtypes = ctypes.c_double, [ctypes.c_double]
    for power in range(-1074, 1024):
        assert log2(math.ldexp(1.0, power)) == power
    pick = random.Random(SEED)
    for _ in range(50_000):
        x = math.ldexp(
            pick.uniform(0.5, 2), pick.choice((0, 0, 1, -1, pick.randrange(-1000, 1000)))
        )
        assert abs(log2(x) - math.log2(x)) <= 2 * math.ulp(math.log2(x)), x
    assert log2(0.0) == -math.inf and log2(math.inf) == math.inf
    assert math.isnan(log2(-1.0)) and math.isnan(log2(math.nan))
