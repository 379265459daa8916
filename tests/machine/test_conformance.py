"""Goal: all transports keep to one set of rules (SPEC TRN-1) on the boards too. Method:
tests/conformance, between ends of one domain (loopback), on one core (LMP) and on two (UMP)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone import paths
from polyphone.machine.console import Result

SUITE = paths.ROOT / "tests" / "conformance"


@pytest.mark.parametrize("transport", ["loopback", "LMP", "UMP"])
def test_rules_of_all_transports(
    exec: Callable[..., Result], tmp_path: Path, transport: str
) -> None:
    """TRN-1 to TRN-6, UMP-7, UMP-8, IDL-7, CALL-3, PORT-3, PORT-4"""
    for file in (*SUITE.glob("*.py"), APPS / "conformance.py"):
        shutil.copy(file, tmp_path)
    result = exec(f"run conformance {transport}", cores=2, apps=tmp_path)
    lines = result.output.splitlines()
    lines = [line for line in lines if "restarted, generation" not in line]
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) > 50
    assert result.status == 0
