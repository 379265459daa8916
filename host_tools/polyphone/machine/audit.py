"""What the page tables of a running machine's cores allow, against the rules of the memory map.

    faults(machine)                    what breaks a rule, as sentences; none is good
    faults(machine, held={0: [(offset, length)], ...})    regions of arenas that cores hold

The tables are read out of the machine's RAM, and QEMU is asked to translate an address
of each kind by what the core itself uses.
"""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyphone.errors import UserError
from polyphone.image import layout
from polyphone.image.boot_block import BLOCK_BYTES
from polyphone.image.layout import CONTROL_BYTES, MESH_BYTES, PAGE_BYTES, REPORT_BYTES
from polyphone.machine.qemu import Machine

ENTRIES = 512
LEVELS = 3
# Of board.toml's devices those that are mapped, on core 0 if not on all.
DEVICE_BYTES = {
    "uart": PAGE_BYTES,
    "exit": PAGE_BYTES,
    "plic": 0x21_0000,
    "sswi": PAGE_BYTES,
    "clint": PAGE_BYTES,
    "gic_distributor": 0x1_0000,
    "gic_redistributor": 64 * 0x2_0000,
}
DEVICES_OF_ALL = ("sswi", "clint")  # with which every core rings and restarts
TRANSLATED = re.compile(r"gpa: (0x[0-9a-f]+)")
Held = Mapping[int, Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Leaf:
    """A page or a block of pages that a core's tables map."""

    virtual: int
    physical: int
    length: int
    rights: str  # of "rwx"

    def __str__(self) -> str:
        return f"{self.virtual:#x} + {self.length:#x} -> {self.physical:#x} {self.rights}"


@dataclass(frozen=True)
class Entry:
    """An entry of a table: none, the next table, or a leaf with rights."""

    valid: bool
    table: bool = False
    address: int = 0
    rights: str = ""


def riscv_entry(word: int, level: int) -> Entry:
    """Of Sv39."""
    address = (word >> 10 & (1 << 44) - 1) << 12
    rights = "".join(name for bit, name in ((2, "r"), (4, "w"), (8, "x")) if word & bit)
    return Entry(bool(word & 1), not rights, address, rights)


def arm64_entry(word: int, level: int) -> Entry:
    """Of a granule of 4 KiB, at EL1, which reads all that it maps."""
    address = word & 0xFFFF_FFFF_F000
    if word & 2 and level < LEVELS - 1:
        return Entry(bool(word & 1), True, address)
    write, execute = not word & 1 << 7, not word & 1 << 53
    return Entry(bool(word & 1), False, address, "r" + "w" * write + "x" * execute)


DECODERS = {"riscv": riscv_entry, "arm64": arm64_entry}


def leaves(machine: Machine, core: int) -> Iterator[Leaf]:
    """All that a core's page tables map. UserError if a table lies outside their place."""
    decode = DECODERS[machine.setup.board.arch]
    base = machine.layout.private_base + core * machine.layout.private_bytes
    pool = machine.physical_memory(base, layout.kernel_bound("LAYOUT_TABLES"))

    def walk(table: int, level: int, virtual: int) -> Iterator[Leaf]:
        if not PAGE_BYTES <= table - base <= len(pool) - PAGE_BYTES:
            raise UserError(f"core {core} has a page table at {table:#x}, outside its own")
        span = PAGE_BYTES * ENTRIES ** (LEVELS - 1 - level)
        for index, word in enumerate(struct.unpack_from(f"<{ENTRIES}Q", pool, table - base)):
            entry = decode(word, level)
            at = virtual + index * span
            if entry.valid and entry.table:
                yield from walk(entry.address, level + 1, at)
            elif entry.valid:
                yield Leaf(at, entry.address, span, entry.rights)

    return walk(base + PAGE_BYTES, 0, 0)


@dataclass(frozen=True)
class Rule:
    """A range of virtual memory, the memory behind it, and what a core may do there."""

    name: str
    virtual: int
    physical: int
    length: int
    rights: str
    needed: bool = True  # the whole of it is mapped, or any part may be

    def has(self, leaf: Leaf) -> bool:
        """Whether the leaf maps a part of it, and that to the right part of memory."""
        offset = leaf.virtual - self.virtual
        return 0 <= offset <= self.length - leaf.length and leaf.physical == self.physical + offset


def rules(machine: Machine, core: int, held: Sequence[tuple[int, int]]) -> list[Rule]:
    """What a core may map: kernel/cpu/layout.h in the words of this machine."""
    return [
        *image_rules(machine),
        *private_rules(machine, core),
        *shared_rules(machine, core, held),
        *device_rules(machine, core),
    ]


def image_rules(machine: Machine) -> Iterator[Rule]:
    image, place = machine.setup.board.image, machine.layout
    for name, part, rights in (("text", "text", "rx"), ("constants", "rodata", "r")):
        start = layout.symbol(image, f"__{part}_start")
        yield Rule(name, start, start, layout.symbol(image, f"__{part}_end") - start, rights)
    romfs = layout.round_up(place.romfs_bytes, PAGE_BYTES)
    yield Rule("ROMFS", layout.kernel_bound("LAYOUT_ROMFS"), place.romfs_base, romfs, "r")
    boot = layout.kernel_bound("LAYOUT_BOOT")
    yield Rule("boot block", boot, place.boot_block, BLOCK_BYTES, "r")


def private_rules(machine: Machine, core: int) -> Iterator[Rule]:
    """Private RAM of the core, without a page below each stack."""
    start = layout.kernel_bound("LAYOUT_PRIVATE")
    end = start + machine.layout.private_bytes
    physical = machine.layout.private_base + core * machine.layout.private_bytes - start
    guards = [
        layout.symbol(machine.setup.board.image, name) - PAGE_BYTES
        for name in ("__trap_stack_bottom", "__stack_bottom")
    ]
    for first, last in zip([start, *(guard + PAGE_BYTES for guard in guards)], [*guards, end],
                           strict=True):  # fmt: skip
        yield Rule("private memory", first, physical + first, last - first, "rw")


def shared_rules(machine: Machine, core: int, held: Sequence[tuple[int, int]]) -> Iterator[Rule]:
    cores = machine.setup.cores
    start, physical = layout.kernel_bound("LAYOUT_SHARED"), machine.layout.shared_base

    def rule(name: str, offset: int, length: int, rights: str, needed: bool = True) -> Rule:
        return Rule(name, start + offset, physical + offset, length, rights, needed)

    yield rule("control pages", 0, cores * CONTROL_BYTES, "rw")
    reports = cores * CONTROL_BYTES
    for other in range(cores):
        if core in (0, other):
            rights = "rw" if other == core else "r"
            yield rule("report", reports + other * REPORT_BYTES, REPORT_BYTES, rights)
    meshes = reports + cores * REPORT_BYTES
    for high in range(cores):
        for low in range(high):
            if core in (low, high):  # a link is opened when it is first used
                page = meshes + (high * (high - 1) // 2 + low) * MESH_BYTES
                yield rule(f"mesh page of {low} and {high}", page, MESH_BYTES, "rw", False)
    for offset, length in held:
        yield rule("region that it holds", offset, length, "rw")


def device_rules(machine: Machine, core: int) -> Iterator[Rule]:
    board = machine.setup.board
    for name, base in [("uart", board.console["uart"]), *board.devices.items()]:
        if name in DEVICE_BYTES and (core == 0 or name in DEVICES_OF_ALL):
            yield Rule(f"device {name}", base, base, DEVICE_BYTES[name], "rw")
    slot = board.console_slot(core)
    if slot is not None:
        console = board.virtio["base"] + slot * board.virtio["stride"]
        yield page_rule("its console", console)
        if core and "plic" in board.devices:
            yield page_rule("its interrupts", board.devices["plic"] + plic_context(core))


def plic_context(core: int) -> int:
    """Where in the interrupt controller a core takes its own interrupts."""
    return 0x20_0000 + (2 * core + 1) * PAGE_BYTES


def page_rule(name: str, address: int) -> Rule:
    """Of the page that a register of a device is in."""
    page = address // PAGE_BYTES * PAGE_BYTES
    return Rule(name, page, page, PAGE_BYTES, "rw")


def faults(machine: Machine, held: Held | None = None) -> list[str]:
    """What any core's tables allow beyond the rules, or lack; page by page where it matters."""
    found = []
    for core in range(machine.setup.cores):
        mapped = list(leaves(machine, core))
        allowed = rules(machine, core, (held or {}).get(core, ()))
        found += [f"core {core}: {text}" for text in core_faults(machine, mapped, allowed)]
        found += [f"core {core}: {text}" for text in translation_faults(machine, core, mapped)]
    return found


def core_faults(machine: Machine, mapped: list[Leaf], allowed: list[Rule]) -> Iterator[str]:
    covered = {rule: 0 for rule in allowed}
    for leaf in mapped:
        rule = next((rule for rule in allowed if rule.has(leaf)), None)
        if rule is None:
            yield f"{leaf} is {owner(machine, leaf)}"
            continue
        covered[rule] += leaf.length
        if leaf.rights != rule.rights:
            yield f"{leaf} is {rule.name}, which is {rule.rights}"
    for rule, length in covered.items():
        if rule.needed and length != rule.length:
            yield f"{rule.name} at {rule.virtual:#x}: {length} of {rule.length} bytes are mapped"


def owner(machine: Machine, leaf: Leaf) -> str:
    """Whose memory a leaf maps that it must not."""
    place = machine.layout
    core, rest = divmod(leaf.physical - place.private_base, place.private_bytes)
    if 0 <= core < machine.setup.cores:
        return f"core {core}'s private memory"
    if 0 <= leaf.physical - place.shared_base < place.shared_bytes:
        return "a region that it does not hold"
    return "nothing that it may map"


def translation_faults(machine: Machine, core: int, mapped: list[Leaf]) -> Iterator[str]:
    """Where the tables that the core really uses say something else than those that were read."""
    samples = {leaf.virtual >> 24: leaf for leaf in mapped}.values()
    lines = [(f"gva2gpa {leaf.virtual:#x}", core) for leaf in samples]
    for leaf, answer in zip(samples, machine.monitor_commands(lines), strict=True):
        match = TRANSLATED.search(answer)
        if match is None or int(match[1], 16) != leaf.physical:
            yield f"{leaf}, but it translates to: {answer.strip()}"
