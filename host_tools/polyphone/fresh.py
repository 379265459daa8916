"""`make test-fresh SUITE=trixie`: README's commands and all tests, on an empty Debian.

The system is a folder, build/fresh/SUITE, made by debootstrap and entered with chroot, in
namespaces of its own: its mounts and its processes end with it. It reaches package
registries as this machine does (machine_settings.py); all else is as Debian has it, but for
`make`, `git` and a Python. What is tested is HEAD, cloned, not what is not committed yet.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pexpect

from polyphone import environment, machine_settings, paths
from polyphone.errors import UserError

SUITES = ("bookworm", "trixie")
PACKAGES = ("ca-certificates", "make", "python3", "python3-venv", "git", "sudo")
CHECKOUT = "root/polyphone"  # in the system
ROOT_HOME = "root"
SETUP_TIMEOUT_S = 3600  # the first command installs everything: as fast as the network is
ANSWER_TIMEOUT_S = 120
# In a mount namespace of its own: nothing of it is seen, or left, outside.
ENTER = """
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
for folder in $2; do
    mkdir -p "$1$folder"
    mount --bind -o ro "$folder" "$1$folder"
done
cd "$1/$3"
exec chroot "$1" /bin/sh -c "cd '/$3'; $4"
"""


def main(suite: str, tests: Sequence[str]) -> int:
    """Test HEAD on a fresh `suite`; with `tests`, only these paths below the checkout.

    Returns the status of the first command that failed, or 0. UserError if the system
    cannot be made."""
    check(suite)
    settings = machine_settings.find()
    room = make_room(suite, settings)
    clone(room / CHECKOUT)
    log = room.with_name(f"{suite}.log")
    say(f"what is printed is also in {log}")
    run_tests = "make test"
    if tests:
        paths_text = " ".join(map(shlex.quote, tests))
        run_tests = f"make ready && build/venv/bin/pytest -c tests/pytest.ini {paths_text}"
    line = 'make exec CMD="cores; run hello @1"'
    with log.open("wb") as output:
        steps: list[tuple[str, Callable[[], int]]] = [
            ("make run", lambda: shell_session(room, settings, output)),
            (line, lambda: run(room, settings, line, output)),
            (run_tests, lambda: run(room, settings, run_tests, output)),
        ]
        for name, step in steps:
            say(f"{suite}: {name}")
            start = time.monotonic()
            status = step()
            say(f"{suite}: {name}: status {status} after {time.monotonic() - start:.0f} s")
            if status:
                say(f"{suite}: failed; to look around as root: {look_around(room)}")
                return status
    say(f"{suite}: README's commands and the tests pass")
    return 0


def say(text: str) -> None:
    print(f"test-fresh: {text}", file=sys.stderr, flush=True)


def check(suite: str) -> None:
    """UserError if it is not one of SUITES, or this machine cannot make a system."""
    if suite not in SUITES:
        raise UserError(f"SUITE={suite}: it is {' or '.join(SUITES)}")
    if os.geteuid() != 0:
        raise UserError(
            "test-fresh makes a system of its own, which needs root: sudo make test-fresh"
        )
    for command, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux")):
        if shutil.which(command) is None:
            raise UserError(f"{command} is not installed: apt-get install {package}")
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True
    )
    if tried.returncode:
        raise UserError(f"this machine gives no namespaces: {tried.stderr.strip()}")


def make_room(suite: str, settings: machine_settings.Settings) -> Path:
    """A system where nothing has run yet; what debootstrap made is kept for the next time."""
    folder = paths.BUILD / "fresh"
    folder.mkdir(parents=True, exist_ok=True)
    base, room = folder / f"{suite}-base", folder / suite
    if not base.exists():
        unfinished = folder / f"{suite}-base.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        say(f"debootstrap {suite}")
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
        made = subprocess.run(
            [*command, suite, str(unfinished), settings.mirror],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment.plain(**settings.proxies),
        )
        if made.returncode:
            tail = "\n".join(made.stdout.splitlines()[-8:])
            raise UserError(f"debootstrap {suite} from {settings.mirror} failed:\n{tail}")
        unfinished.replace(base)
    if room.exists():
        shutil.rmtree(room)
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(room)], check=True)
    settings.copy_into(room, suite)
    return room


def clone(target: Path) -> None:
    """HEAD of this checkout."""
    git = ["git", "-c", "safe.directory=*", "-C", str(paths.ROOT)]
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    if changed.stdout:
        say("note: HEAD is tested; not committed yet, and so not tested:")
        print(changed.stdout, end="", file=sys.stderr, flush=True)
    made = subprocess.run(
        [*git, "clone", "--quiet", "--no-hardlinks", str(paths.ROOT), str(target)],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise UserError(f"{paths.ROOT} cannot be cloned: {made.stderr.strip()}")


def inside(room: Path, settings: machine_settings.Settings, command: str) -> list[str]:
    """The command line that runs a shell command in the checkout within the system."""
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": f"/{ROOT_HOME}",
        "TERM": os.environ.get("TERM", "dumb"),
        **settings.variables,
    }
    return [
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *("env", "--ignore-environment", *(f"{name}={text}" for name, text in variables.items())),
        *("/bin/sh", "-ec", ENTER, "sh", str(room)),
        *(" ".join(settings.folders), CHECKOUT, command),
    ]


def look_around(room: Path) -> str:
    return shlex.join(["chroot", str(room), "/bin/bash"])


def run(room: Path, settings: machine_settings.Settings, command: str, log: BinaryIO) -> int:
    """Run a shell command there, show and log what it prints; its exit status."""
    with subprocess.Popen(
        inside(room, settings, command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        while part := process.stdout.read1():  # type: ignore[attr-defined]
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            log.write(part)
    return process.returncode


def shell_session(room: Path, settings: machine_settings.Settings, log: BinaryIO) -> int:
    """`make run` on a terminal, as README shows it: 0 if it goes as it should."""
    first, *rest = inside(room, settings, "make run")
    child = pexpect.spawn(first, rest, timeout=SETUP_TIMEOUT_S, dimensions=(24, 100))
    child.logfile_read = Tee(log)
    try:
        child.expect_exact(b"poly> ")
        child.sendline(b"run hello @2")
        child.expect_exact(b"[2] hello from core 2 of 4", timeout=ANSWER_TIMEOUT_S)
        child.expect_exact(b"poly> ", timeout=ANSWER_TIMEOUT_S)
        child.sendline(b"poweroff")
        child.expect(pexpect.EOF, timeout=ANSWER_TIMEOUT_S)
    except (pexpect.EOF, pexpect.TIMEOUT) as error:
        child.close(force=True)
        say(f"make run did not go as README shows: {type(error).__name__}")
        return child.exitstatus or 1
    child.close()
    return child.exitstatus if child.exitstatus is not None else 1


class Tee:
    """A log that is shown as well."""

    def __init__(self, log: BinaryIO) -> None:
        self._log = log

    def write(self, part: bytes) -> None:
        sys.stdout.buffer.write(part)
        self._log.write(part)

    def flush(self) -> None:
        sys.stdout.buffer.flush()
