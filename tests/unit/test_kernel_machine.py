"""Goal: monitors, programs and shell together do what they promise, and leave nothing behind.
Method: the kernel's Python on 1 to 8 simulated cores over the C ring, in seeded interleavings.
"""

from collections.abc import Callable

import pytest
from host_core import Machine, acting_as

CORES = 3
PROGRAMS = {
    "say.py": "import poly, sys\nprint('from', poly.core(), *sys.argv[1:])\n",
    "busy.py": "while True:\n    pass\n",
    "stubborn.py": """
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        print("swallowed")
""",
    "flooder.py": """
import micropython
def again(_):
    try:
        while True:
            micropython.schedule(again, None)
    except RuntimeError:
        pass
again(None)
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        print("swallowed")
""",
    "locked.py": "import micropython\nmicropython.heap_lock()\nwhile True:\n    pass\n",
    "fail.py": "raise ValueError('wrong')\n",
    "seven.py": "import sys\nsys.exit(7)\n",
    "long.py": "for i in range(100):\n    print('line', i, 'x' * 40)\n",
    "read.py": "import cpu\ngot = b''\nwhile b'\\n' not in got:\n    byte = cpu.take_input()\n"
    "    if byte < 0:\n        cpu.wait()\n    else:\n        got += bytes((byte,))\nprint(got)\n",
    "answer.py": """
import poly
channel = poly.parent()
message = channel.recv()
while message:
    channel.send(message[::-1])
    message = channel.recv()
""",
    "spawner.py": """
import poly
with poly.spawn(1, "answer") as child:
    for text in (b"abc", b"x" * 5000, b"1"):
        child.channel.send(text)
        assert child.channel.recv() == text[::-1]
    child.channel.send(b"")
    print("status", child.wait(1000))
""",
    "result.py": "import poly\npoly.parent().send(b'result')\n",
    "late.py": """
import poly
with poly.spawn(1, "result") as child:
    child.wait()
    print(child.channel.recv())
""",
    "careless.py": "import poly\npoly.spawn(1, 'busy')\npoly.spawn(2, 'answer')\n",
    "twice.py": """
import poly
poly.spawn(1, "busy")
try:
    poly.spawn(1, "busy")
except poly.Exhausted as error:
    print(error)
try:
    poly.spawn(2, "say", ["x" * 600])
except poly.Exhausted as error:
    print(error)
for wrong in (0, 9):
    try:
        poly.spawn(wrong, "say")
    except poly.Error as error:
        print(type(error).__name__, error)
""",
    "watch.py": """
import poly
child = poly.spawn(1, "locked")
print(poly.ping(1) > 0, poly.status(1).name, poly.status(0).name)
child.kill()
print(child.wait(1000))
""",
    "outlive.py": """
import poly
child = poly.spawn(1, "busy")
print("waiting")
try:
    child.wait(5000)
except poly.PeerDied as died:
    print("died:", died.core, died)
""",
}


def execute(machine: Machine) -> tuple[int, str]:
    return machine.run_to_end(), machine.text()


@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_all_cores_come_up_and_say_so(start: Callable[..., Machine], cores: int) -> None:
    machine = start(cores)
    lines = machine.command("cores").splitlines()
    assert len(lines) == cores
    assert lines[0].startswith("core 0  online   gen 0  shell ")
    for number in range(1, cores):
        assert lines[number].startswith(f"core {number}  online   gen 0  idle ")


@pytest.mark.parametrize("seed", range(4))
def test_a_program_runs_on_every_core_and_its_lines_name_it(
    start: Callable[..., Machine], seed: int
) -> None:
    machine = start(4, seed=seed)
    lines = machine.command("run say 'a b' c @all").splitlines()
    own = "from 0 a b c"
    assert sorted(lines) == sorted([own] + [f"[{n}] from {n} a b c" for n in (1, 2, 3)])


def test_the_exit_status_is_that_of_the_last_command(start: Callable[..., Machine]) -> None:
    status, text = execute(start(arguments='{"exec": "run say @1; run seven @2"}'))
    assert (status, text) == (7, "[1] from 1\n")


