"""Goal: another system on this machine reaches registries as the machine does, and what stops
`make test-fresh` is said. Method: made-up answers of apt, and settings in a folder."""

import os
import subprocess
from pathlib import Path

import pytest

from polyphone import fresh, machine_settings
from polyphone.errors import UserError
from polyphone.machine_settings import Settings

TARGETS = """Debian|bookworm|oldstable|http://mirror/debian/|12.1|main|Packages
Debian|bookworm-updates|oldstable-updates|http://mirror/debian/||main|Packages
Debian|bookworm-security|oldstable-security|http://security/||main|Packages
Debian|bookworm|oldstable|http://mirror/debian/|12.1|contrib|Packages
Other|bookworm|stable|http://elsewhere/||main|Packages
"""
ACQUIRE = """APT::Architecture "amd64";
Acquire "";
Acquire::http::Proxy "http://proxy:3128/";
Acquire::https::CaInfo "/own/ca.pem";
Acquire::IndexTargets::deb::Packages "x";
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose apt, pip and environment say where registries are."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        told = {"apt-get": TARGETS, "apt-config": ACQUIRE}[command[0]]
        return subprocess.CompletedProcess(command, 0, told, "")

    home = tmp_path / "home"
    (home / ".config" / "pip").mkdir(parents=True)
    index = tmp_path / "index" / "simple"
    index.mkdir(parents=True)
    (home / ".config" / "pip" / "pip.conf").write_text(f"[global]\nindex-url = file://{index}\n")
    monkeypatch.setattr(machine_settings.subprocess, "run", run)
    monkeypatch.setattr(Path, "home", lambda: home)
    for name in [*os.environ]:
        if name.lower() in machine_settings.PROXIES or name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "cert.pem"))
    (tmp_path / "cert.pem").write_text("certificate")
    return tmp_path


def room_of(machine: Path) -> Path:
    room = machine / "room"
    (room / "etc" / "apt" / "apt.conf.d").mkdir(parents=True)
    (room / "usr" / "local" / "share" / "ca-certificates").mkdir(parents=True)
    return room


def test_each_source_of_the_machine_is_one_of_the_other_release(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_settings, "FILES", ())
    room = room_of(machine)
    machine_settings.find().copy_into(room, "trixie")
    assert (room / "etc" / "apt" / "sources.list").read_text().splitlines() == [
        "deb http://mirror/debian/ trixie main",
        "deb http://mirror/debian/ trixie-updates main",
        "deb http://security/ trixie-security main",
    ]


def test_what_settings_name_is_taken_along(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_settings, "FILES", ())
    found = machine_settings.find()
    assert found.mirror == "http://mirror/debian/"
    assert found.proxies["http_proxy"] == "http://proxy:3128/"  # apt's, for debootstrap
    assert found.folders == [str(machine / "index")]  # where its pages lead, too
    assert found.variables["PIP_CERT"] == str(machine / "cert.pem")
    room = room_of(machine)
    found.copy_into(room, "trixie")
    kept = (room / "etc" / "apt" / "apt.conf.d" / "90machine").read_text()
    assert "CaInfo" in kept and "IndexTargets" not in kept and "Architecture" not in kept
    assert (room / "root" / ".config" / "pip" / "pip.conf").exists()
    assert (room / str(machine / "cert.pem").lstrip("/")).read_text() == "certificate"


def test_without_a_mirror_it_says_so(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "TARGETS", "")
    with pytest.raises(UserError, match="apt knows no Debian mirror: apt-get update"):
        machine_settings.find()


def test_what_stops_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="SUITE=potato: it is bookworm or trixie"):
        fresh.check("potato")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="needs root: sudo make test-fresh"):
        fresh.check("trixie")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(
        fresh.shutil, "which", lambda name: None if name == "debootstrap" else name
    )
    with pytest.raises(UserError, match="debootstrap is not installed"):
        fresh.check("trixie")
    monkeypatch.setattr(fresh.shutil, "which", lambda name: name)
    failed = subprocess.CompletedProcess([], 1, "", "unshare: Operation not permitted\n")
    monkeypatch.setattr(fresh.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match="gives no namespaces: unshare: Operation not permitted"):
        fresh.check("trixie")


def test_commands_run_there_with_nothing_of_the_users_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CFLAGS", "-march=native")
    settings = Settings("m", [], "bookworm", "", {"PIP_CERT": "/c"}, ["/opt/index"], [], {})
    command = fresh.inside(Path("/room"), settings, "make run")
    assert "--ignore-environment" in command
    assert "PIP_CERT=/c" in command and "HOME=/root" in command
    assert not any(word.startswith("CFLAGS") for word in command)
    assert command[-4:] == ["/room", "/opt/index", fresh.CHECKOUT, "make run"]
