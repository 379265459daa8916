"""Goal: what a peer sends wrong ends its channel once, with the reason, and nothing else, on
the boards (UMP-7, IDL-6). Method: messages that are wrong in one way, made from each
interface's description; the victims receive through the straight path in C."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone import paths
from polyphone.machine.console import Result

SUITE = paths.ROOT / "tests" / "conformance"
INTERFACES = [*sorted((paths.KERNEL / "interfaces").glob("*.if")), APPS / "everything.if"]
REASONS = "bool capability count enum kind length number tag utf-8"


@pytest.mark.parametrize("transport, seed, count", [("LMP", 1, 4000), ("UMP", 2, 1000)])
def test_a_message_that_is_wrong_in_one_way_ends_its_channel_alone(
    exec: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    transport: str,
    seed: int,
    count: int,
) -> None:
    """UMP-7, IDL-6: the seed and the count make the cases"""
    monkeypatch.syspath_prepend(str(SUITE))
    from mistakes import write_cases

    write_cases(tmp_path / "cases.txt", INTERFACES, seed, count)
    for name in ("ends", "links", "far", "victims"):
        shutil.copy(SUITE / f"{name}.py", tmp_path)
    for name in ("attack.py", "everything.if"):
        shutil.copy(APPS / name, tmp_path)
    result = exec(f"run attack {transport}", cores=2, apps=tmp_path)
    assert result == Result(f"{count} cases\n{REASONS}\n", 0)
