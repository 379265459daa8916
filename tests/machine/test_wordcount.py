"""Goal: wordcount equals CPython's Counter, on any number of cores, on any text, or says why not.
Method: the same files counted here and on the machine; every line of its output compared."""

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS, but_heap, growth, take_census
from orphans import leave_orphan

from polyphone import paths
from polyphone.machine.console import CTRL_C, Console, Result

KIB, MIB = 1 << 10, 1 << 20
WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
CORE_LINE = re.compile(r"core (\d+): (\d+) pieces, (\d+) bytes, (\d+) words")


def counted(text: bytes) -> Counter[bytes]:
    """bytes.lower() changes ASCII letters only, as it should."""
    return Counter(word.lower() for word in WORD.findall(text))


def ranked(text: bytes, number: int = 20) -> list[str]:
    """UTF-8 sorts as its code points do."""
    items = sorted(counted(text).items(), key=lambda item: (-item[1], item[0]))
    return [f"{count} {word.decode()}" for word, count in items[:number]]


def lines_of(output: str) -> list[str]:
    """str.splitlines() would also split words, at characters such as U+2028."""
    return output.split("\n")[:-1]


def check(result: Result, text: bytes, cores: int, number: int = 20) -> None:
    """The whole output: the words, then what each core did, which adds up to the file."""
    assert result.status == 0, result.output
    expected = ranked(text, number)
    lines = lines_of(result.output)
    assert lines[: len(expected)] == expected
    found = [CORE_LINE.fullmatch(line) for line in lines[len(expected) :]]
    assert all(found), lines[len(expected) :]
    shares = [[int(group) for group in match.groups()] for match in found if match]
    assert [share[0] for share in shares] == list(range(cores))
    assert sum(share[2] for share in shares) == len(text)
    assert sum(share[3] for share in shares) == counted(text).total()


def documentation() -> bytes:
    files = sorted((paths.UPSTREAM / "docs" / "library").glob("*.rst"))
    return b"".join(file.read_bytes() for file in files)


def generated(seed: int, size: int, letters: str, longest: int, marks: str, words: int) -> bytes:
    """A text of so many bytes or a little more; frequencies fall as in real texts."""
    chance = random.Random(seed)
    known = ["".join(chance.choices(letters, k=chance.randint(1, longest))) for _ in range(words)]
    weights = [1 / (rank + 1) for rank in range(words)]
    text = bytearray()
    while len(text) < size:
        for word in chance.choices(known, weights, k=1000):
            text += word.encode() + chance.choice(marks).encode()
    return bytes(text)


LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORLD = (
    LATIN
    + "äöüßÄÖÜñçéèабвгдеёжзиαβγδεζηθικ漢字仮名交じり文中日한국어😀🎉“”—…"
    + "\u2028\u00a0\U0010ffff\ufeff"
)
MARKS = [
    " ",
    "\n",
    ", ",
    ". ",
    "-",
    "_",
    "'",
    "3",
    "\t",
    "\x00",
    "\x7f",
    "(",
    "@",
    "[",
    "`",
    "{",
    "/",
]
TEXTS: dict[str, Callable[[], bytes]] = {
    "documentation": documentation,
    "world": lambda: generated(1, 200 * KIB, WORLD, 12, "".join(MARKS), 3000),
    "windows": lambda: documentation()[: 100 * KIB].replace(b"\n", b"\r\n"),
    "no_end": lambda: documentation()[: 50 * KIB].rstrip() + b" last",
    "one_word": lambda: b"Word",
    "one_letter": lambda: b"x",
    "marks_only": lambda: b" \n.,-0123456789\x00\x7f" * 1000,
    "empty": lambda: b"",
    "one_long_line": lambda: documentation()[: 100 * KIB].replace(b"\n", b" "),
    "long_words": lambda: b" ".join([b"a" * 60_000, b"b" * 100_000, b"A" * 60_000, b"c"]),
    "no_blanks": lambda: generated(2, 60 * KIB, LATIN, 8, "-_.", 500),
    "all_ties": lambda: " ".join(f"{a}{b}" for a in "zäyß漢aA😀b" for b in "cxé字d") .encode(),
    "few_words": lambda: b"The the THE tHe end. " * 5000,
    "all_different": lambda: " ".join(f"w{a}{b}{c}" for a in LATIN[:26] for b in LATIN[:26]
                                      for c in LATIN[:26]).encode(),
    "odd_letters": lambda: "ÄÖÜ äöü İ ı ſ K Å ß ẞ Σ σ ς ".encode() * 200,
}  # fmt: skip


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {name: make() for name, make in TEXTS.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, texts: dict[str, bytes]) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    shutil.copy(APPS / "census.py", folder)
    return folder


