"""How this machine reaches package registries: what another system on it needs as well.

That is apt's mirror, its acquire settings and credentials; pip's configuration; certificates
of the machine's own; proxies; names of hosts. Files keep their paths. Which these are, this
machine says itself: no host is named here."""

import configparser
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from polyphone.errors import UserError

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                "GIT_SSL_CAINFO")  # fmt: skip
OWN_CERTIFICATES = "usr/local/share/ca-certificates"  # what update-ca-certificates adds
FILES = (
    *("etc/hosts", "etc/resolv.conf", "etc/pip.conf"),
    *("etc/apt/auth.conf", "etc/apt/auth.conf.d", "etc/apt/trusted.gpg.d", "etc/apt/keyrings"),
    OWN_CERTIFICATES,
)
HOME_FILES = (".config/pip/pip.conf", ".pip/pip.conf", ".netrc")
SUITE_PARTS = ("", "-updates", "-security")


@dataclass(frozen=True)
class Settings:
    """What was found. `folders` are those that pip's configuration or the environment names."""

    mirror: str
    sources: list[tuple[str, str, str]]  # address, suite, component
    codename: str  # of this machine's Debian
    acquire: str  # apt's own settings, as a configuration file
    variables: dict[str, str]
    folders: list[str]
    files: list[str]  # named by a setting
    proxies: dict[str, str]

    def copy_into(self, room: Path, suite: str) -> None:
        """Make a system reach registries as this machine does."""
        for name in FILES:
            copy(Path("/", name), room / name)
        for name in HOME_FILES:
            copy(Path.home() / name, room / "root" / name)
        lines = [
            f"deb {address} {old.replace(self.codename, suite, 1)} {component}\n"
            for address, old, component in self.sources
        ]
        (room / "etc/apt/sources.list").write_text("".join(lines))
        (room / "etc/apt/apt.conf.d/90machine").write_text(self.acquire)
        if any((room / OWN_CERTIFICATES).glob("**/*.crt")):
            subprocess.run(
                ["chroot", str(room), "update-ca-certificates"], check=True, capture_output=True
            )
        for name in self.files:
            if not (room / name.lstrip("/")).exists():
                copy(Path(name), room / name.lstrip("/"))


def find() -> Settings:
    """Ask apt, pip's files and the environment. UserError if apt knows no Debian mirror."""
    sources, codename = debian_sources()
    acquire = acquire_settings()
    variables = registry_variables()
    proxies = {name: text for name, text in variables.items() if name.lower() in PROXIES}
    for scheme in ("http", "https"):
        given = re.search(rf'^Acquire::{scheme}::Proxy "([^"]+)"', acquire, re.MULTILINE)
        if given and given[1] != "DIRECT":
            proxies.setdefault(f"{scheme}_proxy", given[1])
    named = [*variables.values(), *pip_values(), *re.findall(r'"(/[^"]*)"', acquire)]
    places = sorted({place for text in named for part in text.split() for place in local(part)})
    return Settings(
        mirror=sources[0][0],
        sources=sources,
        codename=codename,
        acquire=acquire,
        variables=variables,
        folders=outermost([p for p in places if os.path.isdir(p) and not p.startswith("/etc")]),
        files=[place for place in places if os.path.isfile(place)],
        proxies=proxies,
    )


def debian_sources() -> tuple[list[tuple[str, str, str]], str]:
    """Where this machine gets Debian from, the main archive first; and its codename."""
    form = "$(ORIGIN)|$(CODENAME)|$(SUITE)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CREATED_BY)"
    command = ["apt-get", "indextargets", "--format", form]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        raise UserError("there is no apt-get here: test-fresh needs a Debian") from None
    rows = {tuple(line.split("|")) for line in told.splitlines() if line.count("|") == 6}
    debian = sorted(row for row in rows if row[0] == "Debian" and row[6] == "Packages")
    codenames = sorted((row[1] for row in debian), key=len)
    if not codenames:
        raise UserError("apt knows no Debian mirror: apt-get update")
    codename = codenames[0]
    sources = [
        (address, f"{codename}{part}", component)
        for part in SUITE_PARTS
        for _, name, _, address, _, component, _ in debian
        if name == f"{codename}{part}" and component == "main"
    ]
    return sources, codename


def acquire_settings() -> str:
    """How apt fetches: proxies, certificates, checks; not which lists."""
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    lines = [
        line
        for line in told.stdout.splitlines()
        if line.startswith("Acquire::") and not line.startswith("Acquire::IndexTargets")
    ]
    return "".join(line + "\n" for line in lines if not line.endswith('"";'))


def registry_variables() -> dict[str, str]:
    """Of the environment: proxies, certificates, and pip's."""
    return {
        name: text
        for name, text in os.environ.items()
        if name.lower() in PROXIES or name in CERTIFICATES or name.startswith("PIP_")
    }


def pip_values() -> list[str]:
    """The values of all settings in pip's files."""
    values = []
    for file in (Path("/etc/pip.conf"), *(Path.home() / name for name in HOME_FILES[:2])):
        parser = configparser.RawConfigParser()
        parser.read(file)
        values += [text for section in parser.sections() for _, text in parser.items(section)]
    return values


def local(word: str) -> list[str]:
    """The path that a word of a setting names, or nothing. The pages of a package index
    that is a folder lead to files beside it: the folder around it counts."""
    if word.startswith("file:///"):
        around = os.path.dirname(unquote(word.removeprefix("file://")).rstrip("/"))
        return [around] if around != "/" else []
    return [word] if word.startswith("/") else []


def outermost(folders: list[str]) -> list[str]:
    """Those that lie in none of the others."""
    return [
        folder
        for folder in folders
        if not any(folder.startswith(other.rstrip("/") + "/") for other in folders)
    ]


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, if it exists, over what is there."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
