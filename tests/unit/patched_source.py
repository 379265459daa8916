"""MicroPython's source with the patches of this checkout, for tests of the patches:
made afresh, so that a test never runs on an older build/micropython."""

import shutil
import subprocess
from pathlib import Path

from polyphone import paths

PATCHES = paths.KERNEL / "cpu" / "port" / "patches"


def make(target: Path, *parts: str) -> Path:
    """Copy these folders of the pristine source to `target` and patch them."""
    for part in parts:
        shutil.copytree(paths.UPSTREAM / part, target / part, symlinks=True)
    for patch in sorted(PATCHES.glob("*.patch")):
        with patch.open() as content:
            subprocess.run(
                ["patch", "-p1", "--batch", "--forward", "--fuzz=0", "--quiet"],
                stdin=content,
                cwd=target,
                check=True,
            )
    return target