@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_every_text_is_counted_as_cpython_counts_it(
    machine: Callable[..., Console], folder: Path, texts: dict[str, bytes], cores: int
) -> None:
    shell = machine(cores=cores, apps=folder)
    shell.expect_prompt()
    shell.command("run wordcount /rom/few_words")
    take_census(shell)
    before = take_census(shell)
    for name, text in texts.items():
        output = shell.command(f"run wordcount /rom/{name}")
        result = Result(without_progress(output), int(shell.command("status")))
        check(result, text, cores)
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)
    assert max(growth(before, after).values()) < 8 * KIB


def without_progress(output: str) -> str:
    return re.sub(r"\r *\d+ %|\r {5}\r", "", output)


@pytest.mark.modes("single", "exact")
def test_the_result_is_the_same_in_every_mode(
    exec: Callable[..., Result], folder: Path, texts: dict[str, bytes]
) -> None:
    check(exec("run wordcount /rom/world", apps=folder), texts["world"], 4)


def test_any_core_may_be_the_one_that_asks(
    exec: Callable[..., Result], folder: Path, texts: dict[str, bytes]
) -> None:
    result = exec("run wordcount /rom/world @2", apps=folder)
    lines = [line.removeprefix("[2] ") for line in lines_of(result.output)]
    assert lines[:20] == ranked(texts["world"])
    assert result.status == 0


def test_a_file_of_three_mebibytes_fits_cores_of_two(
    exec: Callable[..., Result], tmp_path: Path
) -> None:
    text = generated(3, 3 * MIB, WORLD, 9, " \n,.", 4000)
    (tmp_path / "large").write_bytes(text)
    check(exec("run wordcount /rom/large", cores=4, mem="2M", apps=tmp_path), text, 4)


def random_words(number: int) -> bytes:
    """So many words, hardly one of them twice."""
    chance = random.Random(5)
    return " ".join("".join(chance.choices(LATIN[:26], k=9)) for _ in range(number)).encode()


@pytest.mark.parametrize("cores", [1, 4])
def test_fifty_thousand_different_words_fit_the_heap(
    exec: Callable[..., Result], tmp_path: Path, cores: int
) -> None:
    text = random_words(50_000)
    (tmp_path / "large").write_bytes(text)
    check(exec("run wordcount /rom/large", cores=cores, apps=tmp_path), text, cores)


@pytest.mark.parametrize(("number", "mem"), [(300_000, "2M"), (100_000, "16M")])
def test_more_different_words_than_fit_the_heap_are_told(
    exec: Callable[..., Result], tmp_path: Path, number: int, mem: str
) -> None:
    (tmp_path / "large").write_bytes(random_words(number))
    result = exec("run wordcount /rom/large; run hello @all", cores=2, mem=mem, apps=tmp_path)
    assert result.lines[0] == (
        "wordcount: /rom/large: more different words than a core's heap holds"
    )
    assert sorted(result.lines[1:]) == [
        "[1] hello from core 1 of 2", "hello from core 0 of 2",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 3, 100, 100_000])
def test_n_says_how_many_words(
    exec: Callable[..., Result], folder: Path, texts: dict[str, bytes], number: int
) -> None:
    result = exec(f"run wordcount -n {number} /rom/no_blanks", apps=folder)
    check(result, texts["no_blanks"], 4, number)


@pytest.mark.parametrize("cores", [1, 3])
def test_cores_says_how_many_take_part(
    exec: Callable[..., Result], folder: Path, texts: dict[str, bytes], cores: int
) -> None:
    result = exec(f"run wordcount --cores {cores} /rom/windows", apps=folder)
    check(result, texts["windows"], cores)


def test_a_core_that_is_taken_or_dead_is_left_out(
    machine: Callable[..., Console], texts: dict[str, bytes], tmp_path: Path
) -> None:
    for name in ("orphan.py", "sleeper.py"):
        (tmp_path / name).write_bytes((APPS / name).read_bytes())
    (tmp_path / "world").write_bytes(texts["world"])
    shell = machine(apps=tmp_path, arguments={"restart": {"intensity": 0}})
    shell.expect_prompt()
    leave_orphan(shell, "sleeper", "asleep")
    output = without_progress(shell.command("run wordcount /rom/world"))
    lines = lines_of(output)
    assert lines[:20] == ranked(texts["world"])
    assert [line[:6] for line in lines[20:22]] == ["core 0", "core 3"]
    assert lines[22:] == [
        "not used: core 1 died (generation 0)",
        "not used: core 2: 1 program of 1 runs: sleeper",
    ]


