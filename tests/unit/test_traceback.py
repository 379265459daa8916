"""Goal: a crash in C can tell the Python calls under way, whatever ran before and
whatever is corrupt. Method: a unix build with the frame chain and a C module that
prints it; the expected lines come from marks in traceback/calls.py."""

import re
import subprocess
from pathlib import Path

import patched_source
import pytest

from polyphone import paths

FOLDER = Path(__file__).parent / "traceback"
MARKS = {
    mark: number
    for number, line in enumerate((FOLDER / "calls.py").read_text().splitlines(), 1)
    for mark in re.findall(r"# <- (\S+)", line)
}
OUTER = ["<module>", "case"]
OPTIONS = "FRAME_CHAIN ENABLE_VM_ABORT ENABLE_SCHEDULER ENABLE_SOURCE_LINE"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each case of calls.py printed; "status" is that of the process."""
    tree = patched_source.make(
        tmp_path_factory.mktemp("patched"),
        *("py", "shared", "extmod", "lib", "tools", "ports/unix"),
    )
    (tree / "lib/micropython-lib").mkdir(exist_ok=True)
    (tree / "lib/micropython-lib/README.md").touch()
    (tree / "modules").mkdir()
    (tree / "modules/frames").symlink_to(FOLDER)
    defines = " ".join(f"-DMICROPY_{option}=1" for option in OPTIONS.split())
    variables = ["VARIANT=minimal", "STRIP=", f"USER_C_MODULES={tree / 'modules'}"]
    variables += [f"KERNEL_CPU={paths.KERNEL / 'cpu'}", f"CFLAGS_EXTRA={defines}"]
    build = ["make", "-j2", "-C", str(tree / "ports/unix"), *variables]
    made = subprocess.run(build, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    run = subprocess.run(
        [tree / "ports/unix/build-minimal/micropython", "calls.py"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=30,
    )
    parts = re.split(r"^## (\w+).*\n", run.stdout, flags=re.MULTILINE)
    cases = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {**cases, "status": str(run.returncode), "stderr": run.stderr}


def traceback_of(*calls: str, left_out: bool = False) -> str:
    text = "Traceback (most recent call last):\n"
    if left_out:
        text += "  (older calls left out)\n"
    for call in calls:
        name = {"deepest": "deep"}.get(call, call.split("/")[0])
        text += f'  File "calls.py", line {MARKS[call.split("/")[-1]]}, in {name}\n'
    return text


@pytest.mark.parametrize(
    "case, calls",
    [
        ("nested", ["nested", "inner"]),
        ("generators", ["generators", "delegate", "generate"]),
        ("abandoned", ["abandoned"]),
        ("thrown", ["thrown"]),
        ("exceptions", ["exceptions"]),
        ("large", ["large", "inner"]),
        ("body", ["body", "Body"]),
        ("aborts", ["aborts"]),
        ("raises_through_guard", ["raises_through_guard"]),
    ],
)
def test_calls_in_progress_are_told_and_no_others(
    output: dict[str, str], case: str, calls: list[str]
) -> None:
    assert output[case] == traceback_of(*OUTER, *calls) + "== depth 2\n"


def test_calls_below_c_code_are_told(output: dict[str, str]) -> None:
    once = traceback_of(*OUTER, "callback", "<lambda>/callback")
    assert output["callback"] == once * 2 + "== depth 2\n"


def test_only_the_newest_calls_of_a_deep_recursion_are_told(output: dict[str, str]) -> None:
    newest = ["deep"] * 31 + ["deepest"]
    assert output["deep"] == traceback_of(*newest, left_out=True) + "== depth 2\n"


def test_a_corrupt_chain_is_told_and_never_followed(output: dict[str, str]) -> None:
    text = output["corrupt"]
    for word in ("top", "caller", "code_state", "fun_bc", "ip", "type", "context", "bytecode"):
        assert f"-- {word}\n" in text
    assert "older calls lost: corrupt" in text
    assert "a call lost: corrupt" in text


def test_a_trap_in_c_tells_the_call_that_led_there(output: dict[str, str]) -> None:
    assert output["trap"] == traceback_of(*OUTER, "trap")
    assert output["status"] == "7"
