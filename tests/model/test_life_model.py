"""Goal: no life of a core ever sees what another life left in memory that two cores share, and
both get a link in the end. Method: spin searches every interleaving of life.pml, in which a
core may be restarted before any step; each mutation of it must be found out."""

import re
from pathlib import Path

import pytest
from test_ump_model import Goal, search

MODEL = Path(__file__).with_name("life.pml")
SAFETY = Goal(("-O2", "-DSAFETY", "-DNOCLAIM", "-DNOFAIR"))
IN_THE_END = Goal(("-O2",), ("-a", "-f"))
MUTATION = Goal(("-O0", "-DSAFETY", "-DNOCLAIM", "-DNOFAIR"))
MUTATIONS = {
    "NOT_WITHDRAWN": r"\(page\[me\]==0\)",
    "MEET_BEFORE_CUT": r"arena<=link\[me\]",
    "ZERO_BEFORE_MET": r"page\[\(1-me\)\]==link\[me\]",
    "OPEN_UNREADY": r"\(page\[me\]==0\)",
    "UNSETTLED": r"arena<=link\[me\]",
}


def test_no_life_sees_what_another_one_left(tmp_path: Path) -> None:
    search(tmp_path, "RESTARTS=2", goal=SAFETY, model=MODEL).assert_verified()


def test_after_the_last_restart_both_have_a_link(tmp_path: Path) -> None:
    search(tmp_path, "RESTARTS=2", goal=IN_THE_END, model=MODEL).assert_verified()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_is_found(tmp_path: Path, mutation: str) -> None:
    verdict = search(tmp_path, mutation, goal=MUTATION, model=MODEL)
    assert verdict.errors == 1
    assert re.search(MUTATIONS[mutation], verdict.failure), verdict.output
