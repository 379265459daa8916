"""Goal and method: as machine/test_carry_boards.py, on simulated cores with seeded turns."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import idl_cases
import pytest
from host_core import Machine

from polyphone import paths
from polyphone.idl.command import module

PROGRAMS = {
    "carry.py": (paths.ROOT / "tests" / "conformance" / "carry.py").read_text(encoding="utf-8")
}
CORES = 2
COUNT = 25


@pytest.mark.parametrize("seed", range(4))
def test_values_of_random_interfaces_come_back_equal(
    start: Callable[..., Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """IDL-5, IDL-7, TRN-1"""
    folder = tmp_path / "cases"
    folder.mkdir()
    sizes = idl_cases.write(folder, seed, COUNT)
    for file in folder.glob("*.if"):
        text = module(file)
        assert text
        (folder / f"{file.stem}_if.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    for name in [name for name in sys.modules if re.fullmatch(r"cases|case\d+_if", name)]:
        monkeypatch.delitem(sys.modules, name)  # another seed's
    machine = start(seed=seed)
    output = machine.command("run carry")
    assert output.splitlines() == idl_cases.told(sizes)
