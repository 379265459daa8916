"""The writer of the boot block, whose reader is kernel/cpu/boot.h; a unit test holds
the two together."""

import json
import struct
from dataclasses import astuple, dataclass, field
from typing import Any

from polyphone.errors import UserError

MAGIC = 0x594C4F50
VERSION = 2
BLOCK_BYTES = 16384
# Flags.
EXIT_ON_PANIC = 1  # a panic of core 0 ends the machine with status 255
INPUT_FRAMED = 2  # the serial line's input has an end: machine/feed.py
INPUT_IS_DATA = 4  # it is for programs, and no byte of it means Ctrl-C
INPUT_ENDED = 8  # there is none
# `struct boot_block` up to `arguments`, in its order.
FIELDS = struct.Struct("<IIII QQ QQ QQ III")
ARGUMENTS_MAX = BLOCK_BYTES - FIELDS.size  # bytes of JSON


@dataclass(frozen=True)
class BootBlock:
    """What the cores are told; addresses are physical."""

    core_count: int
    spin_us: int
    private_base: int
    private_bytes: int
    shared_base: int
    shared_bytes: int
    romfs_base: int
    romfs_bytes: int
    flags: int = 0
    seed: int = 0  # of delays at random; 0: there are none
    arguments: dict[str, Any] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The block's bytes. UserError if the arguments have no room in it."""
        text = json.dumps(self.arguments, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) > ARGUMENTS_MAX:
            raise UserError(
                f"the boot arguments take {len(text)} bytes, there is room for {ARGUMENTS_MAX}"
            )
        *numbers, flags, seed, _ = astuple(self)
        return FIELDS.pack(MAGIC, VERSION, *numbers, len(text), flags, seed) + text
