"""Goal: no core can reach what is not its own; who tries is named, and alone gone.
Method: probes of every page from every core (cpu.probe); an audit of every core's page tables
from outside; real crimes, a core each. All of it must find a build without protection guilty.

"Every page of another core's private memory" is two things. Its frames at their physical
addresses: that is where they would be if anything mapped RAM one to one, and each is probed.
And under whatever other address: no entry of any table maps them, which the audit shows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from holding import APPS

from polyphone import build
from polyphone.board import Board
from polyphone.image import layout
from polyphone.machine import audit
from polyphone.machine.console import Console, CoreRepl
from polyphone.machine.qemu import Machine, Mode, Setup

CORES = 4
PAGE = layout.PAGE_BYTES
PRIVATE, SHARED = 0xC0000000, 0xE0000000
PRIVATE_MAX, TABLE_SPAN = 0x20000000, 0x200000
PLACES = 100  # a line of the shell has so much room for ranges

NEVER_RESTART = {"restart": {"intensity": 0}}
UNMAPPED = "an unmapped or protected page"
VERBS = ("load from", "store to", "jump to")
MADE = tuple(f"went through: {access}" for access in range(3))


class Range(NamedTuple):
    """Pages that a core probes, and what must come of it."""

    start: int
    count: int
    stride: int
    place: str
    allowed: str = ""  # of "rwx"

    def expected(self) -> dict[str, int]:
        return {
            made if right in self.allowed else f"{verb} {UNMAPPED} ({self.place})": self.count
            for verb, made, right in zip(VERBS, MADE, "rwx", strict=True)
        }

    def __str__(self) -> str:
        return f"{self.start:x}:{self.count:x}:{self.stride:x}"


def pages(start: int, length: int, place: str, allowed: str = "") -> Range:
    return Range(start, length // PAGE, PAGE, place, allowed)


def frames(machine: Machine) -> Iterator[Range]:
    """Of all private memory; a core has its own at another address too."""
    place = machine.layout
    for owner in range(machine.setup.cores):
        start = place.private_base + owner * place.private_bytes
        yield pages(start, place.private_bytes, f"core {owner}'s private memory")


def all_else(machine: Machine, core: int) -> Iterator[Range]:
    """What an idle core must not reach, and its own to see that a probe can succeed."""
    place, board = machine.layout, machine.setup.board
    text, text_end, constants, constants_end = (
        layout.symbol(board.image, name)
        for name in ("__text_start", "__text_end", "__rodata_start", "__rodata_end")
    )
    yield pages(0, PAGE, "page zero")
    yield pages(text, text_end - text, "the text", "rx")
    yield pages(constants, constants_end - constants, "a constant", "r")
    yield pages(place.shared_base, place.shared_bytes, "physical address of the shared window")
    yield pages(SHARED, machine.setup.cores * PAGE, "shared region", "rw")
    arenas, _ = arena(machine, 0)
    not_held = "shared region, not held"
    yield pages(SHARED + arenas, place.shared_bytes - arenas, not_held)
    end = PRIVATE + place.private_bytes
    beyond = "beyond this core's private memory"
    yield pages(end, TABLE_SPAN, beyond)  # then one page of each table: the audit has all
    yield Range(end, (PRIVATE + PRIVATE_MAX - end) // TABLE_SPAN, TABLE_SPAN, beyond)
    heap = layout.symbol(board.image, "__heap_start")
    yield pages(heap, end - heap, "this core's private memory", "rw")
    for name in ("__stack_bottom", "__trap_stack_bottom"):
        guard = "guard below the " + ("trap stack" if "trap" in name else "stack")
        start = layout.symbol(board.image, name) - PAGE
        yield pages(start, PAGE, guard if "trap" in name else "stack overflow: " + guard)
    if core:
        yield pages(board.console["uart"], PAGE, "core 0's device: the console's UART")
        for name, base, length in OWNED.get(board.arch, ()):
            yield pages(board.devices[base], length, f"core 0's device: {name}")
        slot = board.console_slot(0)
        assert slot is not None
        console = board.virtio["base"] + slot * board.virtio["stride"]
        yield pages(console, PAGE, "core 0's console")


OWNED = {
    "riscv": (("the machine's exit", "exit", PAGE),
              # Not all of it: from 0x200000 on each core has a page of its own.
              ("the interrupt controller", "plic", 0x200000)),
    "arm64": (("the interrupt distributor", "gic_distributor", 0x10000),
              ("the interrupt redistributors", "gic_redistributor", 0x20000 * CORES)),
}  # fmt: skip


def arena(machine: Machine, core: int) -> tuple[int, int]:
    """(offset, length) in the shared window, as kernel/cpu/shared.c has it."""
    cores = machine.setup.cores
    start = cores * (PAGE + layout.REPORT_BYTES) + cores * (cores - 1) // 2 * PAGE
    length = (machine.layout.shared_bytes - start) // cores // PAGE * PAGE
    return start + core * length, length


def batches(ranges: list[Range]) -> Iterator[list[Range]]:
    batch: list[Range] = []
    for one in ranges:
        if batch and len(" ".join(map(str, [*batch, one]))) > PLACES:
            yield batch
            batch = []
        batch.append(one)
    yield batch


def probe(shell: Console, core: int, ranges: list[Range]) -> list[dict[str, int]]:
    """What each range's probes said, by how often."""
    found: list[dict[str, int]] = []
    for batch in batches(ranges):
        output = shell.command(f"run probes {' '.join(map(str, batch))} @{core}")
        counts: list[dict[str, int]] = [{} for _ in batch]
        for number, times, text in re.findall(r"range (\d+): (\d+) x (.*)", output):
            counts[int(number)][text] = int(times)
        assert all(counts), output
        found += counts
    return found


