"""Brings a checkout to where everything else can run: `make setup`, and first in every target.

Needs only Python 3.9 or newer and its standard library. Each step looks whether
its result is there, works beside the final place and renames at the end, and says
what it does in one line; so an interrupted run is mended by the next one. When a
step cannot be done, SetupError says what is missing and how to get it by hand.
Nothing outside build/ changes, except that missing Debian packages are installed.
"""

from __future__ import annotations

import argparse
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = BUILD / "venv"
UPSTREAM = BUILD / "upstream"
MICROPYTHON = BUILD / "micropython"
STAMP = BUILD / "setup.json"
HOST_TOOLS = ROOT / "host_tools"
PATCHES = ROOT / "kernel" / "cpu" / "port" / "patches"

VERSION = "1.25.0"
CLONE_ADDRESS = "https://github.com/micropython/micropython"
SUITE = "trixie"  # the Debian release whose source package has VERSION
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TARBALL_SHA256 = "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"
# What images, benches and tests take from the source. Debian leaves out other
# parts; these are the same in its package and in the tag.
CONTENT = (
    "py extmod shared tools tests ports/qemu mpy-cross lib/oofatfs lib/littlefs lib/uzlib"
    " lib/re1.5 lib/libm lib/libm_dbl lib/crypto-algorithms"
).split()
CONTENT_SHA256 = "171ac9f71de6e49f274e61799e8c88e0b72d61c268d9296fa40b7347547d8ba0"


class SetupError(Exception):
    """A step cannot be done; the text says what is missing and how to get it by hand."""


class Need(NamedTuple):
    """A thing that must be on the machine: a command, or files by pattern, and whose it is."""

    probe: str  # a command's name, or a path pattern
    packages: tuple[str, ...]  # the first that the distribution knows is installed


NEEDS = (
    Need("qemu-system-aarch64", ("qemu-system-arm",)),
    Need("qemu-system-riscv64", ("qemu-system-riscv", "qemu-system-misc")),
    Need("gcc", ("gcc",)),
    Need("make", ("make",)),
    Need("/usr/include/stdio.h", ("libc6-dev",)),
    Need("riscv64-unknown-elf-gcc", ("gcc-riscv64-unknown-elf",)),
    # For upstream's port, which `make bench` compares with: our image needs no C library.
    Need(
        "/usr/lib/picolibc/riscv64-unknown-elf/include/stdio.h",
        ("picolibc-riscv64-unknown-elf",),
    ),
    Need("aarch64-linux-gnu-gcc", ("gcc-aarch64-linux-gnu",)),
    Need("gdb-multiarch", ("gdb-multiarch",)),
    Need("spin", ("spin",)),
    Need("clang", ("clang",)),
    Need("/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.tsan*", ("libclang-rt-dev",)),
    Need("patch", ("patch",)),
    Need("xz", ("xz-utils",)),
    Need("git", ("git",)),
    Need("/etc/ssl/certs/ca-certificates.crt", ("ca-certificates",)),
)
OTHER_NEEDS = {"debootstrap": Need("debootstrap", ("debootstrap",))}  # of test-fresh only
PYTHON_PACKAGES = ("python3", "python3-venv")  # when no Python that can make the venv is found
PYTHON_MINIMUM = (3, 11)


# --- the whole -----------------------------------------------------------------


def setup(quiet: bool) -> None:
    """Do what is missing. With `quiet`, say nothing when nothing is."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make` at once: the second waits, then finds all
        if is_complete():
            if not quiet:
                say("everything is there")
            return
        STAMP.unlink(missing_ok=True)
        install_packages(missing_needs())
        make_venv()
        get_upstream()
        apply_patches()
        write_atomically(STAMP, inputs())
        say("done")


def inputs() -> str:
    """What the set-up depends on, as a text: another text means to look at every step again."""
    digest = hashlib.sha256()
    files = [Path(__file__), HOST_TOOLS / "requirements.txt", HOST_TOOLS / "pyproject.toml"]
    for file in files + patch_files():
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return json.dumps(
        {
            "root": str(ROOT),
            "inputs": digest.hexdigest(),
            "MICROPY_DIR": os.environ.get("MICROPY_DIR", ""),
        }
    )


def is_complete() -> bool:
    """Whether the last set-up finished, with the same inputs, and its results still exist."""
    try:
        if STAMP.read_text() != inputs():
            return False
    except FileNotFoundError:
        return False
    results = (VENV / "bin" / "poly", VENV / "bin" / "python", UPSTREAM / "py" / "mpconfig.h")
    return (
        all(result.exists() for result in results)
        and (MICROPYTHON / "py" / "mpconfig.h").exists()
        and not missing_needs()
    )


def say(text: str) -> None:
    """One line of progress, on the error stream: a target's own output stays clean."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def write_atomically(file: Path, text: str) -> None:
    beside = file.with_name(file.name + ".new")
    beside.write_text(text)
    beside.replace(file)


