"""Goal: ports are the one thing to wait on, as PORT-1 to PORT-6 say. Method: one program
a rule, on the shell's core and on another; nothing it opened is left after it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from polyphone.machine.console import Result

APPS = Path(__file__).parent / "apps"
RULES = {
    "depth_is_a_bound": "PORT-1, PORT-4",
    "packets_come_in_order": "PORT-2",
    "completions_come_once": "PORT-3, CALL-1",
    "timers_expire": "PORT-3",
    "interrupts_are_level": "PORT-6",
    "many_tasks_wait": "PORT-2",
    "a_loop_sleeps_in_its_port": "PORT-3",
    "a_cancelled_task_waits_no_more": "CALL-6",
    "select_takes_a_port": "PORT-1",
    "do_runs_the_loop": "CALL-2",
    "nothing_is_left": "SES-8",
}


@pytest.mark.parametrize("core", [0, 1])
def test_ports(exec: Callable[..., Result], tmp_path: Path, core: int) -> None:
    shutil.copy(APPS / "ports.py", tmp_path)
    commands = "; ".join(f"run ports {rule} @{core}" for rule in RULES)
    result = exec(f"run ports; {commands}", cores=2, apps=tmp_path)
    names, *lines = result.output.splitlines()
    assert names.split() == sorted(RULES)
    assert [line.removeprefix(f"[{core}] ") for line in lines] == ["ok"] * len(RULES)