@pytest.mark.parametrize(
    ("line", "status", "text"),
    [
        ("nonsense", 127, "poly: nonsense: no such command; `help` lists them\n"),
        ("run nothere", 1, "poly: run: nothere: no such program\n"),
        ("run say @9", 1, "poly: run: no core 9: the cores are 0..2\n"),
        ("run say @x", 2, "poly: run: @x: neither @all nor @ and the number of a core\n"),
        ("cat nothere", 1, "poly: cat: nothere: no such file or folder\n"),
        ("cd nothere", 1, "poly: cd: nothere: no such file or folder\n"),
        ("kill 1", 1, "poly: kill: core 1 runs no program\n"),
        ("kill 0", 2, "poly: kill: core 0 runs this shell\n"),
        ("kill", 2, "poly: usage: kill CORE\n"),
        ("poweroff 256", 2, "poly: poweroff: 256: not a number from 0 to 255\n"),
        ("run 'say", 2, "poly: ' is not closed\n"),
        ("run fail", 1, "Traceback:\nValueError: wrong\n"),
        ("run fail @1", 1, "[1] Traceback:\n[1] ValueError: wrong\n"),
        ("run seven @all", 7, ""),
        ("pwd; cd rom; pwd", 0, "/\n/rom\n"),
    ],
)
def test_a_command_has_a_status_and_one_clear_line(
    start: Callable[..., Machine], line: str, status: int, text: str
) -> None:
    machine = start()
    assert machine.command(line) == text
    assert machine.command("status") == f"{status}\n"


def test_help_lists_every_command_with_its_usage(start: Callable[..., Machine]) -> None:
    from shell.commands import COMMANDS

    text = start(1).command("help")
    assert len(text.splitlines()) == len(COMMANDS)
    for command in COMMANDS:
        assert command.usage in text and command.text in text


@pytest.mark.parametrize("seed", range(3))
def test_long_output_arrives_whole_and_in_order(start: Callable[..., Machine], seed: int) -> None:
    machine = start(seed=seed)
    want = [f"[1] line {i} {'x' * 40}" for i in range(100)]
    assert machine.command("run long @1").splitlines() == want


def test_lines_of_two_cores_do_not_mix(start: Callable[..., Machine]) -> None:
    lines = start().command("run long @all").splitlines()
    for number in (1, 2):
        own = [line for line in lines if line.startswith(f"[{number}] ")]
        assert own == [f"[{number}] line {i} {'x' * 40}" for i in range(100)]


def test_typed_lines_reach_the_program(start: Callable[..., Machine]) -> None:
    machine = start()
    machine.run_until(machine.prompted)
    machine.type("run read @2\n")
    machine.run_until(lambda: machine.cores[2].kernel.program)
    machine.type("x" * 100 + "\n")
    machine.run_until(machine.prompted)
    assert f"[2] b'{'x' * 100}\\n'" in machine.text()


@pytest.mark.parametrize("place", ["", " @1", " @all"])
def test_ctrl_c_interrupts_what_runs(start: Callable[..., Machine], place: str) -> None:
    machine = start()
    machine.run_until(machine.prompted)
    machine.type(f"run busy{place}\n")
    busy = {"": [0], " @1": [1], " @all": [0, 1, 2]}[place]
    machine.run_until(lambda: all(machine.cores[n].kernel.program for n in busy))
    for _ in range(200):
        machine.step()
    machine.type("\x03")
    machine.run_until(machine.prompted)
    assert machine.command("status") == "130\n"


@pytest.mark.parametrize("seed", range(3))
def test_a_second_ctrl_c_kills_who_swallows_the_first(
    start: Callable[..., Machine], seed: int
) -> None:
    machine = start(seed=seed)
    machine.run_until(machine.prompted)
    machine.type("run stubborn @1\n")
    machine.run_until(lambda: machine.cores[1].kernel.interruptible)
    for _ in range(2):
        for _ in range(200):
            machine.step()
        machine.type("\x03")
    machine.run_until(machine.prompted)
    assert machine.command("status") == "130\n"


def begin_to_swallow(machine: Machine, name: str, place: str) -> None:
    machine.run_until(machine.prompted)
    machine.type(f"run {name}{place}\n")
    cores = {"": [0], " @1": [1], " @all": [0, 1, 2]}[place]
    machine.run_until(lambda: all(machine.cores[n].kernel.interruptible for n in cores))
    for _ in range(100):
        machine.step()


def killed(machine: Machine) -> None:
    machine.run_until(machine.prompted)
    assert machine.command("status") == "130\n"
    assert machine.command("run say @all").count("from") == len(machine.cores)


SWALLOWERS = ["stubborn", "flooder"]


@pytest.mark.parametrize("place", ["", " @1", " @all"])
@pytest.mark.parametrize("name", SWALLOWERS)
@pytest.mark.parametrize("at", range(0, 60, 3))
def test_a_second_ctrl_c_kills_at_whatever_turn_it_comes(
    start: Callable[..., Machine], name: str, place: str, at: int
) -> None:
    machine = start(seed=at)
    begin_to_swallow(machine, name, place)
    machine.type("\x03")
    for _ in range(at):
        machine.step()
    machine.type("\x03")
    killed(machine)


