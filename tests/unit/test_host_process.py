"""Goal: what a command starts ends with it, whatever ends that, and locks end with their owners.
Method: commands of a few lines that start a sleeper, ended by each signal; no machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from polyphone import paths, process
from polyphone.machine import place

WAIT_S = 20.0  # a hang detector
COMMAND = """
import sys
from polyphone import process
try:
    with process.ending_on_signals():
        sleeper = process.start(["sleep", "60"])
        print(sleeper.pid, flush=True)
        sleeper.wait()
except process.Signalled as signalled:
    print("cleaned up", flush=True)
    sys.exit(128 + signalled.number)
"""


def is_gone(pid: int) -> bool:
    """Whether a process ends within WAIT_S; one that nobody has waited for has ended."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            state = (
                Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            )
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state[0] in "ZX":
            return True
        time.sleep(0.01)
    return False


def started(code: str, **options: object) -> "tuple[subprocess.Popen[str], int]":
    """A command of Python, and the number that it printed first."""
    command = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    assert command.stdout is not None
    return command, int(command.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_that_asks_for_an_end_is_one_after_cleaning_up(number: signal.Signals) -> None:
    command, sleeper = started(COMMAND)
    command.send_signal(number)
    assert command.communicate(timeout=WAIT_S)[0] == "cleaned up\n"
    assert command.returncode == 128 + number
    assert is_gone(sleeper)


@pytest.mark.parametrize("stopped", [False, True])
def test_what_was_started_ends_with_a_command_that_is_killed(stopped: bool) -> None:
    command, sleeper = started(COMMAND)
    if stopped:
        os.kill(command.pid, signal.SIGSTOP)
        os.kill(sleeper, signal.SIGSTOP)
    command.kill()
    command.communicate()
    assert is_gone(sleeper)


def test_a_signal_that_was_ignored_from_the_start_stays_so() -> None:
    code = COMMAND.replace('sleep", "60', 'sleep", "1')
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        command, _ = started(code)
    finally:
        signal.signal(signal.SIGHUP, before)
    command.send_signal(signal.SIGHUP)
    assert command.communicate(timeout=WAIT_S)[0] == ""
    assert command.returncode == 0


def test_a_second_signal_does_not_disturb_cleaning_up() -> None:
    code = """
import time
from polyphone import process
with process.ending_on_signals():
    try:
        print(1, flush=True)
        time.sleep(60)
    finally:
        print("cleaning", flush=True)
        time.sleep(0.5)
        print("cleaned up", flush=True)
"""
    command, _ = started(code, stderr=subprocess.DEVNULL)
    command.send_signal(signal.SIGTERM)
    assert command.stdout is not None and command.stdout.readline() == "cleaning\n"
    command.send_signal(signal.SIGTERM)
    command.send_signal(signal.SIGINT)
    assert command.communicate(timeout=WAIT_S)[0] == "cleaned up\n"


LOST = {
    "around a fork": "os.register_at_fork(before=ask)\n        process.start(['true'])",
    "around a fork elsewhere": "os.register_at_fork(before=ask)\n"
    "        subprocess.run(['true'], preexec_fn=lambda: None)",
    "in __del__": "type('Gone', (), {'__del__': lambda gone: ask()})()",
    "by who catches all": "try: ask()\n        except BaseException: pass",
}


@pytest.mark.parametrize("where", LOST)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_whose_exception_is_lost_ends_the_command_all_the_same(
    where: str, number: signal.Signals
) -> None:
    code = f"""
import os, subprocess, sys, time
from polyphone import process
asked = []
def ask():
    if not asked:
        asked.append(1)
        os.kill(os.getpid(), {int(number)})
        for _ in range(100): pass
try:
    with process.ending_on_signals():
        {LOST[where]}
        time.sleep(60)
except process.Signalled as signalled:
    assert asked
    sys.exit(128 + signalled.number)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=WAIT_S,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (128 + number, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_a_with_waits_for(number: signal.Signals) -> None:
    command, sleeper = started("""
import sys
from polyphone import process
try:
    with process.ending_on_signals(), process.start(["sleep", "60"]) as sleeper:
        print(sleeper.pid, flush=True)
        sleeper.wait()
except process.Signalled as signalled:
    sys.exit(128 + signalled.number)
""")
    try:
        command.send_signal(number)
        assert command.wait(WAIT_S) == 128 + number
        assert is_gone(sleeper)
    finally:
        command.kill()
        command.communicate()


def test_what_is_started_takes_signals_whatever_we_wait_for() -> None:
    code = """
import signal
from polyphone import process
with process.ending_on_signals():
    process.start(["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"]).wait()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    masks = [int(line.split()[1], 16) for line in ran.stdout.splitlines()]
    asking = sum(1 << (number - 1) for number in process.CAUGHT)
    assert len(masks) == 3 and not any(mask & asking for mask in masks)


def test_a_signal_while_the_monitor_is_spoken_to_ends_that_without_a_word() -> None:
    code = """
import os, signal, sys, threading
from polyphone import process
from polyphone.machine.monitor import Monitor
monitor = Monitor()
kept = os.dup(monitor.theirs)  # a QEMU that says nothing
try:
    with process.ending_on_signals():
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        try:
            monitor.started()
        finally:
            monitor.close()
except process.Signalled as signalled:
    sys.exit(128 + signalled.number)
"""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=WAIT_S
    )
    assert (ran.returncode, ran.stderr) == (128 + signal.SIGTERM, "")


