"""Goal: Ctrl-C twice, or a kill, ends a program in a call of C that never ends, by its core's
restart, wherever it runs; a program that answers keeps its core. Method: such calls, typed at."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from polyphone.machine.console import Console

CTRL_C = "\x03"
# Each takes hours, in one call of C.
CALLS = {
    "power": "pow(3, 10**8)",
    "total": "sum(range(1 << 60))",
    "largest": "max(range(1 << 60))",
    "search": "(b'a' * 2000000).find(b'a' * 1000000 + b'b')",
    "pattern": "re.match('a?' * 30 + 'a' * 30, 'a' * 30)",
}
POLITE = """
import time

def call(n):
    start = time.ticks_ms()
    sum(range(n))
    return time.ticks_diff(time.ticks_ms(), start)

n = 10000
while call(n) < 300:  # so long no interrupt comes
    n *= 2
for _ in range(3):
    try:
        print("S")
        while True:
            call(n)
    except KeyboardInterrupt:
        print("swallowed")
try:
    while True:
        call(n)
finally:
    for _ in range(3):
        try:
            call(n)
        finally:
            call(n)
"""
PARENT = """
import poly, sys

child = poly.spawn(2, sys.argv[1])
child.channel.recv()
child.kill()
try:
    print(child.wait())
except poly.PeerDied as died:
    print(died)
child.close()
"""
CHILD = "import poly\npoly.parent().send(b'S')\n"
SYSTEM = """
[[program]]
core = 1
run = "power"
[[program]]
core = 0
run = "power"
"""


@pytest.fixture
def console(
    machine: Callable[..., Console], programs: Callable[[dict[str, str | bytes]], Path]
) -> Console:
    files: dict[str, str | bytes] = {
        f"{name}.py": f'import re\nprint("S")\n{call}\nprint("never")\n'
        for name, call in CALLS.items()
    }
    files |= {"polite.py": POLITE, "parent.py": PARENT}
    files["power_later.py"] = (
        f"import poly, time\ntime.sleep_ms(0 if poly.core() else 500)\n{files['power.py']}"
    )
    files |= {
        "child.py": CHILD + CALLS["power"],
        "hung.py": CHILD + "import cpu\ncpu.hang(1)\n",
    }
    started = machine(apps=programs(files))
    started.expect_prompt()
    return started


def start(console: Console, command: str) -> None:
    console.send(command + "\r")
    console.expect(r"S\r\n")


def expect_restart(console: Console, core: int, said: str = "") -> None:
    console.expect(
        f"{said}core {core} does not answer; restarting it in 1[0-9]+ ms, unless it does"
    )
    console.expect(f"core {core}: restarted, generation 1")


def generations(console: Console) -> list[int]:
    """Of the cores in their order; what became of one may be told in between."""
    return [int(found) for found in re.findall(r"gen (\d+)", console.run("cores").output)]


@pytest.mark.parametrize("name", CALLS)
def test_the_second_ctrl_c_ends_a_program_in_one_long_call(console: Console, name: str) -> None:
    start(console, f"run {name} @2")
    console.send(2 * CTRL_C)
    expect_restart(console, 2, "poly: ")
    console.expect_prompt()
    assert console.command("status") == "255\n"
    start(console, f"run {name}")
    console.send(2 * CTRL_C)
    expect_restart(console, 0)
    console.expect_prompt()
    assert generations(console) == [1, 0, 1, 0]
    assert console.run("run hello @all").status == 0


def test_the_first_ctrl_c_waits_for_the_call_to_end(console: Console) -> None:
    for place in ("@0", "@2"):
        start(console, f"run power {place}")
        console.send(CTRL_C)
        with pytest.raises(AssertionError):
            console.expect("poly", timeout_s=4)
        console.send(CTRL_C)
        console.expect("does not answer")
        console.expect_prompt()


def test_ctrl_c_ends_such_a_program_on_all_cores(console: Console) -> None:
    console.send("run power_later @all\r")
    console.expect(r"\nS\r\n")  # core 0 is the last: then it shows no other core's line
    console.send(2 * CTRL_C)
    console.expect("core 0: restarted, generation 1")
    console.expect_prompt()
    assert generations(console) == [1, 1, 1, 1]
    assert console.run("run hello @all").status == 0


@pytest.mark.parametrize("place", ["@0", "@2", "@all"])
def test_a_program_that_answers_late_keeps_its_core(console: Console, place: str) -> None:
    start(console, f"run polite {place}")
    console.send(CTRL_C)
    console.expect("swallowed")
    console.send(CTRL_C)
    console.expect_prompt()
    assert console.command("status") == "130\n"
    assert generations(console) == [0, 0, 0, 0]


def test_what_the_system_file_started_ends_by_ctrl_c_here_and_by_kill_there(
    machine: Callable[..., Console],
    programs: Callable[[dict[str, str | bytes]], Path],
    tmp_path: Path,
) -> None:
    (tmp_path / "system.toml").write_text(SYSTEM)
    apps = programs({"power.py": f"print('S')\n{CALLS['power']}\n"})
    console = machine(apps=apps, system=tmp_path / "system.toml")
    console.expect(r"\nS\r\n")
    console.send(2 * CTRL_C)
    expect_restart(console, 0)
    console.expect_prompt()
    # Core 1 has not even met core 0's new life.
    killed = console.run("kill 1")
    assert killed.status == 0 and "poly: core 1 does not answer; restarting" in killed.output
    assert generations(console)[:2] == [1, 1]
    assert console.run("kill 1").output == "poly: kill: core 1 runs no program\n"
    assert console.run("run hello @1").status == 0


@pytest.mark.parametrize("child", ["child", "hung"])
def test_a_parent_ends_a_child_that_does_not_answer(console: Console, child: str) -> None:
    answer = console.run(f"run parent {child} @1")
    assert answer.status == 0 and "[1] core 2 died (generation 0)" in answer.output
    assert generations(console) == [0, 0, 1, 0]


def test_ctrl_c_twice_at_the_prompt_of_another_core(console: Console) -> None:
    console.send("repl 2\r")
    console.expect(">>> ")
    console.send("print('S'); pow(3, 10**8)\r")
    console.expect(r"\nS\r\n")
    console.send(CTRL_C)
    console.send(CTRL_C)
    expect_restart(console, 2, "poly: ")
    console.expect_prompt()
    assert console.command("status") == "255\n"


@pytest.mark.parametrize("core", [0, 2])
def test_ctrl_c_twice_at_the_own_console_of_a_core(console: Console, core: int) -> None:
    link = console.machine.link_consoles(console.machine.folder / "console")[core]
    words = ["-m", "mpremote", "connect", str(link), "repl"]
    session = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=60)
    session.expect("exit this shell")
    session.send("\r")
    session.expect(">>> ")
    session.send("print('S'); pow(3, 10**8)\r")
    session.expect(r"\nS\r\n")
    session.send(2 * CTRL_C)
    session.expect(f"core {core} does not answer; restarting it in 1500 ms, unless it does")
    console.expect(f"core {core}: restarted, generation 1")
    session.send("\r")
    session.expect(">>> ")
    session.close(force=True)
