"""`poly idl`: what the options ask for, for each file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from polyphone.errors import UserError
from polyphone.idl.check import Checked, check
from polyphone.idl.describe import describe
from polyphone.idl.diagnostics import InterfaceError, Source
from polyphone.idl.emit import emit
from polyphone.idl.formatting import format_file
from polyphone.idl.parser import parse


def read(file: Path) -> Source:
    """A file as the compiler takes it."""
    try:
        return Source(str(file), file.read_text(encoding="utf-8"), file)
    except OSError as error:
        raise UserError(f"'{file}' cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"'{file}' is not UTF-8 text") from None


def compile_file(file: Path, types: Sequence[Path] = ()) -> Checked:
    """Check a file. Raises InterfaceError with all that is wrong, UserError if it is not there."""
    return check(read(file), [read(path) for path in types])


def module(file: Path) -> str | None:
    """The text of the module that is made of a file, None for one of types only. Raises as
    compile_file()."""
    interface = compile_file(file).interface
    return None if interface is None else emit(interface, file.name)


def run(options: argparse.Namespace, output: TextIO, errors: TextIO) -> int:
    """Do for all files what is asked for; 1 if one has a mistake."""
    status = 0
    for file in options.files:
        try:
            if options.format:
                output.write(format_file(parse(read(file))))
                continue
            checked = compile_file(file, options.types)
        except InterfaceError as error:
            print(error, file=errors)
            status = 1
            continue
        if not options.quiet:
            for warning in checked.report.warnings:
                print(warning.render(), file=errors)
        _result(options, file, checked, output)
    return status


def _result(options: argparse.Namespace, file: Path, checked: Checked, output: TextIO) -> None:
    if checked.interface is None:
        if options.describe or options.folder:
            raise UserError(f"'{file}' has types only, no interface")
    elif options.describe:
        output.write(describe(checked.interface))
    elif options.folder:
        path = options.folder / f"{checked.interface.py_name}.py"
        try:
            options.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(emit(checked.interface, file.name), encoding="utf-8")
        except OSError as error:
            raise UserError(f"'{path}' cannot be written: {error.strerror}") from None


def main(options: argparse.Namespace) -> int:
    return run(options, sys.stdout, sys.stderr)
