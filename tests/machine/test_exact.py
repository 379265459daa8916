"""Goal: an exact run is the same each time, to the byte, and with a seed too. Method: one
session with all that a machine does, run twice; the console logs are compared."""

from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS
from test_shell import COMMANDS

from polyphone.machine.console import Console

SYSTEM = """
cores = 4
[[program]]
core = "all"
run = "hello"
[[program]]
core = 3
run = "busy"
[[program]]
core = 1
run = "eater"
heap = "512K"
"""
SESSION = (
    "help; help run; cores; ps; kill 3; wait; status; pwd; cd /rom; ls; cat leave.py; cd;"
    " run hello @all; run wordcount /rom/wordcount.txt; run ping 3 @2;"
    " run typist 'import poly, time' 'poly.core(), poly.ping(1) > 0' 'time.ticks_us()' '1/0';"
    " repl 2; run crash raise @1; run nosuch; nonsense; mem; run pairs;"
    " run crash store 0 @2; restart 1; wait; cores; ps; run hello @all; services; channels;"
    " log; uptime; status; run leave 4; poweroff 7"
)


def run(machine: Callable[..., Console], apps: Path, system: Path, seed: int | None) -> bytes:
    """The console's log of the session, from reset to the machine's end."""
    console = machine(apps=apps, system=system, seed=seed, arguments={"exec": SESSION})
    assert console.wait() == 7
    return console.log.read_bytes()


@pytest.mark.modes("exact")
@pytest.mark.parametrize("seed", [None, 20])
def test_an_exact_run_of_a_whole_session_gives_the_same_log_twice(
    machine: Callable[..., Console], tmp_path: Path, seed: int | None
) -> None:
    apps = tmp_path / "apps"
    apps.mkdir()
    for file in APPS.glob("*.py"):
        (apps / file.name).write_bytes(file.read_bytes())
    (apps / "wordcount.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 2000)
    (tmp_path / "system.toml").write_text(SYSTEM)
    first = run(machine, apps, tmp_path / "system.toml", seed)
    second = run(machine, apps, tmp_path / "system.toml", seed)
    text = first.decode()
    assert "4000 the" in text and "*** core 2 (generation 0) panic: store" in text
    assert "(2, True)" in text and "ZeroDivisionError" in text
    typed = {command.split()[0] for command in SESSION.split(";")}
    assert [name for name in COMMANDS if name not in typed] == []
    assert second == first
