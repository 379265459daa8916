"""Goal: addresses in a panic report get their function, file and line, and nothing else
does. Method: a small ELF compiled here, for both architectures and DWARF versions."""

import subprocess
from pathlib import Path

import pytest

from polyphone import symbolize
from polyphone.symbolize import Symbols

SOURCE = """int first(int x) {
    return x + 1;
}
int second(int x) {
    int sum = first(x);
    return sum * 3;
}
void _start(void) { second(1); }
int table[4] = {1, 2, 3, 4};
"""
COMPILERS = ["riscv64-unknown-elf-gcc", "aarch64-linux-gnu-gcc"]


@pytest.fixture(scope="module", params=[(name, dwarf) for name in COMPILERS for dwarf in (4, 5)])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler, dwarf = request.param
    folder = tmp_path_factory.mktemp("elf")
    (folder / "small.c").write_text(SOURCE)
    command = [compiler, f"-gdwarf-{dwarf}", "-O0", "-nostdlib", "-static", "-no-pie", "small.c"]
    if "riscv" in compiler:
        command.remove("-no-pie")
    subprocess.run([*command, "-o", "small.elf"], cwd=folder, check=True)
    return folder / "small.elf"


def address(image: Path, name: str) -> int:
    listing = subprocess.run(["nm", image], capture_output=True, text=True, check=True).stdout
    return next(
        int(line.split()[0], 16) for line in listing.splitlines() if line.split()[2] == name
    )


def test_addresses_in_code_get_function_and_line(image: Path) -> None:
    symbols = Symbols(image)
    assert symbols.describe(address(image, "first")) == "first small.c:1"
    start = address(image, "second")
    assert symbols.describe(start) == "second small.c:4"
    assert symbols.describe(start + 4, is_return=False) == "second+0x4 small.c:4"


def test_a_return_address_names_its_call(image: Path) -> None:
    symbols = Symbols(image)
    start, end = address(image, "second"), address(image, "_start")
    calls = {symbols.describe(at, is_return=True) for at in range(start + 2, end, 2)}
    lines = {text.rsplit(":", 1)[1] for text in calls if text}
    assert {"5", "6"} <= lines
    # One past the end of a function is where its last call returns to.
    assert (symbols.describe(end, is_return=True) or "").startswith("second+")


def test_other_numbers_get_nothing(image: Path) -> None:
    symbols = Symbols(image)
    assert symbols.describe(0) is None
    assert symbols.describe(address(image, "table")) is None
    assert symbols.describe(0xFFFF_FFFF_FFFF_FFFF) is None


def report(image: Path) -> str:
    return (
        "*** core 2 (generation 0) panic: store to an unmapped or protected page\n"
        f"  pc {address(image, 'second'):#x} sp 0xc0060000 address 0x0\n"
        f"  ra {address(image, 'second') + 8:#x} a0 0x5\n"
        f"  stack: {address(image, 'first') + 4:#x} 0x12345678\n"
        "  Python traceback (most recent call last):\n"
        '    File "x.py", line 1, in <module>\n'
        "*** end\n"
    )


def test_a_report_is_annotated_below_its_lines(image: Path) -> None:
    text = f"hello {address(image, 'first'):#x}\n" + report(image) + "poly> \n"
    lines = symbolize.annotate(text, Symbols(image)).splitlines()
    notes = [line for line in lines if line.startswith("      ")]
    assert [note.split()[0] for note in notes] == ["pc", "ra", "stack"]
    assert notes[0].endswith("second small.c:4")
    assert notes[2].split()[2].startswith("first+0x4")
    assert [line for line in lines if line not in notes] == text.splitlines()


def test_reports_are_found_in_a_log_even_cut_off(image: Path) -> None:
    whole = report(image)
    cut = "\n".join(whole.splitlines()[:3])
    assert symbolize.reports("boot\n" + whole + "more\n" + cut) == [whole.rstrip(), cut]
    assert symbolize.reports("nothing here") == []
