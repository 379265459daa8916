"""Goal: the documents name what exists, and all that they are to list. Method: their code
spans and tables against the files, tables and constants of the project."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyphone import environment, paths
from polyphone.bench import figures

USERS = paths.ROOT / "README.md"
MAINTAINERS = paths.KERNEL / "README.md"
TESTS = paths.ROOT / "tests"
DOCUMENTS = [USERS, MAINTAINERS, TESTS / "README.md", TESTS / "model" / "README.md"]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
ENDINGS = "py pyi c h S ld md toml txt patch ini pml if"
FILE = re.compile(rf"[\w.<>-]+\.({'|'.join(ENDINGS.split())})|Makefile")
FOLDER = re.compile(r"[\w.<>-]+(/[\w.<>-]+)*/")
# Made by users, by the build or by tools; not in a fresh checkout.
MADE = ("build/", "apps/")
KERNEL_SOURCES = ("*.c", "*.h", "*.S", "*.ld", "*.py", "*.pyi", "*.patch", "*.if")


def spans(document: Path) -> list[str]:
    return SPAN.findall(FENCED.sub("", document.read_text()))


def named_paths(document: Path) -> Iterator[str]:
    for span in spans(document):
        last = span.rpartition("/")[2]
        if (FOLDER.fullmatch(span) or FILE.fullmatch(last)) and " " not in span:
            if not span.startswith(MADE):
                yield span


def exists(name: str, document: Path) -> bool:
    """Seen from the project's folder or the document's; `<board>` stands for any. A file's
    name alone: anywhere below the document's folder."""
    wildcard = re.sub(r"<\w+>", "*", name).rstrip("/")
    if any(any(folder.glob(wildcard)) for folder in (paths.ROOT, document.parent)):
        return True
    return "/" not in name and document != USERS and any(document.parent.rglob(wildcard))


def rows(document: Path) -> list[list[str]]:
    """The cells of all rows of all tables."""
    lines = FENCED.sub("", document.read_text()).splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(paths.ROOT)))
def test_paths_that_a_document_names_exist(document: Path) -> None:
    named = list(named_paths(document))
    assert named
    assert [name for name in named if not exists(name, document)] == []


def test_a_path_that_does_not_exist_is_found_out() -> None:
    assert exists("kernel/cpu/arch.h", USERS) and exists("cpu/arch.h", MAINTAINERS)
    assert exists("boards/<board>/board.toml", USERS)
    assert not exists("cpu/no_such.h", MAINTAINERS) and not exists("no_such/", USERS)


def test_the_reading_order_has_every_source_of_the_kernel() -> None:
    named = {(paths.KERNEL / name).resolve() for name in named_paths(MAINTAINERS)}
    # Each patch stands with its reason in the section on changes to MicroPython.
    named |= {paths.KERNEL / "cpu/port/patches" / name for name in spans(MAINTAINERS)}
    sources = {file for kind in KERNEL_SOURCES for file in paths.KERNEL.rglob(kind)}
    packages = {
        file for file in sources if file.name == "__init__.py" and "poly" not in file.parts
    }
    missing = sources - packages - named
    assert sorted(str(file.relative_to(paths.KERNEL)) for file in missing) == []


def test_the_messages_of_monitors_are_those_of_the_code() -> None:
    listed = {(cells[1].strip("`"), cells[0]) for cells in rows(MAINTAINERS) if cells[0].isdigit()}
    assert listed == {(name, str(kind)) for name, kind in message_kinds().items()}


def message_kinds() -> dict[str, int]:
    """The kinds in servers/messages.py: assignments of numbers from 1 to KINDS - 1."""
    found: dict[str, int] = {}
    source = (paths.KERNEL / "servers/messages.py").read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(target, ast.Tuple) else [value]
            for name, constant in zip(names, values, strict=True):
                assert isinstance(name, ast.Name)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, int):
                    found[name.id] = constant.value
    kinds = found["KINDS"]
    numbered = {name: number for name, number in found.items() if 0 < number < kinds}
    assert sorted(numbered.values()) == list(range(1, kinds))
    return numbered


def test_every_kind_of_message_has_bounds_of_its_length() -> None:
    space: dict[str, Any] = {}
    exec((paths.KERNEL / "servers/messages.py").read_text(), space)
    assert len(space["LEAST"]) == len(space["MOST"]) == space["KINDS"]
    assert all(least <= most for least, most in zip(space["LEAST"], space["MOST"], strict=True))
    limits: dict[str, Any] = {}
    exec((paths.KERNEL / "poly/limits.py").read_text(), limits)
    status_is, run, input_ = space["STATUS_IS"], space["RUN"], space["INPUT"]
    assert space["MOST"][run] == limits["RUN_BYTES"]
    assert space["MOST"][input_] == limits["INPUT_BYTES"]
    status_bytes = space["STATUS_BYTES"] + limits["NAME_BYTES"]
    assert space["LEAST"][status_is] == space["MOST"][status_is] == status_bytes


# --- figures -----------------------------------------------------------------------


def figure_rows() -> dict[str, dict[str, str]]:
    """The README's table of figures: name -> its other columns by their titles."""
    table = rows(USERS)
    start = next(at for at, cells in enumerate(table) if cells[0] == "figure")
    titles = table[start]
    found = {}
    for cells in table[start + 2 :]:
        if len(cells) != len(titles):
            break
        found[cells[0].strip("`")] = dict(zip(titles[1:], cells[1:], strict=True))
    return found


FREE = ", if two host CPUs are free"
BOUND = re.compile(rf"(?P<sense>[a-z ]+) (?P<limit>[\d.,]+)(?: x `(?P<of>\w+)`)?(?P<free>{FREE})?")


def test_the_figures_of_the_readme_have_the_bounds_that_are_checked() -> None:
    listed = {}
    for name, columns in figure_rows().items():
        bound = BOUND.fullmatch(columns["bound"])
        assert bound, f"{name}: {columns['bound']}"
        limit = float(bound["limit"].replace(",", ""))
        listed[name] = (bound["sense"], limit, bound["of"], bool(bound["free"]))
    assert listed == {
        name: (bound.sense.value, bound.limit, bound.of, bool(bound.free))
        for name, bound in figures.BOUNDS.items()
    }


# --- make --------------------------------------------------------------------------


def test_every_target_is_in_the_help_of_make() -> None:
    help_text = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = set(re.findall(r"^make ([\w-]+)", help_text, re.MULTILINE))
    makefile = (paths.ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):(?!=)", makefile, re.MULTILINE))
    assert listed == targets - {"help", "ready"}
    # That the README shows this text is tested in machine/test_readme.py.
    named = {span.split()[1] for span in spans(USERS) if re.match(r"make \w", span)}
    assert named <= targets


def test_builds_of_others_get_none_of_our_variables() -> None:
    makefile = (paths.ROOT / "Makefile").read_text()
    ours = set(re.findall(r"^(\w+)\s*\?=", makefile, re.MULTILINE))
    assert ours and not ours & set(environment.KEPT)
