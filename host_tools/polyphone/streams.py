"""Standard streams of a command that may be full or gone: build/venv/bin/poly opens those that are
closed, these are for the others."""

import errno
import io
import os
import sys

# What the host's files and folders may do to us; all else is a mistake of ours.
HOST_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
               errno.EIO)  # fmt: skip


class Forgiving(io.FileIO):
    """A file for what is said meanwhile: a write that fails is no reason to stop."""

    def write(self, part: object) -> int:
        try:
            return super().write(part)  # type: ignore[arg-type]
        except OSError:
            return len(part)  # type: ignore[arg-type]


def forgive_stderr() -> None:
    """From now on the process's error stream is Forgiving."""
    if sys.stderr is sys.__stderr__:
        file = Forgiving(2, "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            file,
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )


def forget_output() -> None:
    """What is still to be written to standard output goes nowhere, at exit too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
