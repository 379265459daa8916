"""Goal: no use of rings and trains, however corrupt, touches a byte outside its buffers.
Method: their tests once more, in a Python whose malloc is AddressSanitizer's, with UBSan too.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FLAGS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
HANG_SECONDS = 120  # a hang detector, not a performance target


def run_under_asan(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    compiler = "gcc"
    runtime = subprocess.check_output([compiler, "-print-file-name=libasan.so"], text=True).strip()
    environment = os.environ | {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",  # CPython keeps memory to its end
        "PYTHONMALLOC": "malloc",
        "UMP_RING_FLAGS": FLAGS,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=HANG_SECONDS,
    )


@pytest.mark.parametrize("tested", ["test_ump_ring.py", "test_trains.py"])
def test_the_tests_pass_under_address_and_undefined_behaviour_sanitizers(tested: str) -> None:
    folder = Path(__file__).parent
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "-c", os.devnull]
    ran = run_under_asan([*tests, str(folder / tested)])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_message_into_too_little_room_is_reported_so_the_sanitizer_does_watch(
    tmp_path: Path,
) -> None:
    program = (
        "import pathlib, sys; sys.path.insert(0, sys.argv[1]); import ump_ring as u\n"
        f"library = u.build_ring_library(pathlib.Path(sys.argv[2]), {FLAGS!r}.split())\n"
        "ring = u.Ring(library, 2); ring.room = u.Block(u.LINE - 8)\n"
        "ring.send(bytes(u.PAYLOAD)); ring.receive()\n"
    )
    ran = run_under_asan(["-c", program, str(Path(__file__).parent), str(tmp_path)])
    assert ran.returncode != 0 and "heap-buffer-overflow" in ran.stderr
