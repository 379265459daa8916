"""Goal: what a peer sends wrong ends its channel once, with the reason, and nothing else
(UMP-7, IDL-6). Method: messages that are wrong in one way, made from each interface's
description; the peer is a channel without a transport, the victim a client or a server."""

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from host_core import Machine
from idl_values import module_of

from poly import wire
from polyphone import paths
from polyphone.idl.command import compile_file

APPS = paths.ROOT / "tests" / "machine" / "apps"
SUITE = paths.ROOT / "tests" / "conformance"
INTERFACES = [*sorted((paths.KERNEL / "interfaces").glob("*.if")), APPS / "everything.if"]
CASES = 100_000
SEED = 4
PROGRAMS = {
    "attack.py": (APPS / "attack.py").read_text(),
    "far.py": (SUITE / "far.py").read_text(),
}
CORES = 1


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The suite's modules and the interfaces, where the program imports them; its cases."""
    monkeypatch.syspath_prepend(str(SUITE))
    from mistakes import write_cases

    package = types.ModuleType("interfaces")
    for file in INTERFACES:
        interface = compile_file(file).interface
        assert interface
        module = module_of(interface)
        setattr(package, interface.name, module)
        monkeypatch.setitem(sys.modules, f"{interface.name}_if", module)
    monkeypatch.setitem(sys.modules, "interfaces", package)
    write_cases(tmp_path / "rom" / "cases.txt", INTERFACES, SEED, CASES)
    yield
    for name in ("ends", "links", "victims"):
        sys.modules.pop(name, None)


def test_a_message_that_is_wrong_in_one_way_ends_its_channel_alone(
    start: Callable[..., Machine], cases: None
) -> None:
    """UMP-7, IDL-6"""
    machine = start()
    output = machine.command("run attack LMP")
    assert output.splitlines() == [f"{CASES} cases", " ".join(sorted({*wire.REASONS, "kind"}))]
