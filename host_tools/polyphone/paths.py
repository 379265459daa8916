"""Where things are in a checkout. Everything generated is below BUILD."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "boards"
BUILD = ROOT / "build"
KERNEL = ROOT / "kernel"
UPSTREAM = BUILD / "upstream"  # MicroPython's source as released
MICROPYTHON = BUILD / "micropython"  # the same with our patches: what images are built from
PYTHON = Path(sys.executable)


def board_build(board_name: str) -> Path:
    """The folder of everything that is generated for one board."""
    return BUILD / board_name
