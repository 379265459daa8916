"""Goal: what a user has set for other work, and how a command's streams are, change nothing.
Method: the launcher, the make files' environment and commands, with everything set wrongly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from polyphone import board as boards
from polyphone import build, environment, paths

POLY = paths.BUILD / "venv" / "bin" / "poly"
INTERFACE = paths.KERNEL / "interfaces" / "echo.if"
THEIRS = {
    **dict.fromkeys(("CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "LDLIBS"), "-march=native -lm"),
    **{"CC": "no-such-compiler", "CROSS_COMPILE": "no-such-", "PROG": "prog", "V": "1"},
    **{"BUILD": "/nowhere", "TOP": "/nowhere", "MAKEFLAGS": "n", "MAKEOVERRIDES": "CC=false"},
    **{"GREP_OPTIONS": "--color=always", "CPATH": "/nowhere", "DEBUG": "1", "COPT": "-O0"},
    **{"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": "/nowhere"},
    **{"PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "VIRTUAL_ENV": "/nowhere"},
}
PLAIN = {"PATH": os.environ["PATH"]}


def test_programs_that_we_start_get_no_setting_of_the_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in {**THEIRS, "HOME": "/home/me", "TMPDIR": "/tmp/mine"}.items():
        monkeypatch.setenv(name, text)
    plain = environment.plain(OURS="yes")
    assert not THEIRS.keys() & plain.keys()
    assert (plain["OURS"], plain["HOME"], plain["TMPDIR"]) == ("yes", "/home/me", "/tmp/mine")
    monkeypatch.delenv("PATH")
    assert environment.plain()["PATH"]  # without it nothing would be found


def test_the_make_files_of_an_image_see_none_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A `make` of ours in PATH prints its environment, and fails, so that all of it is shown."""
    (tmp_path / "make").write_text("#!/bin/sh\nenv\nexit 1\n")
    (tmp_path / "make").chmod(0o755)
    for name, text in {**THEIRS, "PATH": f"{tmp_path}:{os.environ['PATH']}"}.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(build, "TAIL_LINES", 1000)
    with pytest.raises(build.UserError) as failed:
        build.link(boards.load("virt_rv64"))
    names = {line.partition("=")[0] for line in str(failed.value).splitlines()}
    assert "PATH" in names
    assert not names & THEIRS.keys()


@pytest.mark.parametrize("extra", [THEIRS, {}, {"LC_ALL": "C"}, {"LC_ALL": "de_DE.ISO-8859-1"}])
def test_the_command_starts_in_any_environment(extra: dict[str, str]) -> None:
    ran = subprocess.run(
        [POLY, "idl", INTERFACE], env={**PLAIN, **extra}, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def closed(streams: str) -> str:
    return " ".join(f"{stream}&-" for stream in streams.split())


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`poly` whose Python says where its standard streams lead."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        f"#!{sys.executable}\nimport os\n"
        "found = [os.readlink(f'/proc/self/fd/{number}') for number in range(3)]\n"
        f"open('{tmp_path}/streams', 'w').write(' '.join(found))\n"
    )
    python.chmod(0o755)
    file = tmp_path / "poly"
    file.write_text(bootstrap.launcher_text())
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("streams", ["<", ">", "2>", "< >", "< 2>", "> 2>", "< > 2>", ""])
def test_streams_that_are_closed_are_opened_and_others_stay(launcher: Path, streams: str) -> None:
    given = {"<": "/dev/zero", ">": "/dev/full", "2>": "/dev/full"}
    redirections = "<{<} >{>} 2>{2>}".format_map(given)
    subprocess.run(["bash", "-c", f"{launcher} {redirections} {closed(streams)}"], check=True)
    found = launcher.with_name("streams").read_text().split()
    wanted = ["/dev/null" if name in streams.split() else given[name] for name in given]
    assert found == wanted


def test_a_full_standard_output_is_an_error_that_says_so() -> None:
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            [POLY, "idl", "--describe", INTERFACE], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ran.returncode == 2
    assert ran.stderr == "poly: standard output: [Errno 28] No space left on device\n"


def test_a_full_error_stream_stops_nothing() -> None:
    command = [sys.executable, "-m", "polyphone.cli", "idl", "--describe"]
    with open("/dev/full", "wb") as full:
        good = subprocess.run([*command, INTERFACE], stdout=subprocess.PIPE, stderr=full)
        wrong = subprocess.run([*command, "/no/such.if"], stdout=subprocess.PIPE, stderr=full)
    assert good.returncode == 0
    assert b"interface echo" in good.stdout
    assert wrong.returncode == 2


ODD = ["plain", "with space", 'a "quoted" one', "it's", "a$HOME$$", "back`tick`", "new\nline", "ä"]


def checkout(folder: Path) -> None:
    """The Makefile in a checkout whose tools only print their arguments."""
    (folder / "Makefile").write_text((paths.ROOT / "Makefile").read_text())
    poly = folder / "build" / "venv" / "bin" / "poly"
    poly.parent.mkdir(parents=True)
    poly.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    poly.chmod(0o755)
    (folder / "host_tools").mkdir()
    (folder / "host_tools" / "bootstrap.py").touch()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("variable", ["APPS", "SYSTEM", "CMD"])
def test_make_passes_any_characters_on(tmp_path: Path, variable: str, name: str) -> None:
    checkout(tmp_path)
    for flags in ("", "-j8 -O", "-e", "-s"):
        ran = subprocess.run(
            ["make", *flags.split(), "exec", f"{variable}={name}"],
            cwd=tmp_path,
            env={**PLAIN, **THEIRS, "MAKEFLAGS": "", "BIN": "/nowhere", "POLY": "false"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert name in ran.stdout.split("\0")


@pytest.mark.parametrize("target", ["help", "exec", "repl", "test-upstream"])
@pytest.mark.parametrize(
    "variable", "BOARD CORES MEM SYSTEM APPS CMD TIMEOUT CORE MACHINE TEST_CORES SUITE".split()
)
def test_make_runs_nothing_that_a_variable_has(tmp_path: Path, variable: str, target: str) -> None:
    checkout(tmp_path)
    text = "$(shell touch ran)$x$(error no)"
    ran = subprocess.run(
        ["make", "-s", target, f"{variable}={text}"],
        cwd=tmp_path, env=PLAIN, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()
    users = {"help": "", "exec": "BOARD CORES MEM SYSTEM APPS CMD TIMEOUT",
             "repl": "BOARD CORE MACHINE", "test-upstream": "BOARD TEST_CORES"}  # fmt: skip
    assert (text in ran.stdout.split("\0")) == (variable in users[target].split())


def test_bytes_that_are_not_utf8_are_named() -> None:
    ran = subprocess.run(
        [os.fsencode(POLY), b"exec", b"echo a\xff"], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (
        2, "poly: CMD='echo a\\udcff': byte 0xff is not UTF-8\n",
    )  # fmt: skip


def test_a_folder_as_standard_input_is_an_error_that_says_so(launcher: Path) -> None:
    ran = subprocess.run(["bash", "-c", f"{launcher} </tmp"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (2, "poly: standard input is a folder\n")
