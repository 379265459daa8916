"""Goal: set-up either gets everything or says what is missing and how to get it by hand;
half-done work is never taken for whole. Method: its steps on small trees, with the
outside world (apt, git, pip) replaced by what it may answer."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

import bootstrap
from bootstrap import SetupError

MPCONFIG = """#define MICROPY_VERSION_MAJOR {0}
#define MICROPY_VERSION_MINOR {1}
#define MICROPY_VERSION_MICRO {2}
#define MICROPY_VERSION_PRERELEASE {3}
"""
PATCH = """--- a/py/gc.c
+++ b/py/gc.c
@@ -1 +1 @@
-old
+new
"""


def source(folder: Path, version: tuple[int, int, int, int] = (1, 25, 0, 0)) -> Path:
    """A tree that looks like MicroPython's."""
    (folder / "py").mkdir(parents=True)
    (folder / "py" / "mpconfig.h").write_text(MPCONFIG.format(*version))
    (folder / "py" / "gc.c").write_text("old\n")
    (folder / "py" / "vm.c").write_text("vm\n")
    return folder


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout of the tools moved to an empty place."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "PATCHES", tmp_path / "patches")
    build = tmp_path / "build"
    names = {"BUILD": "", "VENV": "venv", "UPSTREAM": "upstream", "MICROPYTHON": "micropython"}
    for name, path in names.items():
        monkeypatch.setattr(bootstrap, name, build / path)
    monkeypatch.setattr(bootstrap, "STAMP", build / "setup.json")
    monkeypatch.delenv("MICROPY_DIR", raising=False)
    build.mkdir()
    (tmp_path / "patches").mkdir()
    return build


# --- what is there is found quickly ---------------------------------------------


def test_a_complete_checkout_costs_under_a_second_and_says_nothing() -> None:
    command = [sys.executable, bootstrap.__file__, "--quiet"]
    times = []
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times.append(time.monotonic() - start)
    assert (done.stdout, done.stderr) == ("", "")
    assert min(times) < 1


def test_a_result_that_went_missing_is_noticed(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = ["upstream/py/mpconfig.h", "micropython/py/mpconfig.h"]
    results = ["venv/bin/poly", "venv/bin/python", *trees]
    monkeypatch.setattr(bootstrap, "missing_needs", list)
    for result in results:
        (build / result).parent.mkdir(parents=True, exist_ok=True)
        (build / result).touch()
    assert not bootstrap.is_complete()
    bootstrap.STAMP.write_text(bootstrap.inputs())
    assert bootstrap.is_complete()
    for result in results:
        (build / result).unlink()
        assert not bootstrap.is_complete()
        (build / result).touch()
    monkeypatch.setenv("MICROPY_DIR", "elsewhere")
    assert not bootstrap.is_complete()


# --- Debian packages -------------------------------------------------------------


def pretend(monkeypatch: pytest.MonkeyPatch, *, commands: set[str], user: int = 1000) -> None:
    """Only these commands exist; no terminal to ask for a password."""
    found = {name: f"/usr/bin/{name}" for name in commands}
    monkeypatch.setattr(shutil, "which", lambda name: found.get(name))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(bootstrap, "find_python", lambda: "/usr/bin/python3")
    monkeypatch.setattr(bootstrap, "NEEDS", (bootstrap.Need("no-such", ("new", "old")),))


def test_without_apt_the_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, commands=set())
    with pytest.raises(
        SetupError, match="missing: old\n.*apt-get install old\n(.*\n)*.*no apt-get"
    ):
        bootstrap.install_packages(bootstrap.missing_needs())


def test_without_root_and_sudo_the_command_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, commands={"apt-get"})
    with pytest.raises(
        SetupError, match="by hand, as root: apt-get update && apt-get install old"
    ):
        bootstrap.install_packages(bootstrap.missing_needs())


