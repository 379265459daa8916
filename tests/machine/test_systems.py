"""Goal: what a system file names starts on the cores that it names, as it says, and the shell
is as usable as ever. Method: files written by the tests, run by `exec` and at the prompt."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS, take_census

from polyphone.board import Board
from polyphone.machine.console import Console, Result
from polyphone.system import SYSTEMS

POLY = Path(sys.executable).parent / "poly"
CTRL_C = "\x03"


@pytest.fixture
def system(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "system.toml").write_text(text)
        return tmp_path / "system.toml"

    return write


def program(core: object, run: str, *args: str, **more: str) -> str:
    lines = ["[[program]]", f"core = {core}", f'run = "{run}"']
    lines += ["args = [" + ", ".join(f'"{word}"' for word in args) + "]"]
    return "\n".join(lines + [f'{key} = "{value}"' for key, value in more.items()]) + "\n"


def by_core(output: str) -> dict[int, list[str]]:
    """The lines of each core, in its order; core 0's are those without a mark."""
    found: dict[int, list[str]] = {}
    for line in output.splitlines():
        mark = re.match(r"\[(\d+)\] ", line)
        found.setdefault(int(mark[1]) if mark else 0, []).append(line[mark.end() if mark else 0 :])
    return found


def expect_lines(console: Console, *lines: str) -> None:
    """Wait until all have been printed, in any order, and for the prompt below them."""
    left = set(lines)
    while left:
        text = console.expect(r"\r\n", what=f"of {sorted(left)}")
        left = {line for line in left if not text.endswith(line)}
    console.expect_prompt()


@pytest.mark.modes("stress", "exact")
def test_programs_run_on_their_cores_in_order_with_their_arguments(
    exec: Callable[..., Result], system: Callable[[str], Path]
) -> None:
    file = system(
        "cores = 5\n"
        + program('"all"', "arguments", "first")
        + program("[3, 1]", "arguments.py", "two words", "'")
        + program(3, "leave", "0")
        + program(3, "hello")
    )
    result = exec("wait", system=file)
    assert result.status == 0
    first, second = "['/rom/arguments.py', 'first']", "['/rom/arguments.py', 'two words', \"'\"]"
    assert by_core(result.output) == {
        0: [first],
        1: [first, second],
        2: [first],
        3: [first, second, "hello from core 3 of 5"],
        4: [first],
    }


def test_a_program_that_fails_is_told_in_one_line_and_the_next_one_starts(
    exec: Callable[..., Result], system: Callable[[str], Path]
) -> None:
    file = system(
        program(0, "leave", "3") + program(2, "leave", "7") + program(2, "crash", "raise")
        + program(2, "hello") + program(1, "hello")
    )  # fmt: skip
    result = exec("wait", system=file)
    assert result.status == 7
    lines = by_core(result.output)
    assert lines[0] == ["poly: leave: ended with status 3"]
    assert lines[1] == ["hello from core 1 of 4"]
    assert lines[2][0] == "poly: leave: ended with status 7"
    assert lines[2][1].startswith("Traceback")
    assert lines[2][-2:] == ["poly: crash: ended with status 1", "hello from core 2 of 4"]


def test_a_program_that_crashes_its_core_takes_nothing_else_with_it(
    exec: Callable[..., Result], system: Callable[[str], Path]
) -> None:
    file = system(program(2, "crash", "store", "0") + program("[1, 3]", "hello"))
    result = exec("wait; run hello", system=file)
    assert "*** core 2 (generation 0) panic: store" in result.output
    assert "[1] hello from core 1" in result.output and "[3] hello from core 3" in result.output
    assert result.lines[-1] == "hello from core 0 of 4"
    assert exec("wait", system=file).status == 255


def test_the_prompt_stays_usable_and_ps_and_kill_reach_what_was_started(
    machine: Callable[..., Console], system: Callable[[str], Path]
) -> None:
    file = system(
        program("[1, 2]", "busy") + program(1, "hello") + program(3, "loop") + program(3, "hello")
    )
    console = machine(system=file, apps=APPS)
    expect_lines(console, "[1] busy", "[2] busy", "[3] loop", "Ctrl-C interrupts.")
    started = console.command("ps").splitlines()
    for line, name in zip(started, ("shell", "busy", "busy", "loop"), strict=True):
        assert re.fullmatch(rf"core \d  {name} +started by core 0, \d+\.\d+ s ago", line)
    refused = console.run("run hello @1")
    assert refused.status == 1 and "1 program of 1 runs: busy" in refused.output
    for core in (1, 2, 3):
        console.run(f"kill {core}")
    # What would have come after a program that was killed does not start.
    assert console.run("wait").status == 130
    assert len(console.command("ps").splitlines()) == 1
    assert console.run("run hello @all").status == 0
    assert "hello" not in console.text().partition("run hello @all")[0].replace("run hello @1", "")


def test_output_appears_above_the_line_that_is_typed(
    machine: Callable[..., Console], system: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "ticks.py").write_text(
        "import time\nfor tick in range(30):\n    time.sleep_ms(100)\n    print('tick', tick)\n"
        "print('x' * 450, end='')\n"
    )
    console = machine(system=system(program(2, "ticks")), apps=tmp_path)
    console.expect_prompt()
    console.send("statXus\x1b[D\x1b[D")  # the cursor stands on the u
    console.expect("statXus")
    for _ in range(2):
        console.expect(r"\r\x1b\[K\[2\] tick \d+\r\npoly> statXus\x08\x08")
    console.send("\x7f\r")  # Backspace takes the X
    console.expect(r"\r\n0\r\n")
    console.expect(r"\[2\] tick 29")
    for length in (196, 196, 58):  # pieces of a line that is too long to be held back
        console.expect(r"\[2\] (x+)\r\npoly> ")
        assert len(console.matched[1]) == length
    assert console.run("wait").status == 0


