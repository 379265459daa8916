"""Goal: an image has the modules of the interface files that there are, and a build that finds
them unchanged compiles none. Method: small folders of files, and a compiler that counts."""

from pathlib import Path

import pytest

from polyphone.build import compile_interfaces
from polyphone.idl import command

FILE = 'interface {name} "one message" {{ message hello(uint32 {argument}); }};\n'


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were compiled, in their order."""
    names: list[str] = []
    original = command.module

    def counting(file: Path) -> str | None:
        names.append(file.name)
        return original(file)

    monkeypatch.setattr(command, "module", counting)
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two interface files, and one of types only."""
    files = tmp_path / "interfaces"
    files.mkdir()
    for name in ("one", "two"):
        write(files, name, "number")
    (files / "types.if").write_text("typedef uint32 number_t;\n", encoding="utf-8")
    return files


def write(folder: Path, name: str, argument: str) -> None:
    text = FILE.format(name=name, argument=argument)
    (folder / f"{name}.if").write_text(text, encoding="utf-8")


def modules(package: Path) -> list[str]:
    return sorted(path.name for path in package.glob("*.py"))


def test_each_interface_becomes_a_module(folder: Path, tmp_path: Path) -> None:
    compile_interfaces(folder, tmp_path / "package")
    assert modules(tmp_path / "package") == ["__init__.py", "one.py", "two.py"]
    assert "NAME" in (tmp_path / "package" / "one.py").read_text(encoding="utf-8")


def test_what_is_unchanged_is_not_compiled_again(
    folder: Path, tmp_path: Path, compiled: list[str]
) -> None:
    package = tmp_path / "package"
    compile_interfaces(folder, package)
    assert compiled == ["one.if", "two.if", "types.if"]
    compile_interfaces(folder, package)
    assert len(compiled) == 3


def test_a_changed_file_is_compiled_and_others_keep_their_times(
    folder: Path, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    compile_interfaces(folder, package)
    before = (package / "two.py").stat().st_mtime_ns
    write(folder, "one", "other")
    compile_interfaces(folder, package)
    assert "other" in (package / "one.py").read_text(encoding="utf-8")
    assert (package / "two.py").stat().st_mtime_ns == before


def test_a_file_that_is_gone_takes_its_module_along(folder: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    compile_interfaces(folder, package)
    (folder / "two.if").unlink()
    compile_interfaces(folder, package)
    assert modules(package) == ["__init__.py", "one.py"]