@pytest.mark.parametrize("redirection", ["", "</dev/null", ">/dev/null"])
def test_a_closed_terminal_ends_a_command_whose_parent_is_who_is_told(
    tmp_path: Path, redirection: str
) -> None:
    code = """
import os, sys, time
from polyphone import hangup, process
try:
    with process.ending_on_signals(), hangup.ending_with_terminal():
        print("up", file=sys.stderr, flush=True)
        time.sleep(60)
except process.Signalled as signalled:
    open(sys.argv[1], "w").write(str(signalled.number))
"""
    file = tmp_path / "ended"
    # Who is told ignores it, as make does until its child has ended.
    line = f'trap "true" HUP; "$@" {redirection}; exit'
    session = pexpect.spawn(
        "bash", ["-c", line, "bash", sys.executable, "-c", code, str(file)], timeout=WAIT_S
    )
    session.expect("up")
    session.ptyproc.fileobj.close()
    end = time.monotonic() + WAIT_S
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert is_gone(session.pid)
    assert file.read_text() == str(int(signal.SIGHUP))


def test_control_c_ends_the_command_without_a_word_before_it_is_ready() -> None:
    code = """
import runpy, signal, sys, types
cli = types.ModuleType("polyphone.cli")
cli.main = lambda: signal.raise_signal(signal.SIGINT)
sys.modules["polyphone.cli"] = cli
runpy.run_module("polyphone", run_name="__main__")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (-signal.SIGINT, "")


def test_who_is_to_end_with_a_process_that_is_gone_ends_at_once() -> None:
    code = f"from polyphone import process; process.end_with({os.getpid() + 1}); print(1)"
    command = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert (command.returncode, command.stdout) == (-signal.SIGTERM, b"")


def test_a_lock_lasts_until_who_inherited_it_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    code = f"""
import subprocess, pathlib
from polyphone import process
with process.held(pathlib.Path({str(file)!r})) as lock:
    sleeper = subprocess.Popen(["sleep", "1"], pass_fds=[lock])
    print(sleeper.pid, flush=True)
    sleeper.wait()
"""
    command, sleeper = started(code)
    command.kill()
    command.communicate()
    with process.held(file):
        assert is_gone(sleeper)


def test_the_folder_of_who_was_killed_is_cleared_away_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    code = f"""
import os, pathlib, time
from polyphone import paths
paths.BUILD = pathlib.Path({str(tmp_path)!r})
from polyphone.machine.place import Folder
folder = Folder()
(folder.path / "file").write_text("x")
print(1, flush=True)
time.sleep(60)
"""
    command, _ = started(code)
    (others,) = [path for path in (tmp_path / "machines").iterdir() if path.is_dir()]
    with place.Folder():
        assert (others / "file").exists()  # it lives
    command.kill()
    command.communicate()
    with place.Folder() as own:
        assert [path for path in (tmp_path / "machines").iterdir() if path.is_dir()] == [own]
    assert not own.exists()


def test_machines_of_one_board_have_the_lowest_names_that_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    first, second = place.Names.take("b"), place.Names.take("b")
    assert (first.consoles, first.log) == (tmp_path / "b/console", tmp_path / "b/console.log")
    assert (second.consoles, second.log) == (
        tmp_path / "b/console-2",
        tmp_path / "b/console-2.log",
    )
    (first.consoles / "core0").symlink_to("/dev/null")
    (second.consoles / "core0").symlink_to("/dev/null")
    assert place.running("b") == [1, 2]
    first.release()
    assert place.running("b") == [2]
    assert [path.name for path in tmp_path.glob("b/*/core0")] == ["core0"]
    os.close(second.lock)  # as when it is killed: the link stays, and leads nowhere useful
    assert place.running("b") == []
    place.Names.take("b").release()
    assert not list(tmp_path.glob("b/*/core0"))