def check(shell: Console, core: int, ranges: list[Range]) -> None:
    for one, found in zip(ranges, probe(shell, core, ranges), strict=True):
        assert found == one.expected(), f"core {core}, {one.place} from {one.start:#x}"


@pytest.mark.parametrize("core", range(CORES))
def test_no_probe_of_any_page_of_private_memory_goes_through(shell: Console, core: int) -> None:
    check(shell, core, list(frames(shell.machine)))
    assert shell.panics() == []
    assert shell.run("cores").status == 0


@pytest.mark.parametrize("core", range(CORES))
def test_probes_of_all_else_end_as_the_map_says(shell: Console, core: int) -> None:
    check(shell, core, list(all_else(shell.machine, core)))
    assert shell.panics() == []
    assert shell.run("cores").status == 0


# --- from outside -----------------------------------------------------------------------


def test_the_tables_of_all_cores_map_what_the_rules_allow(shell: Console) -> None:
    assert audit.faults(shell.machine) == []


@pytest.mark.machine_setup(cores=8, mem="4M")
def test_the_same_with_more_cores_and_less_memory(shell: Console) -> None:
    assert shell.run("run hello @all").status == 0
    assert audit.faults(shell.machine) == []


def test_a_region_is_mapped_on_its_two_cores_while_they_hold_it(shell: Console) -> None:
    with CoreRepl(shell, 0) as python:
        python.run("import poly")
        python.run("child = poly.spawn(2, 'silent', slots=64)")
        offset, length = eval(python.run("child.offset, child.length"))
        held = [(offset, length)]
        assert audit.faults(shell.machine, {0: held, 2: held}) == []
        found = audit.faults(shell.machine)
        assert len(found) == 2 * length // PAGE
        assert all("a region that it does not hold" in fault for fault in found)
        found = audit.faults(shell.machine, {0: held, 2: held, 3: held})
        assert found == [f"core 3: region that it holds at {SHARED + offset:#x}:"
                         f" 0 of {length} bytes are mapped"]  # fmt: skip
        python.run("child.close()")
    assert audit.faults(shell.machine) == []


# --- a build without protection -----------------------------------------------------------


