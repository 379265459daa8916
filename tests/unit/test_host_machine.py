"""Goal: machines start, talk, fail and end as promised, without the kernel. Method:
QEMU with a small guest of our own (host/guest.c) that answers like the kernel's shell."""

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from polyphone import board as boards
from polyphone import paths
from polyphone.errors import UserError
from polyphone.machine import snapshot, terminal
from polyphone.machine.console import Console, ConsoleError
from polyphone.machine.qemu import ACCELERATION, Machine, Mode, Setup

GUEST = Path(__file__).parent / "host" / "guest.c"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder in which virt_rv64's image is the guest."""
    build = tmp_path_factory.mktemp("build")
    board = boards.load("virt_rv64")
    folder = build / board.name
    boards.emit(board, folder)
    command = [board.compiler["prefix"] + "gcc", *board.compiler["flags"], "-O1", "-g"]
    command += ["-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib"]
    command += [f"-Wl,--section-start=.init={board.memory['image']:#x}"]
    command += ["-I", str(folder), "-I", str(paths.KERNEL / "cpu"), str(GUEST)]
    subprocess.run([*command, "-o", str(folder / "image.elf")], check=True)
    return build


@pytest.fixture
def setup(built: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr(paths, "BUILD", built)
    return Setup(boards.load("virt_rv64"), cores=2)


@pytest.fixture
def console(setup: Setup, tmp_path: Path) -> Iterator[Console]:
    console = Console(Machine(setup), tmp_path / "console.log", timeout_s=10)
    yield console
    console.close()


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("li t0, 0x100000\nli t1, 0xff3333\nsw t1, (t0)\n", "with status 0 before prompt"),
        ("li t0, 0x10000000\nla t1, text\n1: lb t2, (t1)\nbeqz t2, 1b\nsb t2, (t0)\n"
         "addi t1, t1, 1\nj 1b\ntext: .asciz \"*** end\\n\"\n", "it panicked"),
    ],
    ids=["it ends", "it panics"],
)  # fmt: skip
def test_a_kernel_that_does_not_start_makes_no_image(
    setup: Setup, tmp_path: Path, does: str, message: str
) -> None:
    source = tmp_path / "guest.s"
    source.write_text(f".globl _start\n_start: {does}")
    board = replace(setup.board, linked=True)
    command = [board.compiler["prefix"] + "gcc", *board.compiler["flags"], "-nostdlib"]
    command += [f"-Wl,-Ttext={board.memory['image']:#x}", str(source), "-o", str(board.image)]
    subprocess.run(command, check=True)
    with pytest.raises(UserError, match=f"(?s)kernel of virt_rv64 does not start; .*{message}"):
        snapshot.add(board, tmp_path / "image.elf")
    assert not (tmp_path / "image.elf").exists()


def test_a_command_gives_its_output_and_status(console: Console) -> None:
    console.expect_prompt()
    result = console.run("cores")
    assert (result.output, result.status, result.lines) == ("2\n", 0, ["2"])
    assert console.run("nonsense").status == 2


def test_the_log_has_what_the_guest_wrote(console: Console) -> None:
    console.expect_prompt()
    console.run("cores")
    assert console.text().startswith("poly> cores\n2\npoly> status\n0\npoly> ")


@pytest.mark.parametrize("status", [0, 3])
def test_the_guests_exit_status_arrives(console: Console, status: int) -> None:
    console.expect_prompt()
    console.send(f"exit {status}\r")
    assert console.wait() == status


def test_a_hang_shows_registers_of_all_cores_and_the_log(console: Console) -> None:
    console.expect_prompt()
    with pytest.raises(ConsoleError) as error:
        console.run("hang", timeout_s=1)
    text = str(error.value)
    assert "no prompt 'poly> ' within 1 s" in text
    assert "CPU#0" in text and "CPU#1" in text and "mepc" in text
    assert re.search(r"core 0: 0x800\w+ \w+\S* guest.c:\d+\ncore 1: ", text)
    assert "poly> hang" in text
    assert "reproduce: build/venv/bin/poly run --board virt_rv64 --cores 2 --mem 16M" in text