@pytest.mark.parametrize("name", SWALLOWERS)
@pytest.mark.parametrize("seed", range(4))
def test_a_second_ctrl_c_kills_when_the_first_is_not_answered_yet(
    start: Callable[..., Machine], name: str, seed: int
) -> None:
    """It comes while the program's core is asked for the first, and is no input."""
    machine = start(seed=seed)
    begin_to_swallow(machine, name, " @1")
    machine.type("\x03")
    machine.run_until(lambda: machine.cores[0].kernel.monitor.links[1].asked)
    machine.type("\x03")
    killed(machine)


@pytest.mark.parametrize("seed", range(4))
def test_messages_of_all_lengths_go_to_a_child_and_back(
    start: Callable[..., Machine], seed: int
) -> None:
    assert start(seed=seed).command("run spawner") == "status 0\n"


@pytest.mark.parametrize("seed", range(4))
def test_what_a_child_sent_before_its_end_is_received(
    start: Callable[..., Machine], seed: int
) -> None:
    assert start(seed=seed).command("run late") == "b'result'\n"


def test_children_end_with_the_program_that_spawned_them(start: Callable[..., Machine]) -> None:
    machine = start()
    assert machine.command("run careless") == ""
    assert machine.command("run say @all").count("from") == 3


def test_what_cannot_be_spawned_names_the_bound(start: Callable[..., Machine]) -> None:
    lines = start().command("run twice").splitlines()
    assert lines[0] == "core 1: 1 of 1 programs running (busy)"
    assert lines[1].startswith("say: ") and lines[1].endswith("420 fit a request")
    assert lines[2] == "Misuse core 0 runs the program that spawns"
    assert lines[3] == "NoSuchService no core 9: the cores are 0..2"


def test_a_core_with_the_heap_locked_answers_and_can_be_killed(
    start: Callable[..., Machine],
) -> None:
    assert start().command("run watch").splitlines() == ["True locked watch", "130"]


def test_a_core_that_dies_is_told_once_and_ends_what_waits(start: Callable[..., Machine]) -> None:
    machine = start(arguments='{"restart": {"intensity": 0}}')
    machine.run_until(machine.prompted)
    machine.type("run outlive\n")
    machine.run_until(lambda: b"waiting" in machine.console)
    machine.crash(1, "core 1 panic: test\nmore\n")
    machine.run_until(machine.prompted)
    text = machine.text()
    assert text.count("core 1 panic: test\nmore\n") == 1
    assert "died: 1 core 1 died (generation 0)\n" in text
    assert machine.command("run say @1") == "poly: run: core 1 died (generation 0)\n"
    stays = "stays dead: 0 restarts within 10000 ms, no more\n"
    assert f"core 1: {stays}" in text
    assert f"core 1  dead     gen 0  {stays}" in machine.command("cores")
    assert "core 1 died" in machine.command("log")


def test_the_status_of_a_program_whose_core_died_is_255(start: Callable[..., Machine]) -> None:
    machine = start()
    machine.run_until(machine.prompted)
    machine.type("run busy @2\n")
    machine.run_until(lambda: machine.cores[0].kernel.interruptible)  # it waits for the end
    machine.crash(2, "gone")
    machine.run_until(machine.prompted)
    assert "poly: core 2 died (generation 0)\n" in machine.text()
    assert "core 2: restarted, generation 1\n" in machine.text()
    assert machine.command("status") == "255\n"
    assert machine.command("run say @2") == "[2] from 2\n"


def test_a_prompt_on_another_core_takes_lines_until_ctrl_d(start: Callable[..., Machine]) -> None:
    machine = start()
    machine.run_until(machine.prompted)
    machine.type("repl 1\n")
    machine.run_until(lambda: machine.console.endswith(b">>> "))
    machine.type("6 * 7\n")
    machine.run_until(lambda: b"42" in machine.console)
    machine.type("\x04")
    machine.run_until(machine.prompted)
    assert machine.command("run say @1") == "[1] from 1\n"


def test_completion_offers_commands_programs_files_and_cores(
    start: Callable[..., Machine],
) -> None:
    from shell.commands import COMMANDS
    from shell.complete import complete

    machine = start()
    machine.command("pwd")
    with acting_as(machine.cores[0]):
        assert complete("po", COMMANDS) == ["poweroff"]
        assert complete("run wor", COMMANDS) == ["wordcount"]
        assert complete("run say @", COMMANDS) == ["@0", "@1", "@2", "@all"]
        assert complete("cores; kill ", COMMANDS) == ["0", "1", "2"]
        assert complete("cat ro", COMMANDS) == ["rom/"]
        assert complete("cat rom/sp", COMMANDS) == ["rom/spawner.py"]
        assert complete("nothing x", COMMANDS) == []
