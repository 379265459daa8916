"""What stands after an `@`: `@py(name="...")` is ours, others are somebody else's."""

import keyword

from polyphone.errors import similar
from polyphone.idl import syntax
from polyphone.idl.diagnostics import Report, Source
from polyphone.idl.names import TAKEN, VIEWS

PY = "py"
FOREIGN = ("ata",)  # Flounder's own; it says nothing about the wire


def py_name(report: Report, source: Source, metas: list[syntax.Meta]) -> str | None:
    """The name that @py chooses for Python, or None."""
    chosen = None
    for meta in metas:
        if meta.name.text == PY:
            if chosen is not None:
                report.error(source, meta.span, "there are two @py here")
            chosen = _name(report, source, meta)
        elif meta.name.text not in FOREIGN:
            report.warn(source, meta.name.span, f"'@{meta.name.text}' means nothing here",
                        similar(meta.name.text, [PY]))  # fmt: skip
    return chosen


def _name(report: Report, source: Source, meta: syntax.Meta) -> str | None:
    for key, value in meta.settings:
        if key.text != "name":
            report.error(source, key.span, f"@py has no setting '{key.text}'",
                         'it is written @py(name="...")')  # fmt: skip
            return None
        text = value.value if isinstance(value, syntax.Text) else getattr(value, "text", "")
        assert isinstance(text, str)
        if not text.isascii() or not text.isidentifier() or keyword.iskeyword(text):
            report.error(source, value.span, f"'{text}' is no name in Python")
            return None
        if text in TAKEN or text in VIEWS:
            report.error(source, value.span, f"'{text}' is a name that generated modules use")
            return None
        if text.startswith("_"):
            report.error(source, value.span,
                         f"'{text}': names that begin with '_' are reserved")  # fmt: skip
            return None
        return text
    report.error(source, meta.span, "@py says no name", 'it is written @py(name="...")')
    return None
