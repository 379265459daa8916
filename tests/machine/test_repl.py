"""Goal: Python on every core is all of MicroPython that the issue names, with a good prompt.
Method: `repl CORE` at the shell: a table of expressions, keys, and mpremote's raw protocol."""

import hashlib
import math
import re
from collections.abc import Callable

import pytest

from polyphone.board import Board
from polyphone.machine.console import CTRL_C, CTRL_D, PYTHON_PROMPT, Console, CoreRepl

BACKSPACE_TO_MARGIN = "\x7f" * 4
CTRL_A, CTRL_B, CTRL_E = "\x01", "\x02", "\x05"

# What is typed (may be several lines, by ;) and what it prints.
EXPRESSIONS: list[tuple[str, str | re.Pattern[str]]] = [
    ("1 + 1", "2"),
    ("2 ** 200", str(2**200)),
    ("-(3 ** 100) // 7 ** 20", str(-(3**100) // 7**20)),
    ("pow(3, 10 ** 20, 10 ** 9 + 7)", str(pow(3, 10**20, 10**9 + 7))),
    ("0.1 + 0.2 == 0.30000000000000004, 1 / 3", "(True, 0.3333333333333333)"),
    ("1e308 * 10, 1e-300 / 1e10, -0.0", "(inf, 1e-310, -0.0)"),
    ("import math; math.pi", "3.141592653589793"),
    (
        "import math; math.isclose(math.sin(1), 0.8414709848078965), math.sqrt(9)",
        "(True, 3.0)",
    ),
    (
        "import math; abs(math.exp(1) - math.e) < 1e-15, math.factorial(30)",
        f"(True, {math.factorial(30)})",
    ),
    (
        "import math; math.isclose(math.gamma(5.5), 52.34277778455352), math.isnan(math.nan)",
        "(True, True)",
    ),
    ("import cmath; cmath.polar(2j)[0], cmath.rect(3, 0)", "(2.0, (3+0j))"),
    ("import cmath; abs(cmath.exp(1j * cmath.pi) + 1) < 1e-15", "True"),
    ("(1 + 2j) * (3 - 1j)", "(5+5j)"),
    ("'%5.2f|%-4d|%04x|%s' % (3.14159, 7, 255, 'x')", "' 3.14|7   |00ff|x'"),
    ("f'{2 ** 70:,} {1/3:.3f}'", "'1,180,591,620,717,411,303,424 0.333'"),
    # Typed as escapes: the line editor takes ASCII only.
    (
        r"'gr\xfc\xdfe'.upper(), len('\u6f22\u5b57'), '\xdf'.encode()",
        r"('GR\xfc\xdfE', 2, b'\xc3\x9f')",
    ),
    (
        'import json; json.loads(\'{"a": [1, 2.5, null, true], "b": "\\\\u00fc"}\')[\'a\']',
        "[1, 2.5, None, True]",
    ),
    ("import json; json.dumps([1, 2.5, None, True, 'x'])", "'[1, 2.5, null, true, \"x\"]'"),
    ("import re; m = re.match('(a+)(b*)', 'aaabb'); m.group(1), m.group(2)", "('aaa', 'bb')"),
    ("import re; re.sub('[0-9]+', lambda m: '<%s>' % m.group(0), 'a1b22')", "'a<1>b<22>'"),
    (
        "import struct; struct.pack('<HIq', 1, 2, -3)",
        "b'\\x01\\x00\\x02\\x00\\x00\\x00\\xfd\\xff\\xff\\xff\\xff\\xff\\xff\\xff'",
    ),
    ("import struct; struct.unpack('>hf', b'\\xff\\xfe?\\x80\\x00\\x00')", "(-2, 1.0)"),
    (
        "import hashlib; hashlib.sha256(b'polyphone').digest().hex()",
        repr(hashlib.sha256(b"polyphone").hexdigest()),
    ),
    (
        "import binascii; binascii.hexlify(b'\\x00\\xff'), binascii.b2a_base64(b'poly')",
        "(b'00ff', b'cG9seQ==\\n')",
    ),
    ("import binascii; binascii.crc32(b'123456789') == 0xcbf43926", "True"),
    (
        "import random; random.seed(1); 0 <= random.random() < 1, random.randrange(9) < 9",
        "(True, True)",
    ),
    ("import random; sorted([random.choice('abc') for _ in range(50)])[0]", "'a'"),
    ("import select; select.poll().poll(0)", "[]"),
    (
        "import time; t = time.ticks_ms(); time.sleep_ms(20); "
        "time.ticks_diff(time.ticks_ms(), t) >= 20",
        "True",
    ),
    ("import time; time.gmtime(86400 * 366)[:6]", "(1971, 1, 2, 0, 0, 0)"),
    ("import time; time.time() >= 0, time.time_ns() > 0", "(True, True)"),
    ("import asyncio; asyncio.run(asyncio.gather())", "[]"),
    (
        "import asyncio; asyncio.run(asyncio.wait_for_ms(asyncio.Event().wait(), 5))",
        re.compile(r"Traceback (.*\n)+.*TimeoutError.*"),
    ),
    (
        "import io; io.BytesIO(b'abc').read(2), io.StringIO('line\\n').readline()",
        "(b'ab', 'line\\n')",
    ),
    ("import os; os.listdir('/')", "['ram', 'rom']"),
    (
        "import os; 'arguments.py' in os.listdir('/rom'), os.stat('/rom')[0] == 0x4000",
        "(True, True)",
    ),
    ("import vfs; hasattr(vfs, 'VfsRom'), hasattr(vfs, 'mount')", "(True, True)"),
    ("open('/rom/new.txt', 'w')", re.compile(r"Traceback (.*\n)+OSError: .*")),
    ("import errno; errno.ENOENT", "2"),
    (
        "import collections; collections.OrderedDict([('a', 1)]), collections.deque([1, 2], 5)[1]",
        "(OrderedDict({'a': 1}), 2)",
    ),
    ("import array; array.array('d', [1, 2.5])", "array('d', [1.0, 2.5])"),
    ("import heapq; h = [3, 1, 2]; heapq.heapify(h); heapq.heappop(h)", "1"),
    ("import gc; gc.collect(); gc.mem_free() > 10_000_000", "True"),
    ("import micropython; micropython.heap_locked()", "0"),
    (
        "import sys; sys.byteorder, sys.maxsize == 2 ** 63 - 1, sys.platform",
        "('little', True, 'polyphone')",
    ),
    (
        "import sys; sys.implementation.name, sys.implementation.version[:3]",
        "('micropython', (1, 25, 0))",
    ),
    ("import sys; hasattr(sys.stdin, 'buffer'), hasattr(sys.stdout, 'buffer')", "(True, True)"),
    ("import cpu; cpu.this() is not None, bool(cpu.__doc__)", "(True, True)"),
    ("import ump; ump.PAYLOAD, ump.MESSAGE_MAX, bool(ump.__doc__)", "(60, 65536, True)"),
    ("import poly; poly.cores(), poly.parent()", "(4, None)"),
    ("import _thread", re.compile(r"Traceback (.*\n)+ImportError: no module named '_thread'")),
    ("1 / 0", re.compile(r"Traceback (.*\n)+ZeroDivisionError: divide by zero")),
    ("nothing", re.compile(r"Traceback (.*\n)+NameError: name 'nothing' isn't defined")),
    ("raise RuntimeError('x' * 20)", re.compile(r"Traceback (.*\n)+RuntimeError: x{20}")),
]
MODULES = [
    "__main__", "array", "asyncio/__init__", "binascii", "builtins", "cmath", "collections",
    "cpu", "errno", "gc", "hashlib", "heapq", "io", "json", "math", "micropython", "os",
    "poly/__init__", "random", "re", "select", "struct", "sys", "time", "ump", "vfs",
]  # fmt: skip


@pytest.mark.parametrize("core", [0, 3])
def test_expressions_have_the_values_of_python(steady: Console, core: int) -> None:
    with CoreRepl(steady, core) as python:
        for line, expected in EXPRESSIONS:
            printed = python.run(line).strip()
            if isinstance(expected, str):
                assert printed == expected, line
            else:
                assert expected.fullmatch(printed), (line, printed)


def test_every_core_has_a_python_of_its_own(core: Callable[[int], CoreRepl]) -> None:
    for number in range(4):
        with core(number) as python:
            assert (
                python.run("import cpu, poly; cpu.core(), poly.core()")
                == f"({number}, {number})\n"
            )
            assert "NameError" in python.run("own")
            python.run(f"own = {number}")
            assert python.run("own") == f"{number}\n"


def test_a_repl_forgets_what_was_defined(core: Callable[[int], CoreRepl]) -> None:
    for number in (2, 0):
        with core(number) as python:
            python.run("import json; kept = bytearray(1000)")
            assert python.run("len(kept)") == "1000\n"
        with core(number) as python:
            assert "NameError" in python.run("kept"), f"core {number}"


@pytest.mark.parametrize("number", [0, 2])
def test_a_prompt_begins_with_no_names_but_poly(shell: Console, number: int) -> None:
    with CoreRepl(shell, number) as python:
        assert python.run("sorted(dir())").strip() == "['__name__', 'poly']"


def test_repl_leaves_nothing_behind(steady: Console) -> None:
    for number in (0, 1, 2):
        with CoreRepl(steady, number) as python:
            python.run("import poly, asyncio, json")
            for core in range(1, 4):
                if core != number:
                    python.run(f"c{core} = poly.spawn({core}, 'silent')")
    assert steady.command("status") == "0\n"


def test_several_lines_make_a_block(core: Callable[[int], CoreRepl]) -> None:
    for number in (0, 1):
        with core(number) as python:
            python.console.send("for i in range(3):\r")
            python.console.expect(r"\.\.\. ")
            python.console.send("print('item', i)\r")
            python.console.expect(r"\.\.\. ")
            assert python.run(BACKSPACE_TO_MARGIN) == "item 0\nitem 1\nitem 2\n"


@pytest.mark.parametrize("number", [0, 1])
def test_paste_mode_takes_a_text_as_it_is(core: Callable[[int], CoreRepl], number: int) -> None:
    text = "def double(x):\n    y = 2 * x\n\n    return y\n\n"
    text += "for i in range(3):\n    print(double(i))\n"
    with core(number) as python:
        python.console.send(CTRL_E)
        python.console.expect("=== ")
        python.console.send(text.replace("\n", "\r") + CTRL_D)
        python.console.expect(r"0\r\n2\r\n4\r\n>>> ")
        python.console.send(CTRL_E)
        python.console.expect("=== ")
        python.console.send("print('dropped')\r" + CTRL_C)
        python.console.expect(r"KeyboardInterrupt:? *\r\n>>> |\r\n>>> ")
        assert python.run("double(21)") == "42\n"


@pytest.mark.parametrize("number", [0, 2])
def test_ctrl_c_interrupts_what_runs_and_keeps_the_prompt(
    core: Callable[[int], CoreRepl], number: int
) -> None:
    with core(number) as python:
        # Ready before the interrupt: asyncio swallows one in places of its own import.
        python.run("import asyncio; kept = 7; asyncio.run(asyncio.gather())")
        python.run("exec('async def forever():\\n await asyncio.sleep(3600)')")
        for line in (
            "sum(1 for _ in range(10 ** 9))",
            "import time; time.sleep(3600)",
            "asyncio.run(forever())",
            "input()",
            "import cpu; [cpu.wait(1000) for _ in range(10 ** 6)]",
        ):
            python.console.send(f"print('now'); {line}\r")
            python.console.expect(r"now\r\n")
            python.console.send(CTRL_C)
            python.console.expect(r"KeyboardInterrupt: *\r\n>>> ")
        assert python.run("kept") == "7\n"
        python.console.send("half a li" + CTRL_C)
        python.console.expect(r"\r\n>>> ")
        assert python.run("kept") == "7\n"


def test_the_repl_of_every_core_tells_who_it_is(
    core: Callable[[int], CoreRepl], shell: Console, board: Board
) -> None:
    for number in (0, 1):
        with core(number) as python:
            machine = python.run("import sys; sys.implementation._machine").strip()
            assert board.name in machine
            uname = python.run("import os; os.uname()")
            assert "sysname='polyphone'" in uname
            assert "release='1.25.0'" in uname
            assert board.name in uname
            assert "1.25.0" in python.run("sys.version")


def test_the_banner_says_what_it_is(shell: Console, board: Board) -> None:
    for number in (0, 1):
        banner = shell.command(f"repl {number}", prompt=PYTHON_PROMPT)
        assert "Polyphone (MicroPython " in banner and "1.25.0" in banner
        assert board.name in banner
        shell.send(CTRL_D)
        shell.expect_prompt()


def test_help_lists_what_can_be_imported(core: Callable[[int], CoreRepl]) -> None:
    for number in (0, 1):
        with core(number) as python:
            assert "Ctrl-D  leave" in python.run("help()")
            listed = python.run("help('modules')")
            words = listed.split()
            assert [module for module in MODULES if module not in words] == []
            assert "_thread" not in words
            for word in words:
                if re.fullmatch(r"[a-z_]+", word) and word in MODULES:
                    assert "Error" not in python.run(f"import {word}"), word


@pytest.mark.parametrize("number", [0, 1])
def test_tab_and_history_work_in_python(core: Callable[[int], CoreRepl], number: int) -> None:
    with core(number) as python:
        python.run("import cpu; a_long_name = 5")
        assert python.run("a_lo\t + 1") == "6\n"
        assert python.run("cpu.gener\t()") == "0\n"
        assert python.run("\x1b[A" * 2) == "6\n"


def test_a_deep_recursion_is_an_error_and_not_the_end(core: Callable[[int], CoreRepl]) -> None:
    for number in (0, 1):
        with core(number) as python:
            python.run("f = lambda: f()")
            assert "RuntimeError: maximum recursion depth exceeded" in python.run("f()")
            python.run("l = []; l.append(l)")
            assert "RuntimeError" in python.run("import json; json.dumps(l)")
            assert python.run("1 + 1") == "2\n"


# --- the protocol of mpremote ------------------------------------------------------------------

RAW_BANNER = r"raw REPL; CTRL-B to exit\r\n>"


@pytest.fixture
def raw(shell: Console) -> Console:
    """The console in raw REPL on core 0."""
    shell.command("repl 0", prompt=PYTHON_PROMPT)
    shell.send("\r" + CTRL_C + CTRL_C)
    shell.send(CTRL_A)
    shell.expect(RAW_BANNER)
    return shell


def test_raw_repl_answers_ok_output_error_and_prompt(raw: Console) -> None:
    raw.send("print('out')\nprint(2 * 21)\n" + CTRL_D)
    assert raw.expect(r"OKout\r\n42\r\n\x04\x04>") == ""
    raw.send("raise ValueError('wrong')" + CTRL_D)
    raw.expect("OK\x04Traceback .*\r\n.*ValueError: wrong\r\n\x04>")
    raw.send("kept = 1" + CTRL_D)
    raw.expect("OK\x04\x04>")
    raw.send("print(kept)" + CTRL_D)
    raw.expect(r"OK1\r\n\x04\x04>")
    raw.send(CTRL_B)
    raw.expect(r">>> ")
    assert raw.command("kept", prompt=PYTHON_PROMPT) == "1\n"


def test_ctrl_c_interrupts_a_program_in_the_raw_repl(raw: Console) -> None:
    raw.send("print('now')\nwhile True: pass" + CTRL_D)
    raw.expect(r"OKnow\r\n")
    raw.send(CTRL_C)
    raw.expect("\x04Traceback .*\r\n(.*\r\n)*KeyboardInterrupt: *\r\n\x04>")


@pytest.mark.parametrize("size", [10, 1000, 20_000])
def test_raw_paste_takes_a_text_in_windows(raw: Console, size: int) -> None:
    raw.send("\x05A\x01")
    raw.expect("R\x01")
    raw.expect("(?s)..\x01")
    # The log has the bytes, once it has all of the text; that cannot hold them.
    raw.text()
    low, high = raw.log.read_bytes()[-3:-1]
    window = room = low + 256 * high
    assert 0 < window <= 1024
    text = "print('begin')\n" + "# filler\n" * (size // 9) + "print('end')\n"
    at = 0
    while at < len(text):
        if room == 0:
            raw.expect("\x01")
            room += window
        part = text[at : at + room]
        raw.send(part)
        at += len(part)
        room -= len(part)
    raw.send(CTRL_D)
    raw.expect("\x04")
    raw.expect(r"begin\r\nend\r\n\x04\x04>")


def test_raw_repl_ends_where_the_shell_goes_on(raw: Console) -> None:
    raw.send(CTRL_B)
    raw.expect(">>> ")
    raw.send(CTRL_D)
    raw.expect_prompt()
    assert raw.command("pwd") == "/\n"
    with CoreRepl(raw, 0) as python:
        assert python.run("1 + 1") == "2\n"
