"""Goal: the figure of a busy core's answers is the worst of all, and none at all if a ping
or a program is missing. Method: made-up output; no machine."""

import json

import pytest

from polyphone.bench import answers, figures
from polyphone.bench.guest import BenchError, parse


def line(kind: str, worst: int, pings: int = answers.PINGS) -> str:
    return json.dumps({"kind": kind, "pings": pings, "worst": worst}) + "\n"


def test_each_kind_has_its_worst_answer():
    output = parse(line("loop", 124) + line("tasks", 151))
    assert answers.worst_of(output) == {"loop": 124, "tasks": 151}


@pytest.mark.parametrize("bad", [line("tasks", 151, answers.PINGS - 1), line("tasks", 0)])
def test_pings_that_are_missing_give_no_figure(bad):
    with pytest.raises(BenchError, match=f"tasks: not {answers.PINGS} pings"):
        answers.worst_of(parse(line("loop", 124) + bad))


def test_no_busy_program_gives_no_figure():
    with pytest.raises(BenchError, match="no busy core was pinged: something else"):
        answers.worst_of(parse("something else\n"))


def measured(monkeypatch, output):
    """The figures of a run that prints `output`; nothing is built."""
    monkeypatch.setattr(answers.build, "counted", lambda board: board)
    monkeypatch.setattr(answers, "setup", lambda *arguments: arguments)
    monkeypatch.setattr(answers, "run", lambda setup, command: parse(output))
    return answers.measure(None, FakeStatus())


class FakeStatus:
    """What shows that something is under way."""

    def start(self):
        pass

    def stop(self):
        pass


@pytest.mark.parametrize(("worst", "met"), [(1_000, True), (1_001, False)])
def test_the_figure_is_the_worst_of_all_kinds_and_has_its_bound(monkeypatch, worst, met):
    found = measured(monkeypatch, line("loop", 124) + line("tasks", worst) + line("strings", 131))
    assert [(figure.name, figure.value) for figure in found] == [
        ("monitor_answer_bytecodes", worst),
        ("monitor_answer_bytecodes_loop", 124),
        ("monitor_answer_bytecodes_tasks", worst),
        ("monitor_answer_bytecodes_strings", 131),
    ]
    assert "loop, tasks, strings" in found[0].how
    row = next(row for row in figures.judge("virt_rv64", found) if row.name == answers.NAME)
    assert row.met is met
