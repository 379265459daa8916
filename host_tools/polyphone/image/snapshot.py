"""What every core begins with, made once: see kernel/cpu/snapshot.h.

The linked kernel runs in a machine of one core, which puts its snapshot where the
image has room for one; from there it comes into the image.
"""

import os
import subprocess
from pathlib import Path

from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import layout
from polyphone.machine.console import Console, ConsoleError
from polyphone.machine.qemu import Machine, Setup


def add(linked: Board, image: Path) -> None:
    """Make `image` of the board's linked kernel. UserError if that does not start."""
    content = image.with_name("snapshot.bin")
    content.write_bytes(take(Setup(linked, cores=1)))
    unfinished = image.with_suffix(".new")
    command = [
        linked.compiler["prefix"] + "objcopy",
        *("--update-section", f".snapshot={content}"),
        *(str(linked.image), str(unfinished)),
    ]
    subprocess.run(command, check=True)
    os.replace(unfinished, image)


def take(setup: Setup) -> bytes:
    """What such a machine, whose image has none, keeps for each core to begin with."""
    log = setup.board.image.with_name("snapshot.log")
    with Machine(setup) as machine:
        try:
            Console(machine, log).expect_prompt()
        except ConsoleError as error:
            raise UserError(f"the kernel of {setup.board.name} does not start: {error}") from None
        start = layout.symbol(setup.board.image, "__snapshot_start")
        return machine.physical_memory(start, layout.kernel_bound("LAYOUT_SNAPSHOT"))
