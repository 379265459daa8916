"""Goal: modules made from interface files run on the boards as on the host. Method: a folder
given as APPS, whose interface file is compiled when the machine starts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone import paths
from polyphone.machine.console import Result

CHANNEL = paths.ROOT / "tests" / "unit" / "idl_channel.py"
EXPECTED = """\
numbers.a: 256 is out of range
many.text: 101 bytes, at most 100
many.text: wrong utf-8
many: wrong length
42
refused
42
202
changed 3
accepted
"""


@pytest.mark.parametrize("place, prefix", [("", ""), (" @1", "[1] ")])
def test_messages_and_views_of_an_interface_work_on_a_core(
    exec: Callable[..., Result], tmp_path: Path, place: str, prefix: str
) -> None:
    """IDL-5, IDL-6, IDL-8"""
    for file in (APPS / "everything.if", APPS / "interfaces.py", CHANNEL):
        shutil.copy(file, tmp_path)
    result = exec(f"run interfaces{place}", apps=tmp_path, cores=2)
    assert result == Result("".join(prefix + line for line in EXPECTED.splitlines(True)), 0)