def run(command: list[str], problem: str, **options: object) -> str:
    """Run a command and return its output. SetupError(problem, its last lines) if it fails."""
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
    except FileNotFoundError:
        raise SetupError(f"{problem}\n  {command[0]} is not installed") from None
    if done.returncode:
        tail = "\n".join("  | " + line for line in done.stdout.strip().splitlines()[-12:])
        raise SetupError(f"{problem}\n  {' '.join(command)}\n{tail}")
    return str(done.stdout)


# --- Debian packages -------------------------------------------------------------


def missing_needs() -> list[Need]:
    """The needs whose command or files are not there."""
    return [need for need in NEEDS if not is_there(need.probe)]


def is_there(probe: str) -> bool:
    if probe.startswith("/"):
        return next(glob.iglob(probe), None) is not None
    return shutil.which(probe) is not None


def install_also(name: str) -> None:
    """Install one of OTHER_NEEDS, if it is missing."""
    need = OTHER_NEEDS[name]
    if not is_there(need.probe):
        install_packages([need])


def install_packages(needs: list[Need]) -> None:
    """Install the packages of what is missing, and only these."""
    choices = [need.packages for need in needs]
    if find_python() is None:
        choices += [(package,) for package in PYTHON_PACKAGES]
    if not choices:
        return
    by_hand = " ".join(packages[-1] for packages in choices)
    problem = (
        f"these Debian packages are missing: {by_hand}\n"
        f"  by hand, as root: apt-get update && apt-get install {by_hand}\n"
        "  on another system: install what they contain"
    )
    if shutil.which("apt-get") is None:
        raise SetupError(f"{problem}\n  (there is no apt-get here to do it)")
    prefix = root_prefix()
    if prefix is None:
        raise SetupError(f"{problem}\n  (you are not root and sudo is not available here)")
    say("updating the package lists")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(prefix + ["apt-get", "update", "-q"], problem, env=environment)
    packages = [first_known(names) for names in choices]
    say("installing " + " ".join(packages))
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends"]
    run(prefix + command + packages, problem, env=environment)
    still = [need for need in needs if not is_there(need.probe)]
    if still:
        names = ", ".join(need.probe for need in still)
        raise SetupError(f"the packages are installed, yet these are missing: {names}")


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root; None if that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    if sys.stdin.isatty():
        return ["sudo"]
    able = subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo", "-n"] if able else None


def first_known(packages: tuple[str, ...]) -> str:
    """The first package that can be installed here: their names differ between releases."""
    for package in packages:
        policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True)
        candidate = re.search(r"Candidate: (\S+)", policy.stdout)
        if candidate and candidate.group(1) != "(none)":
            return package
    return packages[-1]


# --- the venv ---------------------------------------------------------------------


def find_python() -> str | None:
    """A Python of at least PYTHON_MINIMUM that can make a venv with pip in it."""
    newer = [f"python3.{minor}" for minor in range(PYTHON_MINIMUM[1], 20)]
    test = f"import sys, ensurepip, venv; sys.exit(sys.version_info < {PYTHON_MINIMUM})"
    for name in [sys.executable, "/usr/bin/python3", *newer]:
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", test], capture_output=True).returncode == 0:
            return path
    return None


