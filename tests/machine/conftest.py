"""Fixtures of the machine tests, beside those of tests/conftest.py.

steady    `shell`, whose cores must hold at the end of the test what they held at
          its start: regions, doorbells, children, modules, tasks; the heap nearly
programs  factory: programs({"name.py": text}) is a folder for `apps`
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from holding import APPS, HEAP_NOISE_BYTES, but_heap, growth, take_census

from polyphone.machine.console import Console


@pytest.fixture
def steady(shell: Console) -> Iterator[Console]:
    take_census(shell)  # the first run leaves its own names
    before = take_census(shell)
    yield shell
    shell.command("cd /")
    after = take_census(shell)
    grown = growth(before, after)
    assert but_heap(after) == but_heap(before)
    assert max(grown.values()) <= HEAP_NOISE_BYTES, grown


@pytest.fixture
def programs(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    def write(files: dict[str, str | bytes]) -> Path:
        folder = tmp_path / "apps"
        for name, content in {"census.py": (APPS / "census.py").read_bytes(), **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every machine of these tests sees the programs in apps/ unless a test says otherwise."""
    for item in items:
        marker = item.get_closest_marker("machine_setup")
        if APPS.parent in item.path.parents and not (marker and "apps" in marker.kwargs):
            options = dict(marker.kwargs) if marker else {}
            item.add_marker(pytest.mark.machine_setup(**{"apps": APPS, **options}), append=False)