@pytest.fixture
def unprotected(board: Board, tmp_path: Path) -> Iterator[Console]:
    setup = Setup(build.unprotected(board), cores=CORES, apps=APPS, mode=Mode.STRESS)
    console = Console(Machine(setup), tmp_path / "console.log")
    console.expect_prompt()
    yield console
    console.close()


def test_without_protection_the_probes_and_the_audit_find_it(unprotected: Console) -> None:
    machine = unprotected.machine
    for core in (0, 2):
        # Not its own: the stack changes under the feet of a jump into it.
        own = f"core {core}'s private memory"
        ranges = [one for one in frames(machine) if one.place != own]
        for one, found in zip(ranges, probe(unprotected, core, ranges), strict=True):
            assert found == dict.fromkeys(MADE, one.count), one.place
        with pytest.raises(AssertionError, match="went through"):
            check(unprotected, core, ranges)
    faults = audit.faults(machine)
    for core in range(CORES):
        its = [fault for fault in faults if fault.startswith(f"core {core}: ")]
        for other in range(CORES):
            assert any(fault.endswith(f"is core {other}'s private memory") for fault in its)
        for name in ("text, which is rx", "constants, which is r", "private memory, which is rw",
                     "a region that it does not hold"):  # fmt: skip
            assert any(fault.endswith(name) for fault in its), name


# --- real crimes ---------------------------------------------------------------------------


class Crime(NamedTuple):
    how: str
    address: int
    place: str


def crimes(machine: Machine) -> dict[str, list[Crime]]:
    """One of each kind and access, for cores other than 0."""
    place, board = machine.layout, machine.setup.board
    arena_of_2 = SHARED + arena(machine, 2)[0]
    own_frames = place.private_base + 3 * place.private_bytes
    stack = layout.symbol(board.image, "__stack_bottom")

    def all_of(address: int, name: str) -> list[Crime]:
        return [Crime(how, address, name) for how in ("load", "store", "jump")]

    return {
        "page zero": all_of(0x10, "page zero"),
        "another's memory": all_of(place.private_base + PAGE, "core 0's private memory"),
        "the last core's memory": all_of(own_frames + PAGE, "core 3's private memory"),
        "a region": all_of(arena_of_2, r"shared region at offset 0x[0-9a-f]+, not held"),
        "a device": all_of(board.console["uart"], "core 0's device: the console's UART"),
        "beyond": all_of(PRIVATE + place.private_bytes, "beyond this core's private memory"),
        "the rest": [
            Crime("store", layout.symbol(board.image, "core_start"), "the text"),
            Crime("store", stack - 8, "stack overflow: guard below the stack"),
            Crime("jump", layout.symbol(board.image, "core_number"), "this core's private memory"),
        ],
    }


def reports(shell: Console) -> list[str]:
    """The first line of each report on the console."""
    return re.findall(r"^\*\*\* core .*$", shell.text(), re.MULTILINE)


WORDS = {"load": "load from", "store": "store to", "jump": "jump to"}
KINDS = ("page zero", "another's memory", "the last core's memory", "a region", "a device",
         "beyond", "the rest")  # fmt: skip


@pytest.mark.machine_setup(cores=CORES, arguments=NEVER_RESTART)
@pytest.mark.parametrize("kind", KINDS)
def test_who_does_it_for_real_is_named_and_alone_gone(shell: Console, kind: str) -> None:
    criminals = list(enumerate(crimes(shell.machine)[kind], 1))
    for core, (how, address, place) in criminals:
        result = shell.run(f"run crash {how} {address} @{core}")
        assert result.status == 255 and "nothing happened" not in result.output
        report = reports(shell)[-1]
        assert re.fullmatch(
            rf"\*\*\* core {core} \(generation 0\) panic: {WORDS[how]} {UNMAPPED}"
            rf" at 0x0*{address:x} \({place}\)",
            report,
        ), report
        lines = shell.run("cores").lines
        dead = [number for number, line in enumerate(lines) if line.split()[2] == "dead"]
        assert dead == [number for number, _ in criminals if number <= core]
    assert len(reports(shell)) == len(criminals)
    assert shell.run("run hello").output == f"hello from core 0 of {CORES}\n"
