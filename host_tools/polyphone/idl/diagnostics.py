"""What is wrong with an interface file, and where: told as a modern compiler does.

A Diagnostic names a span of the text; `render` shows file, line and column, the line
itself, a caret under the span, and a hint where there is one.
"""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

TAB_COLUMNS = 4
LINE_MAX = 200  # characters of a source line that are shown


class Span(NamedTuple):
    """Characters from `start` up to `end` of a source text."""

    start: int
    end: int


class Source:
    """An interface file's name and text."""

    def __init__(self, name: str, text: str, path: Path | None = None) -> None:
        self.name = name  # as the user called it
        self.text = text
        self.path = path.resolve() if path else None
        self._starts = [0]
        for at, character in enumerate(text):
            if character == "\n":
                self._starts.append(at + 1)

    @property
    def folder(self) -> Path:
        """Where its imports are looked for."""
        return self.path.parent if self.path else Path()

    def line_of(self, at: int) -> int:
        """Line number, from 1."""
        return bisect.bisect_right(self._starts, at)

    def column_of(self, at: int) -> int:
        """Column number, from 1."""
        return at - self._starts[self.line_of(at) - 1] + 1

    def line(self, number: int) -> str:
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")


@dataclass(frozen=True)
class Diagnostic:
    """An error, or a warning, at a place."""

    source: Source
    span: Span
    message: str
    hint: str = ""
    warning: bool = False

    def render(self) -> str:
        source, (start, end) = self.source, self.span
        number = source.line_of(start)
        column = source.column_of(start)
        line = source.line(number)
        label = "warning" if self.warning else "error"
        margin = " " * len(str(number))
        before = line[: column - 1].expandtabs(TAB_COLUMNS)
        marked = line[column - 1 : column - 1 + max(end - start, 1)].expandtabs(TAB_COLUMNS)
        text = line.expandtabs(TAB_COLUMNS)[:LINE_MAX]
        lines = [
            f"{source.name}:{number}:{column}: {label}: {self.message}",
            f"{margin} |",
            f"{number} | {text}".rstrip(),
            f"{margin} | {' ' * len(before)}{'^' * max(len(marked), 1)}"[: LINE_MAX + 8],
        ]
        if self.hint:
            lines.append(f"{margin} = hint: {self.hint}")
        return "\n".join(lines) + "\n"


class InterfaceError(Exception):
    """An interface file has errors; the text shows all that were found."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = list(diagnostics)
        super().__init__("\n".join(found.render() for found in self.diagnostics))


@dataclass
class Report:
    """Collects what a pass finds, so that one run tells all mistakes."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, source: Source, span: Span, message: str, hint: str = "") -> None:
        self.found.append(Diagnostic(source, span, message, hint))

    def warn(self, source: Source, span: Span, message: str, hint: str = "") -> None:
        self.found.append(Diagnostic(source, span, message, hint, warning=True))

    @property
    def errors(self) -> list[Diagnostic]:
        return [found for found in self.found if not found.warning]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [found for found in self.found if found.warning]
