"""Goal: the boot block's writer and kernel/cpu/boot.h agree. Method: a C program that
includes the header reads what Python wrote and prints every field."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from polyphone import paths
from polyphone.errors import UserError
from polyphone.image import boot_block
from polyphone.image.boot_block import BootBlock

HEADER = paths.KERNEL / "cpu" / "boot.h"
BLOCK = BootBlock(
    core_count=3,
    spin_us=20,
    private_base=0x1_8300_0000,
    private_bytes=0x1_0000_0000,
    shared_base=0x2_8100_0000,
    shared_bytes=0x20_0000,
    romfs_base=0x3_80A0_0000,
    romfs_bytes=0x1234,
    flags=5,
    seed=0xFEDC_BA98,
    arguments={"exec": "cat 'ä\"'; ps"},
)


def fields() -> list[str]:
    """The struct's members, in the header's order."""
    body = re.search(r"struct boot_block \{(.*?)\};", HEADER.read_text(), re.DOTALL)
    assert body
    return re.findall(r"uint\d+_t (\w+);", body.group(1))


def test_c_reads_what_python_wrote(tmp_path: Path) -> None:
    prints = "\n".join(f'printf("{name} %llu\\n", (unsigned long long)b->{name});'
                       for name in fields())  # fmt: skip
    program = tmp_path / "read.c"
    program.write_text(f"""
        #include <stdio.h>
        #include "boot.h"
        static char bytes[BOOT_BLOCK_BYTES] __attribute__((aligned(8)));
        int main(void) {{
            fread(bytes, 1, sizeof bytes, stdin);
            struct boot_block *b = (struct boot_block *)bytes;
            printf("BOOT_MAGIC %u\\nBOOT_VERSION %u\\n", BOOT_MAGIC, BOOT_VERSION);
            printf("BOOT_BLOCK_BYTES %u\\n", BOOT_BLOCK_BYTES);
            printf("BOOT_EXIT_ON_PANIC %u\\n", BOOT_EXIT_ON_PANIC);
            {prints}
            printf("text %.*s\\n", (int)b->arguments_bytes, b->arguments);
        }}""")
    command = ["gcc", "-I", str(HEADER.parent), str(program), "-o", str(tmp_path / "read")]
    subprocess.run(command, check=True)
    output = subprocess.run(
        [tmp_path / "read"], input=BLOCK.pack(), capture_output=True, check=True
    )
    read = dict(line.split(" ", 1) for line in output.stdout.decode().splitlines())

    assert json.loads(read.pop("text")) == BLOCK.arguments
    assert int(read["magic"]) == int(read.pop("BOOT_MAGIC")) == boot_block.MAGIC
    assert int(read["version"]) == int(read.pop("BOOT_VERSION")) == boot_block.VERSION
    assert int(read.pop("BOOT_BLOCK_BYTES")) == boot_block.BLOCK_BYTES
    ours = {name: getattr(BLOCK, name) for name in read if hasattr(BLOCK, name)}
    assert int(read.pop("BOOT_EXIT_ON_PANIC")) == boot_block.EXIT_ON_PANIC
    assert len(ours) == 10
    assert {name: int(read[name]) for name in ours} == ours


def test_arguments_that_just_fit_fit_and_one_more_byte_does_not() -> None:
    room = boot_block.BLOCK_BYTES - boot_block.FIELDS.size
    base = len(json.dumps({"exec": ""}, separators=(",", ":")))

    def block(length: int) -> BootBlock:
        return BootBlock(1, 0, 0, 0, 0, 0, 0, 0, arguments={"exec": "x" * length})

    assert len(block(room - base).pack()) == boot_block.BLOCK_BYTES
    with pytest.raises(UserError, match=f"take {room + 1} bytes, there is room for {room}"):
        block(room - base + 1).pack()
