"""The one error that a user can mend: the command line prints it without a traceback;
and the hint that many of them have."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something given from outside is wrong; the text says what, and what would be right."""


def similar(name: str, names: Iterable[str]) -> str:
    """A hint that names what was probably meant, or ""."""
    known = list(names)
    folded = [other for other in known if other.lower() == name.lower()]
    close = folded or difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else ""
