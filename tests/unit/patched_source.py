"""MicroPython's source with the patches of this checkout, for tests of the patches:
made afresh, so that a test never runs on an older build/micropython."""

import re
import shutil
import subprocess
from pathlib import Path

from polyphone import paths

PATCHES = paths.KERNEL / "cpu" / "port" / "patches"


def make(target: Path, *parts: str) -> Path:
    """Copy these folders of the pristine source, and whatever else a patch changes, to `target`
    and patch them."""
    for part in parts:
        shutil.copytree(paths.UPSTREAM / part, target / part, symlinks=True)
    for patch in sorted(PATCHES.glob("*.patch")):
        for name in re.findall(r"^--- a/(\S+)", patch.read_text(), re.MULTILINE):
            if not (target / name).exists():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(paths.UPSTREAM / name, target / name)
        with patch.open() as content:
            subprocess.run(
                ["patch", "-p1", "--batch", "--forward", "--fuzz=0", "--quiet"],
                stdin=content,
                cwd=target,
                check=True,
            )
    return target
