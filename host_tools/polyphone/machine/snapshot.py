"""What every core begins with, made once: see kernel/cpu/snapshot.h.

The linked kernel runs in a machine of one core, which puts its snapshot where the
image has room for one; from there it comes into the image.
"""

import os
import re
import subprocess
from contextlib import closing
from pathlib import Path

from polyphone import symbolize
from polyphone.board import Board
from polyphone.errors import UserError
from polyphone.image import layout
from polyphone.machine.console import PROMPT, Console, ConsoleError
from polyphone.machine.qemu import Machine, Setup

UP_OR_NOT = f"{re.escape(PROMPT)}|{symbolize.END.pattern}"  # or the end of a panic report


def add(linked: Board, image: Path) -> None:
    """Make `image` of the board's linked kernel. UserError if that does not start."""
    content = image.with_name("snapshot.bin")
    content.write_bytes(take(Setup(linked, cores=1), image.with_name("snapshot.log")))
    unfinished = image.with_suffix(".new")
    objcopy = linked.compiler["prefix"] + "objcopy"
    section = f".snapshot={content}"
    try:
        subprocess.run(
            [objcopy, "--update-section", section, linked.image, unfinished], check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"{linked.name}: no image was made: {error}") from None
    os.replace(unfinished, image)


def take(setup: Setup, log: Path) -> bytes:
    """What such a machine, whose image has none, keeps for each core to begin with. `log`
    records its console. UserError if it does not come up."""
    with Machine(setup) as machine, closing(Console(machine, log)) as console:
        try:
            console.expect(UP_OR_NOT, what="prompt")
            if console.matched.group() != PROMPT:
                console.fail("it panicked")
        except ConsoleError as error:
            problem = f"the kernel of {setup.board.name} does not start; make debug shows it"
            raise UserError(f"{problem}: {error}") from None
        start = layout.symbol(setup.board.image, "__snapshot_start")
        return machine.physical_memory(start, layout.kernel_bound("LAYOUT_SNAPSHOT"))