def test_only_what_is_missing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, commands={"apt-get"}, user=0)
    ran: list[list[str]] = []

    def run(command: list[str], problem: str, **options: object) -> str:
        ran.append(command)
        monkeypatch.setattr(bootstrap, "is_there", lambda probe: True)
        return ""

    monkeypatch.setattr(bootstrap, "is_there", lambda probe: False)
    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap, "first_known", lambda packages: packages[0])
    bootstrap.install_packages(bootstrap.missing_needs())
    assert [command[1] for command in ran] == ["update", "install"]
    assert ran[1][-1] == "new" and ran[1].count("new") == 1


# --- the venv ----------------------------------------------------------------------


def test_an_interrupted_pip_is_not_taken_for_whole(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], problem: str, **options: object) -> str:
        if "venv" in command:
            (bootstrap.VENV / "bin").mkdir(parents=True)
        elif "-r" in command and not works:
            (bootstrap.VENV / "half").touch()
            raise SetupError(problem)
        elif "-e" in command:
            (bootstrap.VENV / "bin" / "poly").touch()
        return ""

    monkeypatch.setattr(bootstrap, "run", run)
    works = False
    with pytest.raises(SetupError, match="is a package index reachable"):
        bootstrap.make_venv()
    assert not (build / "venv" / "packages.json").exists()
    works = True
    bootstrap.make_venv()
    assert not (build / "venv" / "half").exists()
    assert (build / "venv" / "packages.json").exists()

    monkeypatch.setattr(bootstrap, "run", None)
    bootstrap.make_venv()  # whole: nothing is run


def test_without_a_usable_python_the_package_is_named(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "find_python", lambda: None)
    with pytest.raises(SetupError, match="no Python 3.11 or newer .*\n.*python3-venv"):
        bootstrap.make_venv()


# --- MicroPython's source -------------------------------------------------------------


def test_another_hash_is_refused_with_both(tmp_path: Path) -> None:
    file = tmp_path / "x.tar.xz"
    file.write_bytes(b"x")
    found = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(SetupError, match=f"x.tar.xz: SHA-256 is {found}, expected abc"):
        bootstrap.check_hash(file, "abc")
    bootstrap.check_hash(file, found)


@pytest.mark.parametrize(
    ("version", "name"), [((1, 24, 1, 0), "1.24.1"), ((1, 25, 0, 1), "1.25.0-preview")]
)
def test_a_checkout_of_another_version_is_refused(
    build: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int, int, int],
    name: str,
) -> None:
    monkeypatch.setenv("MICROPY_DIR", str(source(tmp_path / "theirs", version)))
    with pytest.raises(SetupError, match=f"MICROPY_DIR=.*: that is MicroPython {name}, wanted is"):
        bootstrap.get_upstream()
    assert not (build / "upstream").exists()


