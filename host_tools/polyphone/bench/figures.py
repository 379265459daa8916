"""A figure, the bounds of all figures, and how they are reported.

BOUNDS is the one place with the numbers that a board must meet. A figure that was
not measured does not meet its bound.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value; `how` says what was done to get it."""

    name: str
    value: float
    unit: str
    how: str


class Sense(Enum):
    AT_MOST = "at most"
    BELOW = "below"
    AT_LEAST = "at least"


@dataclass(frozen=True)
class Bound:
    """What a figure must keep to; with `of`, the limit is that many times another figure.
    With `free`, it is only shown where the host had no two CPUs for it, as that figure tells."""

    sense: Sense
    limit: float
    of: str | None = None
    board: str | None = None  # only there; None: on every board
    free: str | None = None

    def met(self, value: float, limit: float) -> bool:
        if self.sense is Sense.AT_LEAST:
            return value >= limit
        return value < limit if self.sense is Sense.BELOW else value <= limit


AT_MOST, BELOW, AT_LEAST = Sense.AT_MOST, Sense.BELOW, Sense.AT_LEAST

TWO_CPUS = 1.6  # what two loops gain by a second host CPU, if it is free

BOUNDS: dict[str, Bound] = {
    # Small heaps, for which the image has no snapshot, against the usual ones, for which it has.
    "boot_instructions_per_core_64": Bound(
        AT_MOST, 1.5, of="boot_instructions_per_core", board="virt_rv64"
    ),
    "boot_wall_ratio": Bound(AT_MOST, 2),
    "restart_instructions": Bound(AT_MOST, 3, of="boot_instructions_per_core"),
    "monitor_answer_bytecodes": Bound(AT_MOST, 1_000),
    "idle_instructions_per_core": Bound(AT_MOST, 1_000),
    "interpreter_ratio": Bound(BELOW, 0.85),
    "await_coroutine_1mib": Bound(AT_MOST, 1_600),
    "await_coroutine_8mib": Bound(AT_MOST, 1_600),
    "asyncio_event_roundtrip": Bound(AT_MOST, 30_000),
    "ump_python_roundtrip": Bound(AT_MOST, 3_000),
    "ump_c_roundtrip": Bound(AT_MOST, 600),
    "bulk_64k_over_c_copy": Bound(AT_MOST, 1.5),
    # Asleep at both ends it is some 45 us of host wake-up: far below that is a third.
    "ump_python_roundtrip_wall_us": Bound(AT_MOST, 15, free="host_speedup_polling"),
    "typed_message": Bound(AT_MOST, 2_500),
    "rpc_ump": Bound(AT_MOST, 6_000),
    "rpc_lmp": Bound(AT_MOST, 3_000),
    "rpc_loopback": Bound(AT_MOST, 2_000),
    "rpc_ump_awaited_over_asyncio_event": Bound(AT_MOST, 0.8),
    "wakeup_growth_100_channels": Bound(AT_MOST, 1.05),
    "wordcount_growth": Bound(AT_MOST, 1.10),
    "wordcount_speedup": Bound(AT_LEAST, 0.9, of="host_speedup", free="host_speedup"),
    "idl_1000_messages_s": Bound(AT_MOST, 2),
}


@dataclass(frozen=True)
class Judged:
    """A row of the report: a figure, a bound, or both."""

    name: str
    figure: Figure | None
    bound: str  # in words, "" without
    met: bool
    host_busy: bool = False  # so it is not judged

    @property
    def verdict(self) -> str:
        if self.host_busy:
            return "host busy"
        if self.figure is None:
            return "not measured"
        if not self.bound:
            return ""
        return "ok" if self.met else "over"


def judge(board_name: str, figures: Iterable[Figure]) -> list[Judged]:
    """Every figure in its order against its bound, then the bounds without a figure."""
    by_name = {figure.name: figure for figure in figures}
    rows = []
    for name in [*by_name, *(name for name in BOUNDS if name not in by_name)]:
        bound = BOUNDS.get(name)
        figure = by_name.get(name)
        if bound is None or bound.board not in (None, board_name):
            if figure is not None:
                rows.append(Judged(name, figure, "", True))
            continue
        limit = bound.limit
        text = f"{bound.sense.value} {number(limit)}"
        known = True
        if bound.of is not None:
            known = bound.of in by_name
            text += f" x {bound.of}"
            limit *= by_name[bound.of].value if known else math.nan
        free = by_name.get(bound.free) if bound.free else None
        if free is not None and free.value < TWO_CPUS:
            rows.append(Judged(name, figure, text, True, host_busy=True))
            continue
        met = figure is not None and known and bound.met(figure.value, limit)
        rows.append(Judged(name, figure, text, met))
    return rows


def number(value: float) -> str:
    """A value as a person reads it: three digits behind the point where they matter."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"


def document(figures: Iterable[Figure]) -> str:
    """build/bench/<board>.json: name -> value, unit, how."""
    content = {
        figure.name: {"value": figure.value, "unit": figure.unit, "how": figure.how}
        for figure in figures
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write(figures: Iterable[Figure], file: Path) -> None:
    """Write `document`; a reader sees the old file or the new one, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(document(figures), encoding="utf-8")
    part.replace(file)


def table(board_name: str, rows: Sequence[Judged]) -> Table:
    """What is printed in the end."""
    result = Table(title=board_name, title_justify="left", box=None, pad_edge=False)
    for column, justify in (("name", "left"), ("value", "right"), ("unit", "left")):
        result.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    result.add_column("bound", no_wrap=True)
    result.add_column("", no_wrap=True)
    for row in rows:
        value, unit = (
            ("", "") if row.figure is None else (number(row.figure.value), row.figure.unit)
        )
        style = None if row.met else "bold red"
        result.add_row(row.name, value, unit, row.bound, row.verdict, style=style)
    return result


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(math.fsum(map(math.log, items := list(values))) / len(items))
