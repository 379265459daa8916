"""Goal: a bound that is missed, or was not measured, is never reported as met; the file
and the table say what was found. Method: made-up figures at and beside each bound."""

import io
import json
import math

import pytest
from rich.console import Console

from polyphone.bench import figures
from polyphone.bench.figures import AT_LEAST, AT_MOST, BELOW, BOUNDS, Bound, Figure


def good(board_name: str) -> list[Figure]:
    """Figures that just keep to every bound of a board."""
    bases = sorted({base for bound in BOUNDS.values() for base in (bound.of, bound.free) if base})
    found = [Figure(base, 1000, "instructions", "made up") for base in bases]
    for name, bound in BOUNDS.items():
        if bound.board in (None, board_name):
            limit = bound.limit * (1000 if bound.of else 1)
            value = math.nextafter(limit, 0) if bound.sense is BELOW else limit
            found.append(Figure(name, value, "x", "made up"))
    return found


def row(board_name, found, name):
    return next(row for row in figures.judge(board_name, found) if row.name == name)


@pytest.mark.parametrize("board_name", ["virt_rv64", "virt_aarch64"])
def test_figures_at_their_bounds_are_all_met(board_name):
    rows = figures.judge(board_name, good(board_name))
    assert all(row.met for row in rows)
    assert {row.verdict for row in rows} <= {"ok", ""}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_figure_beyond_its_bound_is_over(name):
    bound = BOUNDS[name]
    factor = 0.99 if bound.sense is AT_LEAST else 1.01
    found = [
        Figure(name, figure.value * factor, figure.unit, figure.how)
        if figure.name == name
        else figure
        for figure in good("virt_rv64")
    ]
    assert not row("virt_rv64", found, name).met
    assert row("virt_rv64", found, name).verdict == "over"


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_without_its_figure_is_not_met(name):
    found = [figure for figure in good("virt_rv64") if figure.name != name]
    missing = row("virt_rv64", found, name)
    assert not missing.met
    assert missing.verdict == "not measured"


def test_a_relative_bound_without_its_base_is_not_met():
    name = "boot_instructions_per_core_64"
    assert not row("virt_rv64", [Figure(name, 1, "x", "made up")], name).met


@pytest.mark.parametrize("name", [name for name, bound in BOUNDS.items() if bound.free])
def test_on_a_busy_host_what_needs_two_of_its_cpus_is_shown_and_not_judged(name):
    free = BOUNDS[name].free
    bad = 0 if BOUNDS[name].sense is AT_LEAST else 1e6
    for speedup, verdict in ((figures.TWO_CPUS, "over"), (1.2, "host busy")):
        changed = {name: bad, free: speedup}
        found = [
            Figure(figure.name, changed.get(figure.name, figure.value), figure.unit, figure.how)
            for figure in good("virt_rv64")
        ]
        judged = row("virt_rv64", found, name)
        assert judged.verdict == verdict
        assert judged.met == (verdict == "host busy")
    unmeasured = [figure for figure in found if figure.name != name]  # one CPU: nothing to measure
    assert row("virt_rv64", unmeasured, name).met
    unknown = [figure for figure in unmeasured if figure.name != free]
    assert not row("virt_rv64", unknown, name).met


def test_64_cores_are_wanted_on_rv64_only():
    names = {row.name for row in figures.judge("virt_aarch64", [])}
    assert "boot_instructions_per_core_64" not in names
    assert "boot_wall_ratio" in names


def test_a_value_that_is_no_number_is_not_met():
    for bound in BOUNDS.values():
        assert not bound.met(math.nan, bound.limit)


def test_below_excludes_its_limit():
    assert Bound(AT_MOST, 2).met(2, 2)
    assert not Bound(BELOW, 2).met(2, 2)
    assert Bound(AT_LEAST, 2).met(2, 2)


def test_the_file_has_value_unit_and_how_of_each_figure(tmp_path):
    file = tmp_path / "bench" / "virt_rv64.json"
    figures.write([Figure("a", 1.5, "us", "timed"), Figure("b", 2, "", "counted")], file)
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "a": {"value": 1.5, "unit": "us", "how": "timed"},
        "b": {"value": 2, "unit": "", "how": "counted"},
    }
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_file_holds_no_infinity():
    with pytest.raises(ValueError, match="JSON"):
        figures.document([Figure("a", math.inf, "us", "timed")])


def test_the_table_shows_value_bound_and_verdict():
    found = [Figure("ump_c_roundtrip", 601, "instructions", "made up")]
    console = Console(file=io.StringIO(), width=160)
    console.print(figures.table("virt_rv64", figures.judge("virt_rv64", found)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    line = next(line for line in lines if line.startswith("ump_c_roundtrip"))
    assert line.split() == ["ump_c_roundtrip", "601", "instructions", "at", "most", "600", "over"]
    assert any("wordcount_speedup" in line and "not measured" in line for line in lines)


def test_geometric_mean_treats_ratio_and_inverse_alike():
    assert figures.geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert figures.geometric_mean([0.9]) == pytest.approx(0.9)
    assert figures.geometric_mean(iter([1.0, 8.0, 1.0])) == pytest.approx(2.0)


def test_numbers_are_readable():
    assert figures.number(1367.26) == "1,367"
    assert figures.number(606.541) == "606.5"
    assert figures.number(0.85) == "0.850"
    assert figures.number(2) == "2"
