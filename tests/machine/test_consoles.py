"""Goal: each core's own console serves stock tools, loses nothing and is nobody else's.
Method: the mpremote of PyPI on the ptys, on all cores at once; a terminal (pexpect) and raw
bytes on the ptys where mpremote cannot tell; what the shell's console shows meanwhile."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
import serial

from polyphone.machine.console import Console, CoreRepl
from polyphone.machine.qemu import Mode

TIMEOUT_S = 60  # a hang detector
CLIENTS = 8
CLIENTS_S = 60  # how long they work at once
Links = dict[int, Path]


@pytest.fixture
def links(shell: Console) -> Links:
    """The path of each core's own console."""
    return shell.machine.link_consoles(shell.machine.folder / "console")


def mpremote(link: Path, *words: object, status: int = 0) -> str:
    """What mpremote prints, on both streams."""
    command = [sys.executable, "-m", "mpremote", "connect", str(link), *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
    )
    output = (done.stdout + done.stderr).replace("\r\n", "\n")
    assert done.returncode == status, output
    return output


@pytest.fixture
def terminal(links: Links) -> Iterator[Callable[[int], "pexpect.spawn[str]"]]:
    """Factory of `mpremote repl` sessions, at the prompt."""
    sessions: list[pexpect.spawn[str]] = []

    def start(core: int) -> "pexpect.spawn[str]":
        words = ["-m", "mpremote", "connect", str(links[core]), "repl"]
        session = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=TIMEOUT_S)
        sessions.append(session)
        session.expect("exit this shell")
        session.send("\r")
        session.expect(">>> ")
        return session

    yield start
    for session in sessions:
        session.close(force=True)


def enter(session: "pexpect.spawn[str]", line: str) -> str:
    """Type a line at the prompt; what it prints."""
    session.send(line + "\r")
    session.expect(re.escape(line) + r"\r\n")
    session.expect(">>> ")
    return str(session.before).replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of the host's."""
    (tmp_path / "fromhost.py").write_text("import cpu\nVALUE = 4711 + cpu.core()\n")
    (tmp_path / "script.py").write_text("import sys\nprint('script', sys.platform)\n")
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 40)
    return tmp_path


def wait_until_idle(shell: Console, core: int) -> None:
    """Until nothing runs at the prompt of a core."""
    deadline = time.monotonic() + TIMEOUT_S
    while " repl " in shell.run("cores").lines[core]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


# --- mpremote --------------------------------------------------------------------------


@pytest.mark.parametrize("core", range(4))
def test_mpremote_does_all_on_every_core_while_others_work(
    shell: Console, links: Links, folder: Path, core: int
) -> None:
    busy = (core + 1) % 4 or 1
    shell.send(f"run loop @{busy}\r")
    shell.expect(r"loop\r\n")
    link = links[core]
    assert mpremote(link, "exec", "import cpu; print(cpu.core(), 6 * 7)") == f"{core} 42\n"
    assert mpremote(link, "run", folder / "script.py") == "script polyphone\n"
    mounted = mpremote(link, "mount", folder, "exec", "import fromhost; print(fromhost.VALUE)")
    assert f"{4711 + core}" in mounted.splitlines()  # beside mpremote's own line
    mpremote(link, "cp", folder / "large.bin", ":large.bin")
    assert "10240 large.bin" in mpremote(link, "ls")
    mpremote(link, "cp", ":large.bin", folder / "back.bin")
    assert (folder / "back.bin").read_bytes() == (folder / "large.bin").read_bytes()
    # A soft reset forgets names and mounts, and keeps files.
    assert mpremote(link, "exec", "kept = 1", "exec", "print(kept)") == "1\n"
    mpremote(link, "soft-reset")
    state = "import sys; print('kept' in globals(), 'fromhost' in sys.modules)"
    assert mpremote(link, "resume", "exec", state) == "False False\n"
    assert "10240 large.bin" in mpremote(link, "resume", "ls")
    assert "ZeroDivisionError" in mpremote(link, "exec", "1 / 0", status=1)
    shell.send("\x03")
    # Nothing of all that came to the shell.
    assert re.fullmatch(r"(\^C)?(\[\d\] )?[^4711]*", shell.expect_prompt()), shell.text()
    assert "4711" not in shell.text() and "script polyphone" not in shell.text()