def make_venv() -> None:
    """build/venv with the pinned packages, and host_tools itself installed editable."""
    requirements = HOST_TOOLS / "requirements.txt"
    packages = json.dumps([str(VENV), requirements.read_text()])
    tools = (HOST_TOOLS / "pyproject.toml").read_text()
    # Written after the step they stand for: they are there only if it was finished.
    packages_done, tools_done = VENV / "packages.json", VENV / "pyproject.toml"
    if not has_text(packages_done, packages):
        # Packages left over, or an earlier pip that was interrupted: start afresh.
        shutil.rmtree(VENV, ignore_errors=True)
        install_requirements(requirements)
        write_atomically(packages_done, packages)
    launcher = VENV / "bin" / "poly"
    if not has_text(tools_done, tools) or not launcher.exists():
        run(
            pip(
                "install",
                "--no-user",
                "-q",
                "--no-deps",
                "--no-build-isolation",
                "-e",
                str(HOST_TOOLS),
            ),
            "cannot install host_tools into build/venv",
        )
        write_atomically(tools_done, tools)
    if not has_text(launcher, launcher_text()):
        write_atomically(launcher, launcher_text())
        launcher.chmod(0o755)


def launcher_text() -> str:
    """The command `poly`: no PYTHON... of the environment reaches it, nor a locale's encoding."""
    options = f"-I -X utf8 -X pycache_prefix={BUILD / 'cache' / 'python'}"
    # Python would give the numbers of standard streams that are closed to files it opens.
    streams = [
        "true 3>&2 || exec 2>/dev/null",
        "true 2>/dev/null 3<&0 || exec </dev/null",
        "true 2>/dev/null 3>&1 || exec >/dev/null",
    ]
    # Of a folder Python says "Fatal Python error".
    wrong = 'echo "poly: standard input is a folder" >&2; exit 2'
    folder = f"if test -d /proc/self/fd/0; then {wrong}; fi"
    command = f'exec {VENV / "bin" / "python"} {options} -m polyphone "$@"'
    return "\n".join(["#!/bin/sh", *streams, folder, command, ""])


def install_requirements(requirements: Path) -> None:
    python = find_python()
    if python is None:
        minimum = ".".join(str(part) for part in PYTHON_MINIMUM)
        raise SetupError(
            f"no Python {minimum} or newer with venv and ensurepip found\n"
            "  by hand, on Debian 12 or newer, as root: apt-get install python3 python3-venv"
        )
    say("making build/venv and installing the Python packages of host_tools/requirements.txt")
    run([python, "-m", "venv", str(VENV)], "cannot make build/venv")
    run(
        pip("install", "--no-user", "-q", "--no-deps", "-r", str(requirements)),
        "cannot install the Python packages; is a package index reachable?\n"
        "  behind a mirror: set it in pip's configuration (pip config set global.index-url ...)",
    )
    run(pip("check"), "host_tools/requirements.txt is not complete")


def pip(*arguments: str) -> list[str]:
    """The command line of the venv's pip."""
    return [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]