def test_an_early_end_is_reported_with_its_status(console: Console) -> None:
    console.expect_prompt()
    with pytest.raises(ConsoleError, match="the machine ended with status 5 before"):
        console.command("exit 5")


def test_a_panic_is_found_with_symbols(console: Console) -> None:
    console.expect_prompt()
    console.run("panic")
    (report,) = console.panics()
    assert report.startswith("*** core 0 (generation 0) panic: told to\n")
    assert "panic guest.c:" in report


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
def test_every_mode_runs(setup: Setup, mode: Mode, tmp_path: Path) -> None:
    chosen = replace(setup, mode=mode)
    with Machine(chosen) as machine:
        assert set(ACCELERATION[mode]) <= set(machine.command())
        console = Console(machine, tmp_path / "log", timeout_s=10)
        console.expect_prompt()
        assert console.run("cores").output == "2\n"
        console.close()


def test_polling_is_off_where_no_peer_runs_meanwhile(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    assert Setup(setup.board, cores=2).spin_us() == 20
    assert Setup(setup.board, cores=3).spin_us() == 0
    assert Setup(setup.board, cores=2, mode=Mode.EXACT).spin_us() == 0
    assert Setup(setup.board, cores=2, mode=Mode.SINGLE).spin_us() == 0


def test_execute_passes_output_and_status(setup: Setup, tmp_path: Path) -> None:
    output = io.BytesIO()
    status = terminal.execute(setup, "cores; ps", output, tmp_path / "log")
    assert (output.getvalue(), status) == (b'{"exec":"cores; ps"}\n', 7)


def test_a_machine_leaves_nothing_behind(setup: Setup) -> None:
    machine = Machine(setup)
    machine.start(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    process = machine.process
    machine.stop()
    machine.stop()
    assert process is not None and process.poll() is not None
    assert not machine.folder.exists()


def test_a_board_that_is_not_built_says_how_to_build_it(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    with pytest.raises(UserError, match="virt_rv64 is not built: make build BOARD=virt_rv64"):
        Machine(setup)


def test_gdb_attaches_with_the_printed_line_and_cores_are_threads(setup: Setup) -> None:
    with Machine(setup, debug=True) as machine:
        machine.start(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        assert "paused" in machine.monitor_command("info status")
        line = terminal.gdb_command(machine) + " -batch -ex 'info threads'"
        done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
    threads = [text for text in done.stdout.splitlines() if "Thread 1." in text]
    assert len(threads) == 2, done.stdout + done.stderr


@pytest.fixture
def person(setup: Setup, built: Path) -> Callable[[str], "pexpect.spawn[str]"]:
    """`poly run` or `poly debug` on a terminal of its own."""

    def start(function: str) -> "pexpect.spawn[str]":
        code = (
            "import sys, pathlib\n"
            "from polyphone import paths, board\n"
            f"paths.BUILD = pathlib.Path({str(built)!r})\n"
            "from polyphone.machine import terminal\n"
            "from polyphone.machine.qemu import Setup\n"
            f"sys.exit(terminal.{function}(Setup(board.load('virt_rv64'), cores=2)))\n"
        )
        return pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", timeout=10)

    return start


def test_run_on_a_terminal_ends_with_the_guests_status(
    person: Callable[[str], "pexpect.spawn[str]"],
) -> None:
    session = person("run")
    session.expect("Ctrl-A X")
    session.expect("poly> ")
    session.send("panic\r")
    session.expect("with symbols:")
    session.expect("panic guest.c:")
    session.send("exit 4\r")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 4


def test_control_c_reaches_the_guest_and_control_a_x_quits(
    person: Callable[[str], "pexpect.spawn[str]"],
) -> None:
    session = person("run")
    session.expect("poly> ")
    session.send("\x03")
    session.expect("\x03")
    session.send("\x01x")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 0


def test_debug_prints_the_line_for_gdb(person: Callable[[str], "pexpect.spawn[str]"]) -> None:
    session = person("debug")
    session.expect("gdb-multiarch .*image.elf .*target remote localhost:")
    session.expect("info threads")
    session.send("\x01x")
    session.expect(pexpect.EOF)
    session.close()
