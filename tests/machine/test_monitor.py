"""Goal: a core answers the others whatever its program does, and runs programs for them.
Method: Python on one core asks the monitors of all others; programs that spawn programs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import but_heap, take_census
from orphans import leave_orphan

from polyphone.machine.console import CTRL_C, PYTHON_PROMPT, Console, CoreRepl, Result

# Programs, and the line that each begins with.
OCCUPATIONS = {
    "busy": "busy", "stubborn": "stubborn", "sleeper": "asleep", "loop": "loop",
    "locked": "locked", "reader": "reading", "waiter": "waiting",
    "mapping": "mapping", "diver": "diving",
}  # fmt: skip
# In microseconds: long for a slow host, short for "after the program".
ANSWER_MAX_US = 1_000_000


def spawn(python: CoreRepl, core: int, name: str) -> None:
    """Have `child` on a core, running; its first line may come before the prompt or after."""
    python.console.send(f"child = poly.spawn({core}, '{name}')\r")
    python.console.expect(rf"\[{core}\] {OCCUPATIONS[name]}\r\n")
    python.console.send("print('syn' + 'ced')\r")
    python.console.expect(r"synced\r\n>>> ")


def test_every_core_pings_and_asks_every_other(exec: Callable[..., Result]) -> None:
    result = exec("run crosswise @all", cores=4)
    assert result.status == 0
    pairs = re.findall(r"core (\d) asked core (\d): core \2, \d+ bytes", result.output)
    assert sorted(pairs) == sorted(
        (str(a), str(b)) for a in range(4) for b in range(4) if a != b
    )  # fmt: skip


def test_sixteen_cores_ask_each_other_all_at_once(exec: Callable[..., Result]) -> None:
    result = exec("run crosswise @all", cores=16, mem="2M")
    assert result.status == 0
    assert len(re.findall(r"core \d+ asked core \d+: core \d+, \d+ bytes", result.output)) == 240


@pytest.mark.parametrize("name", OCCUPATIONS)
def test_a_core_answers_while_its_program_does_anything(steady: Console, name: str) -> None:
    with CoreRepl(steady, 0) as python:
        python.run("import poly, time")
        spawn(python, 2, name)
        for _ in range(5):
            slowest = python.run("max([poly.ping(2) for _ in range(100)])")
            assert int(slowest) < ANSWER_MAX_US
            assert python.run("poly.status(2).name") == f"'{name}'\n"
        assert python.run("child.close(); poly.status(2).name").endswith("''\n")


def test_a_core_answers_while_somebody_sits_at_its_repl(steady: Console) -> None:
    with CoreRepl(steady, 2) as python:
        assert int(python.run("import poly; poly.ping(1)")) < ANSWER_MAX_US
        assert "asked core 2: core 2" in python.run(
            "child = poly.spawn(1, 'crosswise'); child.wait(5000)"
        )
        assert python.run("child.close(); poly.status(0).name") == "'shell'\n"


@pytest.mark.modes("exact")
def test_a_core_in_a_busy_loop_answers_within_its_slice(exec: Callable[..., Result]) -> None:
    """Cores take turns here, 10^8 instructions for one that never waits: not two of these."""
    result = exec("run latency busy; run latency sleeper", cores=2)
    slowest = [int(number) for number in re.findall(r"at most (\d+) instructions", result.output)]
    assert len(slowest) == 2 and result.status == 0, result.output
    assert slowest[0] < 2 * 10**8
    assert slowest[1] < 100_000


def test_questions_about_cores_that_are_not_there(core: Callable[[int], CoreRepl]) -> None:
    with core(1) as python:
        python.run("import poly")
        for call in ("ping(4)", "status(-1)", "spawn(9, 'hello')"):
            text = python.run(f"poly.{call}")
            number = re.search(r"-?\d+", call)
            assert number
            assert f"NoSuchService: no core {number[0]}: the cores are 0..3" in text, text
        assert "NoSuchService: core 1: this core itself" in python.run("poly.ping(1)")


# --- spawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("core", [0, 3])
def test_many_spawns_in_a_row_leave_nothing(steady: Console, core: int) -> None:
    assert steady.run(f"run many_spawns 200 @{core}").output.endswith("spawned 200\n")
    assert steady.run("run hello @all").status == 0


def test_spawns_that_fail_leave_nothing(steady: Console) -> None:
    with CoreRepl(steady, 1) as python:
        python.run("import poly")
        for call, error in [
            ("spawn(2, 'no-such-program')", "NoSuchService: no-such-program: no such program"),
            ("spawn(2, '/rom')", "NoSuchService: /rom: no such program"),
            ("spawn(1, 'hello')", "Misuse: core 1 runs the program that spawns"),
            ("spawn(0, 'hello')", "Exhausted: core 0: 1 program of 1 runs: shell"),
            ("spawn(2, 'hello', ('a' * 1000,))", "Exhausted: hello: "),
            ("spawn(2, 'hello', ('a\\0b',))", "Misuse: an argument of a program holds a NUL"),
            ("spawn(2, 'hello', slots=3)", "ValueError: slots: 3 is not a power of two"),
            ("spawn(2, 'hello', slots=2048)", "ValueError: slots: 2048 is not a power of two"),
        ]:
            assert error in python.run("poly." + call), call
        assert python.run("poly.status(2).name") == "''\n"


def test_a_core_that_runs_a_program_refuses_another(steady: Console) -> None:
    with CoreRepl(steady, 0) as python:
        python.run("import poly")
        spawn(python, 2, "sleeper")
        assert "Exhausted: core 2: 1 of 1 programs running (sleeper)" in python.run(
            "poly.spawn(2, 'hello')"
        )
        assert "Exhausted: core 2: 1 program of 1 runs: sleeper" in python.run(
            "other = poly.spawn(3, 'elsewhere', ('2',)); other.wait(5000)"
        )
        python.run("child.close(); other.close()")
        assert python.run("again = poly.spawn(2, 'leave', ('5',)); again.wait(5000)") == "5\n"


def test_a_spawned_program_gets_arguments_channel_and_status(steady: Console) -> None:
    with CoreRepl(steady, 2) as python:
        python.run("import poly")
        python.run("child = poly.spawn(3, 'answer', slots=2)")
        python.run("child.channel.send(b'x' * 500, 9)")
        assert python.run("child.channel.recv() == b'x' * 500, child.channel.kind") == (
            "(True, 9)\n"
        )
        assert "Timeout: answer on core 3: still runs after 20 ms" in python.run("child.wait(20)")
        assert python.run("child.channel.send(b'', 1); child.wait(5000), child.ended()") == (
            "(0, True)\n"
        )
        assert "ChannelDied" in python.run("child.channel.recv()")
        python.run("child.close()")
        assert python.run("child = poly.spawn(3, 'leave', ('7',)); child.wait(5000)") == "7\n"
        assert python.run("child.close(); child.close()") == ""


@pytest.mark.parametrize("name", OCCUPATIONS)
def test_a_killed_child_is_gone_and_its_core_free(steady: Console, name: str) -> None:
    with CoreRepl(steady, 1) as python:
        python.run("import poly, time")
        for _ in range(3):
            spawn(python, 2, name)
            # What it still prints comes to the console over core 0, in its own time.
            python.console.send("child.kill(); print('status', child.wait(8000))\r")
            python.console.expect(r"status 130\r\n")
            python.console.send("child.close(); print('clo' + 'sed')\r")
            python.console.expect(r"closed\r\n>>> ")
            assert python.run("poly.status(2).name") == "''\n"


def test_an_interrupted_child_can_clean_up(steady: Console) -> None:
    with CoreRepl(steady, 0) as python:
        python.run("import poly")
        python.run("child = poly.spawn(1, 'tidy')")
        python.run("child.channel.recv()")
        python.run("child.interrupt()")
        assert python.run("child.channel.recv()") == "b'tidied'\n"
        assert python.run("child.wait(5000)") == "3\n"


@pytest.mark.parametrize("end", ["returns", "raises", "loops"])
def test_a_parent_that_ends_takes_its_children_with_it(steady: Console, end: str) -> None:
    steady.send(f"run parent {end} @1\r")
    steady.expect(r"two children\r\n")
    if end == "loops":
        steady.send(CTRL_C)
    steady.expect_prompt()
    status = {"returns": "0", "raises": "1", "loops": "130"}[end]
    assert steady.command("status") == status + "\n"
    for line in steady.run("cores").lines[1:]:
        assert " idle " in line


def test_a_child_that_waits_for_a_dead_parent_ends(shell: Console) -> None:
    leave_orphan(shell, "waiter", "waiting")
    with CoreRepl(shell, 0) as python:
        python.run("import poly")
        python.run("while poly.status(2).name: pass\r\x7f")
        assert python.run("poly.spawn(2, 'leave', ('4',)).wait(5000)") == "4\n"
    assert "ChannelDied: (32, 'peer died')" in shell.text()
    held = take_census(shell, [0, 2, 3])
    assert list(held) == [0, 2, 3]
    assert all(holding[1:5] == (0, 0, 0, 0) for holding in held.values()), held


def test_children_of_children_run_and_end(steady: Console) -> None:
    result = steady.run("run chain 3")
    assert result.status == 0
    # Lines of different cores come over different channels: in any order.
    assert sorted(result.lines) == [
        "[1] chain 2 on core 1",
        "[2] chain 1 on core 2",
        "[3] chain 0 on core 3",
        "chain 3 on core 0",
    ]


def test_monitors_answer_each_other_while_all_programs_print(exec: Callable[..., Result]) -> None:
    result = exec("run noisy_asker @all", cores=4)
    assert result.status == 0
    assert result.output.count("done") == 4
    assert len(result.lines) == 4 * 201


def test_a_child_started_at_a_repl_is_gone_with_it(shell: Console) -> None:
    take_census(shell)
    before = take_census(shell)
    for number in (0, 1):
        with CoreRepl(shell, number) as python:
            python.run("import poly")
            for core in range(1, 4):
                if core != number:
                    python.run(f"c{core} = poly.spawn({core}, 'silent')")
        assert all(" idle " in line for line in shell.run("cores").lines[1:])
    after = take_census(shell)
    assert but_heap(after) == but_heap(before)


def test_programs_of_the_folder_are_found_by_spawn_too(
    machine: Callable[..., Console], programs: Callable[..., Path]
) -> None:
    shell = machine(apps=programs({"sub/deep.py": "print('deep')\n"}))
    shell.expect_prompt()
    shell.command("repl 0", prompt=PYTHON_PROMPT)
    shell.command("import poly, os; os.chdir('/rom/sub')", prompt=PYTHON_PROMPT)
    output = shell.command("c = poly.spawn(1, 'deep'); c.wait(5000)", prompt=PYTHON_PROMPT)
    assert output == "[1] deep\n0\n"