def test_a_folder_without_the_source_is_refused(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROPY_DIR", str(tmp_path))
    with pytest.raises(SetupError, match="no MicroPython source there"):
        bootstrap.get_upstream()


def test_a_checkout_that_differs_is_used_and_said(
    build: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = source(tmp_path / "theirs")
    (theirs / ".git").mkdir()
    (theirs / "ports" / "unix" / "build-standard").mkdir(parents=True)
    monkeypatch.setenv("MICROPY_DIR", str(theirs))
    bootstrap.get_upstream()
    assert "is not exactly the release v1.25.0" in capsys.readouterr().err
    assert (build / "upstream" / "py" / "gc.c").read_text() == "old\n"
    assert not (build / "upstream" / ".git").exists()
    assert not (build / "upstream" / "ports" / "unix" / "build-standard").exists()


def test_the_clone_is_tried_after_debian_and_both_reasons_are_given(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def debian(target: Path) -> None:
        target.mkdir()  # half-done
        raise SetupError("Debian's source package: no network")

    def clone(target: Path) -> None:
        assert not target.exists()
        raise SetupError("git clone: no network")

    monkeypatch.setattr(bootstrap, "fetch_debian", debian)
    monkeypatch.setattr(bootstrap, "fetch_clone", clone)
    with pytest.raises(SetupError) as error:
        bootstrap.get_upstream()
    text = str(error.value)
    assert "- Debian's source package: no network\n- git clone: no network\n" in text
    assert "by hand: get a checkout of MicroPython v1.25.0" in text
    assert "make setup MICROPY_DIR=<folder>" in text
    assert not (build / "upstream").exists()


def test_a_source_with_other_content_is_refused(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "fetch_debian", lambda target: source(target) and None)
    monkeypatch.setattr(bootstrap, "fetch_clone", lambda target: source(target) and None)
    with pytest.raises(SetupError, match="content hash is [0-9a-f]{64}, expected"):
        bootstrap.get_upstream()


def test_the_tree_that_is_there_has_the_releases_content() -> None:
    if "MICROPY_DIR" not in os.environ:
        bootstrap.check_content(bootstrap.UPSTREAM)


def test_content_hash_sees_names_contents_and_links(tmp_path: Path) -> None:
    tree = source(tmp_path / "tree")
    hashes = {bootstrap.content_hash(tree)}
    (tree / "py" / "gc.c").write_text("changed\n")
    hashes.add(bootstrap.content_hash(tree))
    (tree / "py" / "gc.c").rename(tree / "py" / "gd.c")
    hashes.add(bootstrap.content_hash(tree))
    (tree / "py" / "link").symlink_to("gd.c")
    hashes.add(bootstrap.content_hash(tree))
    assert len(hashes) == 4
    (tree / "docs").mkdir()
    (tree / "docs" / "not-used").touch()
    assert bootstrap.content_hash(tree) in hashes


def test_a_cut_off_tarball_leaves_nothing(tmp_path: Path) -> None:
    tarball = tmp_path / "x.tar.xz"
    with tarfile.open(tarball, "w:xz") as archive:
        archive.add(source(tmp_path / "tree"), "tree")
    tarball.write_bytes(tarball.read_bytes()[:-60])
    with pytest.raises(SetupError, match="cannot unpack"):
        bootstrap.unpack(tarball, tmp_path / "target")
    assert not (tmp_path / "target").exists()


# --- patches ----------------------------------------------------------------------------


@pytest.fixture
def upstream(build: Path) -> Path:
    tree = source(build / "upstream")
    (tree / "origin.json").write_text("x")
    for file in (tree / "py").iterdir():
        os.utime(file, (1, 1))
    return tree


def test_patches_apply_to_a_copy_and_touch_only_what_they_change(
    build: Path, upstream: Path, tmp_path: Path
) -> None:
    patch = tmp_path / "patches" / "01-gc.patch"
    patch.write_text(PATCH)
    bootstrap.apply_patches()
    copy = build / "micropython" / "py"
    assert (copy / "gc.c").read_text() == "new\n"
    assert (upstream / "py" / "gc.c").read_text() == "old\n"
    assert (copy / "vm.c").stat().st_mtime == 1 != (copy / "gc.c").stat().st_mtime

    patch.write_text(PATCH.replace("+new", "+newer"))
    bootstrap.apply_patches()
    assert (copy / "gc.c").read_text() == "newer\n"

    patch.unlink()
    bootstrap.apply_patches()
    assert (copy / "gc.c").read_text() == "old\n"
    assert (copy / "gc.c").stat().st_mtime > 1  # or make would keep what it compiled


def test_unchanged_patches_are_not_applied_again(
    build: Path, upstream: Path, tmp_path: Path
) -> None:
    (tmp_path / "patches" / "01-gc.patch").write_text(PATCH)
    bootstrap.apply_patches()
    before = (build / "micropython").stat().st_ino
    bootstrap.apply_patches()
    assert (build / "micropython").stat().st_ino == before


def test_a_patch_that_does_not_apply_is_named_and_the_old_tree_stays(
    build: Path, upstream: Path, tmp_path: Path
) -> None:
    bootstrap.apply_patches()
    (tmp_path / "patches" / "02-bad.patch").write_text(PATCH.replace("-old", "-other"))
    with pytest.raises(SetupError, match="patches/02-bad.patch does not apply to MicroPython"):
        bootstrap.apply_patches()
    assert (build / "micropython" / "py" / "gc.c").read_text() == "old\n"
