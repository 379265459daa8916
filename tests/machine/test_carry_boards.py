"""Goal: values of random interfaces come back equal over all three transports (IDL-5, TRN-1).
Method: conformance/carry.py with the files of unit/idl_cases.py; a failure names its seed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import idl_cases
import pytest

from polyphone import paths
from polyphone.machine.console import Result

CARRY = paths.ROOT / "tests" / "conformance" / "carry.py"
COUNT = 30
SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_of_random_interfaces_come_back_equal(
    exec: Callable[..., Result], tmp_path: Path, seed: int
) -> None:
    """IDL-5, IDL-7, TRN-1"""
    sizes = idl_cases.write(tmp_path, seed, COUNT)
    shutil.copy(CARRY, tmp_path)
    result = exec("run carry", apps=tmp_path, cores=2)
    assert result.output.splitlines() == idl_cases.told(sizes)
    assert result.status == 0
