"""Goal: wordcount's result is that of collections.Counter, for every text and number of cores.
Method: hypothesis texts cut at random and shared out over tallies; the program itself on
simulated cores, over the C ring.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from host_core import Machine
from hypothesis import given
from hypothesis import strategies as st

from programs import tally, topk, utf8

WORD = re.compile("[A-Za-z\x80-\U0010ffff]+")
MEMORY = 16 << 20
texts = st.lists(
    st.one_of(
        st.sampled_from(
            ["the", "The", "a", "don't", "x-y", "é", "“q”", "3rd", "\0", "\r\n", ",."]
        ),
        st.text(max_size=8),
        st.sampled_from([" ", "\n", "\t", "\x0b", "\x1c", "\x85", "\xa0", "--", "a" * 70]),
    ),
    max_size=60,
).map("".join)


def expected(text: str) -> list[tuple[int, str]]:
    counts = Counter(
        re.sub("[A-Z]", lambda letter: letter[0].lower(), word) for word in WORD.findall(text)
    )
    return sorted(((count, word) for word, count in counts.items()), key=lambda p: (-p[0], p[1]))


class Node:
    """A tally as topk asks it."""

    def __init__(self) -> None:
        self.tally = tally.Tally(MEMORY)
        self.answer: list[tuple[bytes, int]] = []

    def ask_top(self, number: int) -> None:
        self.answer = self.tally.top(number)

    def ask_at_least(self, least: int) -> None:
        self.answer = self.tally.at_least(least)

    def ask_totals(self, words: list[bytes]) -> None:
        self.answer = self.tally.totals(words)

    def words(self) -> list[tuple[bytes, int]]:
        return self.answer


@given(texts, st.integers(1, 4), st.integers(1, 30), st.randoms())
def test_any_text_on_any_number_of_nodes_is_counted_as_by_counter(text, nodes, number, random):
    shares = [Node() for _ in range(nodes)]
    pieces = re.split(b"(?<=[ ,\n])", text.encode())
    for piece in pieces:
        random.choice(shares).tally.add(piece)
    found = [(count, word.decode()) for count, word in topk.top(shares, number)]
    assert found == expected(text)[:number]
    words = sum(node.tally.word_count for node in shares)
    assert words == sum(count for count, _ in expected(text))


@given(texts, st.integers(1, 5))
def test_a_tally_with_many_full_tables_counts_the_same(text, room):
    counted = tally.Tally(room * tally.TABLE_PART * tally.ENTRY_BYTES)
    for piece in re.split(b"(?<=[ ,\n])", text.encode()):
        counted.add(piece)
    found = sorted((-count, word.decode()) for word, count in counted.at_least(1))
    assert [(-count, word) for count, word in found] == expected(text)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=4),
            st.text(max_size=3).map(str.encode),
            st.sampled_from(
                [
                    b"\xc0\xaf",
                    b"\xe0\x80\xaf",
                    b"\xed\xa0\x80",
                    b"\xf4\x90\x80\x80",
                    b"\xf0\x8f\xbf",
                ]
            ),
        ),
        max_size=8,
    ).map(b"".join)
)
def test_utf8_is_checked_as_strictly_as_by_cpython(data):
    try:
        data.decode()
        fault = -1
    except UnicodeDecodeError as error:
        fault = error.start
    assert utf8.first_fault(data) == fault
    assert utf8.scan(data) == fault  # what MicroPython runs, whose decode() lets some through


@given(st.binary(max_size=30))
def test_text_that_is_not_utf8_is_refused(data):
    counted = tally.Tally(MEMORY)
    counted.add(data)
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(tally.BadText):
            counted.close()
    else:
        counted.close()


# --- the program ---------------------------------------------------------------------


def wordcount(library, folder: Path, data: bytes, cores: int, options: str = "", seed: int = 0):
    """(status, lines) of the program on a machine that leaks nothing."""
    (folder / "text").write_bytes(data)
    arguments = json.dumps({"exec": f"run wordcount {options} /text"})
    with Machine(library, cores, folder, seed=seed, arguments=arguments) as machine:
        status = machine.run_to_end()
        assert machine.leaks() == []
        return status, machine.text().splitlines()


def long_text() -> str:
    sentences = [
        "It was the best of times,",
        "café “naïve”\r\n",
        "x.y-z 1984's",
        "\0 \n",
        "the end.",
    ]
    return " ".join(
        sentences[i * i % 5] + f" word{'abcdefg'[i % 7] * (i % 40)}" for i in range(9000)
    )


@pytest.mark.parametrize("cores", [1, 2, 4, 8])
@pytest.mark.parametrize("seed", range(2))
def test_every_number_of_cores_gives_the_same(library, tmp_path, cores, seed):
    text = long_text()
    status, lines = wordcount(library, tmp_path, text.encode(), cores, seed=seed)
    assert status == 0
    assert lines[:20] == [f"{count} {word}" for count, word in expected(text)[:20]]
    assert len(lines) == 20 + cores
    fields = [
        re.fullmatch(r"core (\d+): (\d+) pieces, (\d+) bytes, (\d+) words", x) for x in lines[20:]
    ]
    assert [int(field[1]) for field in fields] == list(range(cores))
    assert sum(int(field[3]) for field in fields) == len(text.encode())
    assert sum(int(field[4]) for field in fields) == sum(count for count, _ in expected(text))


def test_words_that_are_all_different_are_ranked_by_code_point(library, tmp_path):
    words = [f"{'abcdefghij'[i // 1000]}{chr(0x100 + i)}" for i in range(9000)]
    status, lines = wordcount(library, tmp_path, " ".join(words[::-1]).encode(), 3, "-n 5")
    assert (status, lines[:5]) == (0, [f"1 {word}" for word in sorted(words)[:5]])


def test_an_empty_text_has_no_words(library, tmp_path):
    status, lines = wordcount(library, tmp_path, b"", 2)
    assert status == 0
    assert lines == [f"core {core}: 0 pieces, 0 bytes, 0 words" for core in (0, 1)]


@pytest.mark.parametrize("cores", [1, 3])
def test_the_place_where_utf8_ends_is_named(library, tmp_path, cores):
    data = (long_text() * 2).encode()
    data = data[:200_000] + b" \xed\xa0\x80 " + data[200_000:]
    status, lines = wordcount(library, tmp_path, data, cores)
    try:
        data.decode()
        raise AssertionError
    except UnicodeDecodeError as error:
        fault = error.start
    assert (status, lines) == (1, [f"wordcount: /text: not UTF-8 from byte {fault} on"])


@pytest.mark.parametrize("cores", [1, 2])
def test_a_word_longer_than_a_piece_is_counted_whole(library, tmp_path, cores):
    data = b"a " * 20000 + b"b" * 100_000 + b" a,b" * 5000
    status, lines = wordcount(library, tmp_path, data, cores, "-n 3")
    assert (status, lines[:3]) == (0, ["25000 a", "5000 b", "1 " + "b" * 100_000])


def test_a_word_past_the_bound_is_refused(library, tmp_path):
    status, lines = wordcount(library, tmp_path, b"a" * 300_000 + b" b", 2)
    assert status == 1
    assert lines == ["wordcount: /text: a word of more than 262144 bytes near byte 0"]


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        ("-n 0", 2, "usage: "),
        ("-n x", 2, "usage: "),
        ("--cores", 2, "usage: "),
        ("/rom", 2, "usage: "),
        ("-n 1 --cores 1", 0, "1 a"),
    ],
)
def test_options_are_checked(library, tmp_path, options, status, text):
    found, lines = wordcount(library, tmp_path, b"a", 2, options)
    assert found == status and lines[0].startswith(text)