def test_the_prompt_comes_back_below_a_panic_report(
    machine: Callable[..., Console], system: Callable[[str], Path]
) -> None:
    console = machine(system=system(program(2, "crash", "store", "0", "500")), apps=APPS)
    console.expect_prompt()
    console.send("stat")
    console.expect(r"\*\*\* end\s+poly> stat")
    console.expect(r"core 2: restarted, generation 1\s+poly> stat")
    console.send("us\r")
    assert console.expect_prompt().endswith("us\n0\n")


def test_ctrl_c_ends_a_program_of_core_0_and_the_prompt_comes(
    machine: Callable[..., Console], system: Callable[[str], Path]
) -> None:
    console = machine(system=system(program(0, "busy") + program(0, "hello")), apps=APPS)
    console.expect("busy")
    console.send(CTRL_C)
    printed = console.expect_prompt()
    assert "poly: busy: ended with status 130" in printed and "hello" not in printed
    assert console.run("wait").status == 130


def test_a_heap_limit_holds_for_its_program_only(
    machine: Callable[..., Console], system: Callable[[str], Path]
) -> None:
    file = system(
        'mem = "8M"\n' + program(1, "eater", "1000", heap="512K") + program(1, "busy", heap="1M")
        + program(2, "busy")
    )  # fmt: skip
    console = machine(system=file, apps=APPS)
    full = "[1] core 1: its heap of 524288 bytes is full"
    expect_lines(console, full, "[1] busy", "[2] busy", "Ctrl-C interrupts.")
    lines = console.command("cores").splitlines()
    assert lines[1].endswith("of 1.0M") and lines[2].endswith("of 7.4M"), lines
    console.run("kill 1; kill 2")
    console.run("wait")
    assert console.command("cores").splitlines()[1].endswith("of 7.4M")
    # A list of 4 MB in one piece: all of the heap is there again.
    result = console.run("run eater 4000000 @1")
    assert re.search(r"its heap of 7\d{6} bytes is full", result.output)


def test_nothing_of_what_was_started_stays(
    machine: Callable[..., Console], system: Callable[[str], Path]
) -> None:
    line = "['/rom/arguments.py']"
    plain = machine(apps=APPS)
    plain.expect_prompt()
    started = machine(
        system=system(program('"all"', "arguments") + program(2, "hello")), apps=APPS
    )
    expect_lines(started, "[2] hello from core 2 of 4", *(f"[{core}] {line}" for core in (1, 3)))
    assert started.run("wait").status == 0
    for console in (plain, started):
        take_census(console)  # the first leaves its own names
    expected, held = take_census(plain), take_census(started)
    for core in expected:
        assert held[core]._replace(heap=0, links=0, modules=0) == expected[core]._replace(
            heap=0, links=0, modules=0
        )


def test_wait_without_a_system_file_has_nothing_to_wait_for(shell: Console) -> None:
    assert shell.run("wait") == Result("", 0)


def test_poly_exec_with_a_system_file_as_a_script_uses_it(
    board: Board, image: Path, system: Callable[[str], Path]
) -> None:
    file = system(program(1, "leave", "9"))
    words = [str(POLY), "exec", "--board", board.name, "--apps", str(APPS), "--system", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (9, "[1] poly: leave: ended with status 9\n")
    words = [*words, "--cores", "1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"poly: {file}:2: core 1: the machine has cores 0..0\n"


@pytest.mark.modes("stress", "exact")
def test_a_restarted_core_starts_again_what_the_file_says(
    exec: Callable[..., Result], system: Callable[[str], Path]
) -> None:
    file = system(
        program("[1, 2]", "arguments", "first", restart="always") + program("[1, 2]", "hello")
        + program(2, "arguments", "last", restart="always")
    )  # fmt: skip
    result = exec("wait; restart 2; wait; restart 1; restart 2; wait", system=file)
    assert result.status == 0
    first, last = "['/rom/arguments.py', 'first']", "['/rom/arguments.py', 'last']"
    lines = by_core(result.output)
    assert lines[1] == [first, "hello from core 1 of 4", first]
    assert lines[2] == [first, "hello from core 2 of 4", last, first, last, first, last]


def test_a_program_that_crashes_its_core_again_and_again_is_given_up(
    exec: Callable[..., Result], system: Callable[[str], Path]
) -> None:
    file = system(
        "[restart]\nintensity = 2\nperiod_s = 3600\n"
        + program(2, "crash", "store", "0", restart="always") + program(1, "hello")
    )  # fmt: skip
    result = exec("wait", system=file)
    assert result.status == 255
    found = re.findall(r"\*\*\* core 2 \(generation (\d)\) panic", result.output)
    assert found == ["0", "1", "2"]
    assert "core 2: stays dead: 2 restarts within 3600000 ms, no more\n" in result.output
    assert "[1] hello from core 1 of 4\n" in result.output


def test_a_shipped_system_runs(exec: Callable[..., Result]) -> None:
    result = exec("wait", system=SYSTEMS / "greeting.toml")
    assert result.status == 0
    assert sorted(by_core(result.output)) == [0, 1, 2, 3]
    assert len(re.findall("100 round trips", result.output)) == 6