def test_all_cores_at_once_each_hears_itself_only(shell: Console, links: Links) -> None:
    lines = 300
    printed: dict[int, str] = {}

    def client(core: int) -> None:
        code = f"for i in range({lines}): print('core {core} line', i)"
        printed[core] = mpremote(links[core], "exec", code)

    threads = [threading.Thread(target=client, args=(core,)) for core in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for core in links:
        assert printed[core].splitlines() == [f"core {core} line {i}" for i in range(lines)]
    assert " line " not in shell.text()


@pytest.mark.timeout(CLIENTS_S + 240)
@pytest.mark.machine_setup(cores=CLIENTS, mem="8M")
def test_eight_clients_on_eight_cores_for_a_minute(shell: Console, links: Links) -> None:
    end = time.monotonic() + CLIENTS_S
    rounds = dict.fromkeys(links, 0)
    wrong: list[str] = []

    def client(core: int) -> None:
        while time.monotonic() < end and not wrong:
            number = rounds[core]
            code = f"import cpu; print(cpu.core(), {number}, sum(range(20000)))"
            try:
                output = mpremote(links[core], "exec", code)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                wrong.append(f"core {core}, round {number}: {error}")
                return
            if output != f"{core} {number} 199990000\n":
                wrong.append(f"core {core}, round {number}: {output!r}")
            rounds[core] += 1

    threads = [threading.Thread(target=client, args=(core,)) for core in links]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert shell.run("cores").status == 0  # the shell and all monitors go on
        time.sleep(1)
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(rounds) == CLIENTS and min(rounds.values()) >= 3, rounds


# --- a person at the prompt --------------------------------------------------------------


@pytest.mark.parametrize("core", [0, 3])
def test_a_core_is_free_while_its_prompt_waits_and_keeps_its_names(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"], core: int
) -> None:
    session = terminal(core)
    enter(session, "kept = 5")
    session.send("half a li")
    session.expect("half a li")
    wait_until_idle(shell, core)
    assert shell.run(f"run hello @{core}").lines[-1].endswith(f"hello from core {core} of 4")
    session.send("\x15")  # Ctrl-U: the line goes
    session.expect(re.escape("\x1b["))
    assert enter(session, "kept") == "5\n"
    assert "hello" not in str(session.before)
    session.send("\x04")
    session.expect("MPY: soft reboot")
    session.expect(">>> ")
    assert "NameError" in enter(session, "kept")


def test_what_runs_at_a_prompt_is_a_program_and_ctrl_c_ends_it(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"]
) -> None:
    first, second = terminal(1), terminal(2)
    for session in (first, second):
        session.send("print('be' + 'gun'); sum(1 for _ in range(10 ** 9))\r")
        session.expect(r"begun\r\n")
    assert [line.split()[5] for line in shell.run("cores").lines] == [
        "shell", "repl", "repl", "idle",
    ]  # fmt: skip
    assert "1 program of 1 runs: repl" in shell.run("run hello @1").output
    first.send("\x03")
    first.expect(r"KeyboardInterrupt: *\r\n>>> ")
    wait_until_idle(shell, 1)  # the prompt is there a moment before its core is free
    assert shell.run("run hello @1").status == 0
    assert " repl " in shell.run("cores").lines[2]  # the other one goes on
    assert shell.run("kill 2").status == 0
    second.expect(r"KeyboardInterrupt: *\r\n")
    second.expect(">>> ")
    assert enter(second, "1 + 1") == "2\n"


def test_tasks_of_a_prompt_outlive_a_program_on_its_core(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"]
) -> None:
    session = terminal(1)
    enter(session, "import asyncio")
    enter(session, r"exec('async def later():\n await asyncio.sleep_ms(3000)\n print(6 * 111)')")
    enter(session, "task = asyncio.create_task(later())")
    assert shell.run("run hello @1").status == 0
    session.expect("666\r\n")
    assert enter(session, "task.done()") == "True\n"


def test_a_core_that_waits_or_awaits_at_its_prompt_serves_others(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"]
) -> None:
    waiting, awaiting = terminal(1), terminal(2)
    waiting.send("text = input()\r")
    waiting.expect(r"input\(\)\r\n")
    line = "asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 3600))"
    awaiting.send(f"import asyncio; print('sle' + 'eps'); {line}\r")
    awaiting.expect(r"sleeps\r\n")
    assert shell.run("run ping 20 @3").status == 0
    assert [line.split()[5] for line in shell.run("cores").lines][1:3] == ["repl", "repl"]
    waiting.send("what was typed\r")
    waiting.expect(">>> ")
    assert enter(waiting, "text") == "'what was typed'\n"
    awaiting.send("\x03")
    awaiting.expect("KeyboardInterrupt")


def test_the_prompt_of_core_0_works_while_the_shell_waits_for_a_program(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"]
) -> None:
    shell.send("run loop @2\r")
    shell.expect(r"loop\r\n")
    assert enter(terminal(0), "6 * 7") == "42\n"
    shell.send("\x03")
    shell.expect_prompt()
    assert shell.run("run hello").output == "hello from core 0 of 4\n"


# --- services that are exported at a prompt -------------------------------------------------

EXPORT = (
    "import asyncio, poly, sys; sys.path.append('/rom/services')",
    "from echo_session import Echo; from interfaces import echo",
    "later = 'async def increase(self, n):\\n await asyncio.sleep_ms(5)\\n return n + 1'",
    "exec('class Later(Echo):\\n ' + later.replace('\\n', '\\n '))",
    "fail = lambda session: 1 // 0",
    "services = [poly.export(echo, Echo, 'now'), poly.export(echo, Later, 'later')]",
)


def calls_arrive(shell: Console, core: int) -> None:
    """From that core to what was exported at a prompt."""
    prefix = f"[{core}] " if core else ""
    for name, times in (("now", 200), ("later", 5)):
        assert shell.command(f"run /rom/services/caller {name} {times} @{core}") == (
            f"{prefix}called {times}\n"
        )


@pytest.mark.parametrize("core", [0, 1])
def test_what_is_exported_at_a_prompt_is_served_while_that_waits(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"], core: int
) -> None:
    """Called from the shell's program on core 0, and from core 2; after a program here too"""
    session = terminal(core)
    for line in EXPORT:
        enter(session, line)
    session.send("half a li")
    session.expect("half a li")
    if core != 0:  # one program at a time: while one runs on core 0, that has the core
        calls_arrive(shell, 0)
    calls_arrive(shell, 2)
    assert shell.run(f"run hello @{core}").status == 0
    calls_arrive(shell, 2)
    session.send("\x15")
    session.expect(re.escape("\x1b["))
    assert enter(session, "[service.used() for service in services]") == "[0, 0]\n"
    enter(session, "services[1].close(); x = [poly.export(echo, fail, 'failing')]")
    refused = shell.run("run /rom/services/caller failing 1 @2")
    assert refused.lines[-1].endswith("Refused: failing: divide by zero"), refused.output
    session.send("\x04")
    session.expect("MPY: soft reboot")
    session.expect(">>> ")
    assert shell.command("services") == ""


def test_what_is_exported_at_the_shells_prompt_of_a_core_is_served_while_that_waits(
    shell: Console,
    core: Callable[[int], CoreRepl],
    terminal: Callable[[int], "pexpect.spawn[str]"],
) -> None:
    """`repl 1`: called from the prompt on core 2's own console"""
    caller = terminal(2)
    with core(1) as prompt:
        for line in EXPORT:
            assert prompt.run(line) == ""
        enter(caller, "import poly; from interfaces import echo")
        for name in ("now", "later"):
            enter(caller, f"client = poly.do(poly.connect(echo, '{name}'))")
            assert (
                enter(caller, "[poly.do(client.increase(n)) for n in range(3)]") == "[1, 2, 3]\n"
            )
        assert prompt.run("[service.used() for service in services]") == "[1, 1]\n"
    assert "PeerDied" in enter(caller, "poly.do(client.increase(1))")
    assert shell.command("services") == ""


def test_a_handler_at_a_prompt_that_does_not_end_is_interrupted(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"]
) -> None:
    session = terminal(1)
    for line in EXPORT:
        enter(session, line)
    method = "def forever(self, n):\\n print('be' + 'gun')\\n while True: pass"
    enter(session, f'exec("{method}"); Echo.increase = forever')
    shell.send("run /rom/services/caller now 1\r")
    session.expect("begun")
    session.send("\x03")
    session.expect("KeyboardInterrupt")
    session.send("\r")
    session.expect(">>> ")
    assert enter(session, "6 * 7") == "42\n"
    shell.send("\x03")
    shell.expect_prompt()


@pytest.mark.parametrize("core", [0, 2])
def test_a_prompt_may_mount_what_can_do_nothing(
    shell: Console, terminal: Callable[[int], "pexpect.spawn[str]"], core: int
) -> None:
    """At / even, where core 0's shell looks for programs: Ctrl-D ends that."""
    session = terminal(core)
    assert enter(session, "import os, sys, vfs; sys.path.append('/rom'); import mounter") == ""
    assert "Files" in enter(session, "vfs.mount()")
    wait_until_idle(shell, core)
    assert shell.run(f"run hello @{core}").status == 0
    session.send("\x04")
    session.expect("soft reboot.*>>> ")
    assert "'/ram'" in enter(session, "import os, vfs; vfs.mount(), os.getcwd()")
    wait_until_idle(shell, core)
    assert shell.run(f"run leave 7 @{core}").status == 7
    assert not shell.panics()


def test_a_prompt_that_has_filled_the_heap_does_not_take_its_core_along(
    shell: Console, links: Links
) -> None:
    code = "l = []\nwhile True: l.append(bytearray(64))"
    assert "MemoryError" in mpremote(links[2], "exec", code, status=1)
    wait_until_idle(shell, 2)
    assert shell.run("run hello @2").output == "[2] hello from core 2 of 4\n"
    assert mpremote(links[2], "exec", "print(6 * 7)") == "42\n"


# --- bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize("core", [0, 2])
def test_a_long_paste_and_a_long_output_lose_nothing(links: Links, core: int) -> None:
    lines = 5000
    text = "".join(f"n += {number}  # some filler\n" for number in range(lines))
    assert len(text) > 100_000
    with serial.Serial(str(links[core]), timeout=TIMEOUT_S) as port:
        port.write(b"\r\x03\x01")
        assert port.read_until(b"CTRL-B to exit\r\n>").endswith(b">")
        code = f"n = 0\n{text}print(n)\nprint('=' * 200000)\x04"
        writer = threading.Thread(target=port.write, args=(code.encode(),))
        writer.start()
        assert port.read_until(b"\r\n") == b"OK%d\r\n" % sum(range(lines))
        writer.join()
        time.sleep(2)  # the output piles up; whoever reads late still gets all of it
        assert port.read_until(b"\x04\x04>") == b"=" * 200_000 + b"\r\n\x04\x04>"


@pytest.mark.modes("stress", "single")
def test_a_core_does_not_hang_because_nobody_reads(
    shell: Console, links: Links, mode: Mode
) -> None:
    # Somebody is connected and reads nothing: more than all buffers on the way hold.
    port = os.open(links[1], os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(port, b"\r\x03\x01print('=' * 300000)\ndone = 1\n\x04")
        while " repl " not in shell.run("cores").lines[1]:
            time.sleep(0.1)
        wait_until_idle(shell, 1)
    finally:
        os.close(port)
    assert shell.run("run hello @1").status == 0
    assert mpremote(links[1], "resume", "exec", "print(done)") == "1\n"
    # Nobody is connected at all.
    code = "import time; time.sleep(2); print('=' * 300000); gone = 1"
    mpremote(links[1], "resume", "exec", "--no-follow", code)
    wait_until_idle(shell, 1)
    assert mpremote(links[1], "resume", "exec", "print(gone)") == "1\n"


def test_a_restarted_core_has_its_console_again(shell: Console, links: Links) -> None:
    for core in (2, 0):
        with serial.Serial(str(links[core]), timeout=TIMEOUT_S) as port:
            port.write(b"\rkept = 1\r")
            port.read_until(b"kept = 1\r\n>>> ")
            shell.command(f"restart {core}")
            port.write(b"'ag' + 'ain', 'kept' in globals()\r")
            assert port.read_until(b"('again', False)\r\n>>> ").endswith(b">>> ")