def has_text(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


# --- MicroPython's source -----------------------------------------------------------


def get_upstream() -> None:
    """build/upstream: the source of MicroPython VERSION, untouched."""
    given = os.environ.get("MICROPY_DIR", "")
    origin = UPSTREAM / "origin.json"  # there only once the tree is whole
    wanted = json.dumps([VERSION, given])
    if origin.exists() and (not given or origin.read_text() == wanted):
        return
    fresh = BUILD / "upstream.new"
    shutil.rmtree(fresh, ignore_errors=True)
    if given:
        copy_checkout(Path(given), fresh)
    else:
        fetch_source(fresh)
    (fresh / origin.name).write_text(wanted)
    replace_tree(fresh, UPSTREAM)


def copy_checkout(checkout: Path, target: Path) -> None:
    """Copy the checkout that MICROPY_DIR names. Its version must be VERSION; its content
    may differ (a user who names it may have changed it), which is said."""
    check_version(checkout, f"MICROPY_DIR={checkout}")
    say(f"copying MicroPython {VERSION} from {checkout}")
    shutil.copytree(checkout, target, ignore=generated, symlinks=True)
    if content_hash(target) != CONTENT_SHA256:
        say(f"note: {checkout} is not exactly the release v{VERSION}; it is used as it is")


def generated(folder: str, names: list[str]) -> list[str]:
    """Which names in a checkout's folder are not source: history, caches, build folders."""
    builds = [name for name in names if re.match(r"build(-|$)", name)]
    folders = [name for name in builds if os.path.isdir(os.path.join(folder, name))]
    return folders + [name for name in names if name in (".git", "__pycache__")]


def fetch_source(target: Path) -> None:
    """The source from Debian's package or, failing that, from a clone of the tag."""
    failures = []
    for fetch in (fetch_debian, fetch_clone):
        try:
            fetch(target)
            check_content(target)
            return
        except SetupError as error:
            failures.append(str(error))
            shutil.rmtree(target, ignore_errors=True)
    raise SetupError(
        "cannot get MicroPython's source:\n"
        + "\n".join("- " + failure for failure in failures)
        + f"\n  by hand: get a checkout of MicroPython v{VERSION} and say where it is:"
        + " make setup MICROPY_DIR=<folder>"
    )


def fetch_debian(target: Path) -> None:
    """Debian's source package, by a package list of our own: nothing in /etc changes."""
    if shutil.which("apt-get") is None:
        raise SetupError("Debian's source package: there is no apt-get")
    folder = BUILD / "apt"
    tarball = folder / "micropython.orig.tar.xz"
    if not tarball.exists():
        if not KEYRING.exists():
            raise SetupError(
                f"Debian's source package: {KEYRING} is missing"
                " (as root: apt-get install debian-archive-keyring)"
            )
        mirrors = debian_mirrors()
        if not mirrors:
            raise SetupError("Debian's source package: apt knows no Debian mirror")
        problem = f"Debian's source package: not to be had from {' or '.join(mirrors)}"
        say(f"getting MicroPython {VERSION} from Debian's source package")
        for number, mirror in enumerate(mirrors, 1):
            try:
                download_tarball(mirror, folder, problem).replace(tarball)
                break
            except SetupError:
                if number == len(mirrors):
                    raise
    try:
        check_hash(tarball, TARBALL_SHA256)
    except SetupError:
        tarball.unlink()
        raise
    unpack(tarball, target)


def debian_mirrors() -> list[str]:
    """Where this machine gets Debian from."""
    targets = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"],
        "Debian's source package: apt-get cannot tell its mirror",
    )
    mirrors = [line.split("|")[2] for line in targets.splitlines() if line.count("|") == 2
               and line.startswith("Debian|Debian|")]  # fmt: skip
    return sorted(set(mirrors))


def download_tarball(mirror: str, folder: Path, problem: str) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "cache/archives/partial", "parts"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb-src [signed-by={KEYRING}] {mirror} {SUITE} main\n")
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": folder / "parts",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",  # its own user may not be able to write into build/
        "APT::Get::List-Cleanup": "false",
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q"]
    for name, value in settings.items():
        apt += ["-o", f"{name}={value}"]
    run(apt + ["update"], problem)
    run(apt + ["source", "--download-only", "--tar-only", "micropython"], problem, cwd=folder)
    tarballs = sorted(folder.glob("micropython_*.orig.tar.xz"))
    if not tarballs:
        raise SetupError(f"{problem}\n  the package has no .orig.tar.xz")
    return tarballs[0]


def unpack(tarball: Path, target: Path) -> None:
    """Unpack a tarball that has one top folder, which becomes `target`."""
    folder = target.with_name(target.name + ".unpack")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with tarfile.open(tarball) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter="data")
            else:
                archive.extractall(folder)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SetupError(f"cannot unpack {tarball}: {error}") from None
    (top,) = folder.iterdir()
    top.rename(target)
    folder.rmdir()


def fetch_clone(target: Path) -> None:
    say(f"cloning MicroPython {VERSION} from {CLONE_ADDRESS}")
    command = ["git", "clone", "-q", "--depth", "1", "--branch", f"v{VERSION}"]
    settings = ["-c", "advice.detachedHead=false", "-c", "core.autocrlf=false"]
    environment = dict(os.environ, GIT_TERMINAL_PROMPT="0")
    problem = f"git clone: {CLONE_ADDRESS} cannot be cloned"
    run(command + settings + [CLONE_ADDRESS, str(target)], problem, env=environment)
    shutil.rmtree(target / ".git")


# --- checks --------------------------------------------------------------------------


