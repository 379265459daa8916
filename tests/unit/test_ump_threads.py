"""Goal: a million messages pass between two real threads in order, sleeping and waking, for ever.
Method: the C source as it is, plain and under TSan, ASan and UBSan; a removed order is reported.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ump_ring import CPU, HARNESS, compile_c

BUILDS = {
    "plain": ["-O2"],
    # A full fence orders nothing for TSan, and gcc says so; the sleep words are atomic.
    "tsan": ["-O2", "-g", "-fsanitize=thread", "-Wno-tsan"],
    "asan_ubsan": ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
}
MILLION = 1_000_000
HANG_SECONDS = 80  # the program detects hangs itself and prints its state

Build = Callable[..., Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """build(name, extra flags) compiles the program, once for each set of flags."""
    built: dict[tuple[str, ...], Path] = {}

    def build(name: str, *flags: str) -> Path:
        if (name, *flags) not in built:
            sources = [
                CPU / "ump.c",
                *(HARNESS / f"{s}.c" for s in ("position", "side", "threads")),
            ]
            output = tmp_path_factory.mktemp("threads") / "threads"
            all_flags = ["-pthread", *BUILDS[name], *flags]
            built[(name, *flags)] = compile_c(output, sources, all_flags)
        return built[(name, *flags)]

    return build


def run(program: Path, *arguments: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


@pytest.mark.parametrize("name", BUILDS)
def test_a_million_messages_arrive_in_order(build: Build, name: str) -> None:
    ran = run(build(name), 64, MILLION, 0)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    print(ran.stdout)


@pytest.mark.parametrize("name", BUILDS)
def test_two_slots_both_ways_over_the_wrap_of_the_counters(build: Build, name: str) -> None:
    """Two slots make both ends sleep all the time."""
    ran = run(build(name), 2, 100_000, 100_000, (1 << 32) - 50_000)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    sleeps = [int(count) for count in re.findall(r"sleeps (\d+)", ran.stdout)]
    assert min(sleeps) > 100, ran.stdout


@pytest.mark.parametrize(
    ("primitive", "function"),
    [
        ("mem_store_release", "ump_send"),
        ("mem_load_acquire", "ump_receive"),
        ("mem_store_release", "ump_receive"),
        ("mem_load_acquire", "ump_credits"),
        ("mem_store_release", "send_full"),
        ("mem_load_acquire", "holds_full"),
        ("mem_store_release", "ump_receive_slots"),
    ],
)
def test_each_release_and_acquire_that_is_removed_is_reported_as_a_race(
    build: Build, primitive: str, function: str
) -> None:
    hooks = [
        "-DPOLY_MEMORY_HOOKS",
        f"-I{HARNESS / 'relaxed'}",
        f'-DRELAXED_PRIMITIVE="{primitive}"',
        f'-DRELAXED_FUNCTION="{function}"',
    ]
    ran = run(build("tsan", *hooks), 4, 2_000, 2_000)
    assert "ThreadSanitizer: data race" in ran.stderr, ran.stdout + ran.stderr


def test_the_same_build_with_nothing_removed_is_not_reported(build: Build) -> None:
    hooks = ["-DPOLY_MEMORY_HOOKS", f"-I{HARNESS / 'relaxed'}"]
    nothing = ['-DRELAXED_PRIMITIVE=""', '-DRELAXED_FUNCTION=""']
    ran = run(build("tsan", *hooks, *nothing), 4, 2_000, 2_000)
    assert ran.returncode == 0, ran.stdout + ran.stderr
