"""Goal: the transports keep to one set of rules (SPEC TRN-1), whichever core has its turn.
Method: tests/conformance over simulated cores, whose turns a seed chooses."""

import sys
import types
from collections.abc import Callable, Iterator

import pytest
from host_core import Machine
from idl_values import module_of

from polyphone import paths
from polyphone.idl.command import compile_file

SUITE = paths.ROOT / "tests" / "conformance"
PROGRAMS = {
    "conformance.py": (paths.ROOT / "tests" / "machine" / "apps" / "conformance.py").read_text(),
    "far.py": (SUITE / "far.py").read_text(),
}
CORES = 2


@pytest.fixture(autouse=True)
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The suite's modules, and the kernel's interfaces, where the programs import them."""
    interfaces = types.ModuleType("interfaces")
    for name in ("echo", "idctest"):
        compiled = compile_file(paths.KERNEL / "interfaces" / f"{name}.if").interface
        assert compiled
        setattr(interfaces, name, module_of(compiled))
    monkeypatch.setitem(sys.modules, "interfaces", interfaces)
    monkeypatch.syspath_prepend(str(SUITE))
    yield
    for name in ("ends", "links", "packets", "rules"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("transport", ["loopback", "LMP", "UMP"])
def test_rules_of_all_transports(start: Callable[..., Machine], transport: str, seed: int) -> None:
    """TRN-1 to TRN-6, UMP-7, UMP-8, IDL-7, PORT-3, PORT-4"""
    output = start(seed=seed).command(f"run conformance {transport}")
    lines = [line for line in output.splitlines() if "restarted, generation" not in line]
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) > 50