INVALID = {
    "lone continuation": b"\x80",
    "overlong two": b"\xc0\xaf",
    "overlong three": b"\xe0\x80\xaf",
    "overlong four": b"\xf0\x80\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "too large": b"\xf4\x90\x80\x80",
    "no such lead": b"\xff",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "cut off by a blank": b"\xe6\xbc ",
    "cut off by another": b"\xe6\xbc\xe6\xbc\xa2",
    "latin one": b"gr\xfc\xdfe",
}


@pytest.mark.parametrize("cores", [1, 4])
def test_invalid_utf_8_is_told_with_its_place(
    machine: Callable[..., Console], tmp_path: Path, texts: dict[str, bytes], cores: int
) -> None:
    cases = []
    for number, wrong in enumerate(INVALID.values()):
        for at, text in (("start", wrong + b" word"), ("end", b"word " + wrong.rstrip()),
                         ("middle", texts["windows"] + wrong + texts["windows"])):  # fmt: skip
            (tmp_path / f"{at}{number}").write_bytes(text)
            cases.append((f"{at}{number}", text))
    (tmp_path / "good").write_bytes(texts["few_words"])
    shell = machine(cores=cores, apps=tmp_path)
    shell.expect_prompt()
    for name, text in cases:
        with pytest.raises(UnicodeDecodeError) as caught:
            text.decode()
        output = without_progress(shell.command(f"run wordcount /rom/{name}"))
        assert output.strip("\r\n ") == (
            f"wordcount: /rom/{name}: not UTF-8 from byte {caught.value.start} on"
        )
        assert shell.command("status") == "1\n"
    check(Result(without_progress(shell.command("run wordcount /rom/good")), 0),
          texts["few_words"], cores)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("a b", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("-n", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("-n x /rom/world", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("-n 0 /rom/world", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("--cores 0 /rom/world", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("-z 1 /rom/world", 2, "usage: wordcount [-n WORDS] [--cores N] FILE"),
        ("/rom/nothing", 1, "wordcount: /rom/nothing: no such file"),
        ("nothing", 1, "wordcount: nothing: no such file"),
        ("/rom", 1, "wordcount: /rom: is a folder"),
    ],
)
def test_wrong_uses_are_told(
    exec: Callable[..., Result], folder: Path, arguments: str, status: int, message: str
) -> None:
    assert exec(f"run wordcount {arguments}", apps=folder) == Result(message + "\n", status)


def test_a_word_too_long_for_a_piece_is_told(exec: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"short " * 10 + b"x" * 300_000 + b" short")
    result = exec("run wordcount /rom/text", apps=tmp_path)
    assert result.status == 1
    assert re.fullmatch(
        r"wordcount: /rom/text: a word of more than 262144 bytes near byte \d+\n", result.output
    )


def test_progress_is_shown_on_a_terminal_only(
    machine: Callable[..., Console], exec: Callable[..., Result], folder: Path
) -> None:
    shell = machine(apps=folder)
    shell.expect_prompt()
    output = shell.command("run wordcount /rom/documentation")
    shares = [int(share) for share in re.findall(r"\r *(\d+) %", output)]
    assert len(shares) > 5 and shares == sorted(shares) and shares[-1] <= 100
    assert "%" not in exec("run wordcount /rom/documentation", apps=folder).output


def test_ctrl_c_ends_it_on_all_cores_at_any_time(
    machine: Callable[..., Console], tmp_path: Path, texts: dict[str, bytes]
) -> None:
    shutil.copy(APPS / "census.py", tmp_path)
    text = texts["documentation"] * 8  # so much that it does not end before a Ctrl-C comes
    (tmp_path / "long").write_bytes(text)
    shell = machine(apps=tmp_path)
    shell.expect_prompt()
    shell.command("run wordcount /rom/census.py")
    take_census(shell)
    before = take_census(shell)
    for share in (0, 10, 30, 50, 70):
        shell.send("run wordcount /rom/long\r")
        shell.expect(r"\r *(\d+) %")
        while int(shell.matched[1]) < share:
            shell.expect(r"\r *(\d+) %")
        shell.send(CTRL_C)
        shell.expect_prompt()
        assert shell.command("status") == "130\n"
        assert all(" idle " in line for line in shell.run("cores").lines[1:])
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)
    check(Result(without_progress(shell.command("run wordcount /rom/long")), 0), text, 4)
