"""The environment of the programs that we start: settings that a user has for work of his own
(CFLAGS, MAKEFLAGS, PYTHONPATH, GREP_OPTIONS, ...) do not reach them."""

import os

from polyphone import paths

# A program's way, a place for its files, and a terminal; no setting of a tool.
KEPT = ("PATH", "HOME", "TMPDIR", "TERM", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH")
LOCALE = {"LC_ALL": "C.UTF-8"}  # messages that we read are in English


def plain(**more: str) -> dict[str, str]:
    """What a program gets that depends on nothing but its arguments, and `more`."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    # A Python that we start leaves nothing beside the files that it runs.
    cache = {"PYTHONPYCACHEPREFIX": str(paths.BUILD / "cache" / "python")}
    return {"PATH": os.defpath, **kept, **LOCALE, **cache, **more}