def check_hash(file: Path, expected: str) -> None:
    """SetupError if the file's SHA-256 is another one."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != expected:
        raise SetupError(f"{file.name}: SHA-256 is {found}, expected {expected}")


def check_version(tree: Path, what: str) -> None:
    """SetupError if `tree` is not the source of MicroPython VERSION."""
    try:
        text = (tree / "py" / "mpconfig.h").read_text()
    except (FileNotFoundError, NotADirectoryError):
        raise SetupError(f"{what}: no MicroPython source there (py/mpconfig.h)") from None
    parts = re.findall(r"#define MICROPY_VERSION_(?:MAJOR|MINOR|MICRO) (\d+)", text)
    found = ".".join(parts)
    if re.search(r"#define MICROPY_VERSION_PRERELEASE 1", text):
        found += "-preview"
    if found != VERSION:
        raise SetupError(f"{what}: that is MicroPython {found}, wanted is {VERSION}")


def check_content(tree: Path) -> None:
    """SetupError if what we use of `tree` is not exactly what VERSION has."""
    check_version(tree, "the source")
    found = content_hash(tree)
    if found != CONTENT_SHA256:
        raise SetupError(f"the source's content hash is {found}, expected {CONTENT_SHA256}")


def content_hash(tree: Path) -> str:
    """SHA-256 over names and contents of the files in CONTENT; links by their target."""
    digest = hashlib.sha256()
    for part in CONTENT:
        for file in sorted(walk(tree / part)):
            content = os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
            name = file.relative_to(tree).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def walk(folder: Path) -> Iterator[Path]:
    for path, folders, files in os.walk(folder):
        if "__pycache__" in folders:
            folders.remove("__pycache__")  # of somebody who has run a tool of it
        for name in files + [name for name in folders if (Path(path) / name).is_symlink()]:
            yield Path(path) / name


# --- patches -----------------------------------------------------------------------


def patch_files() -> list[Path]:
    return sorted(PATCHES.glob("*.patch"))


def patched_names(patches: list[Path]) -> set[str]:
    """The files that patches change, relative to the tree."""
    names: set[str] = set()
    for patch in patches:
        names.update(re.findall(r"^\+\+\+ [^/\s]+/(\S+)", patch.read_text(), re.MULTILINE))
    return names


def apply_patches() -> None:
    """build/micropython: build/upstream with our patches."""
    patches = patch_files()
    record = MICROPYTHON / "patched.json"  # there only once the tree is whole
    contents = [[patch.name, patch.read_text()] for patch in patches]
    origin = (UPSTREAM / "origin.json").stat().st_mtime_ns
    changed = sorted(patched_names(patches))
    wanted = {"patches": contents, "origin": origin, "changed": changed}
    before = json.loads(record.read_text()) if record.exists() else {}
    if before == wanted:
        return
    say(f"making build/micropython: the source with {len(patches)} patches")
    fresh = BUILD / "micropython.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(UPSTREAM, fresh, symlinks=True, ignore=shutil.ignore_patterns("origin.json"))
    for patch in patches:
        with patch.open() as content:
            run(
                ["patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch"],
                f"{patch.relative_to(ROOT)} does not apply to MicroPython {VERSION}",
                stdin=content,
                cwd=fresh,
            )
    # Files keep their old times, so that make sees only what a patch, or its absence,
    # changed; another source has changed everything.
    names = set(changed) | set(before.get("changed", []))
    if before and before["origin"] != origin:
        names = {str(file.relative_to(fresh)) for file in walk(fresh)}
    for name in names:
        if (fresh / name).exists():
            os.utime(fresh / name)
    (fresh / record.name).write_text(json.dumps(wanted))
    replace_tree(fresh, MICROPYTHON)


def replace_tree(fresh: Path, target: Path) -> None:
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Get everything that building and testing need.")
    parser.add_argument("--quiet", action="store_true", help="no output if all is there")
    parser.add_argument("--also", choices=OTHER_NEEDS, help="install this too")
    options = parser.parse_args()
    started = time.monotonic()
    for name in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        os.environ.pop(name, None)  # where a user wants packages of his own
    try:
        setup(options.quiet)
        if options.also:
            install_also(options.also)
    except SetupError as error:
        print(f"setup: failed after {time.monotonic() - started:.0f} s: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
