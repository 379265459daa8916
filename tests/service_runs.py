"""What the programs in machine/apps/services print, on simulated cores and on the boards:
command, rules of SPEC that it shows, and its lines in any order (regular expressions)."""

from pathlib import Path
from typing import NamedTuple

SERVICES = Path(__file__).parent / "machine/apps/services"


class Run(NamedTuple):
    command: str
    rules: str
    lines: tuple[str, ...]


LOOK_UPS = (
    "NoSuchService nobody: no such service",
    "Timeout nobody: not registered within 50 ms",
)
WAYS = ("hook", "factory", "on_connect")
HASHES = "interface idctest has hash [0-9a-f]{16} here, [0-9a-f]{16} there"


def on_core(core: int, lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(rf"\[{core}\] {line}" for line in lines)


def near(core: int) -> tuple[str, ...]:
    """What near.py prints there."""
    return (
        "loopback 2 yyy",
        "LMP 2 yyy",
        "sessions 2",
        "PeerDied near: its domain other ended",
        f"PeerDied another: its program on core {core} ended",
        "NoSuchService another: no such service",
        "Misuse another: this domain is closed",
    )


def shut(core: int) -> tuple[str, ...]:
    """What shut.py prints, with a client on that core."""
    told = [f"NoSuchService {way}: not exported any more" for way in WAYS]
    return (*told, *told, *on_core(core, tuple(told)), "nothing is left")


RUNS = [
    Run("run ask 2", "NAM-1 MON-1 TRN-2", (r"\[2\] exported \(2, 0, \d+\)", "asked UMP")),
    Run("run ask 3 @1", "NAM-1", (r"\[3\] exported \(3, 0, \d+\)", r"\[1\] asked UMP")),
    Run("run ask 1 @3", "NAM-1", (r"\[1\] exported \(1, 0, \d+\)", r"\[3\] asked UMP")),
    Run("run late", "NAM-1 SES-2", (r"\[2\] exported .*", "2")),
    Run("run late @1", "NAM-1 SES-2", (r"\[2\] exported .*", r"\[1\] 2")),
    Run("run absent", "NAM-1 SES-2", LOOK_UPS),
    Run("run absent @2", "NAM-1 SES-2", on_core(2, LOOK_UPS)),
    Run(
        "run twice",
        "NAM-1",
        (
            "Refused name: registered already, by core 0",
            r"\[1\] Traceback.*",
            r"(\[1\] (?!Refused).*)?",
            r"\[1\] .*Refused: name: registered already, by core 0",
            "status 1",
            r"\[\('name', \(0, 0, \d+\)\)\]",
            "True 1",
        ),
    ),
    Run(
        "run differs @1",
        "SES-2",
        on_core(
            1,
            (
                f"Misuse name: {HASHES}",
                f"Misuse idctest: {HASHES}",
                "NoSuchService idctest: not exported any more",
                r"NoSuchService no core 9: the cores are 0\.\.3",
                "[0-9a-f]{16} [0-9a-f]{16}",
            ),
        ),
    ),
    Run(
        "run refuse",
        "SES-2",
        (
            r"\[1\] Refused picky: (no ){16}",
            r"\[2\] Refused picky: not from core 2, dear refused",
        ),
    ),
    Run(
        "run full",
        "TRN-6",
        (r"\[1\] exported .*", "Exhausted small: 2 of 2 sessions in use", "7"),
    ),
    Run("run near", "TRN-1 TRN-2 MON-3", near(0)),
    Run("run near @3", "TRN-1 TRN-2 MON-3", on_core(3, near(3))),
    Run(
        "run many",
        "SES-1",
        (r"\[1\] exported .*", "Exhausted many: 64 of 64 phones in use", "100"),
    ),
    Run("run shut 1", "SES-2", shut(1)),
    Run("run events", "TRN-2", (r"\[\(7, 'got 7'\)\] loopback",)),
    Run(
        "run hasty",
        "MON-1",
        (r"\[2\] occupied", *["Timeout occupied: not accepted within 30 ms"] * 3),
    ),
    Run(
        "run watched",
        "PORT-3 MON-3 CALL-1",
        (
            "call 0 NoneType None",
            "loopback 4 Misuse same: closed",
            "None 0",
            "call 0 PeerDied near: its program on core 0 ended",
            "LMP 4 PeerDied near: its program on core 0 ended",
            "None 0",
            "call 0 PeerDied same: its domain own ended",
            "LMP 4 PeerDied same: its domain own ended",
            "None 0",
            r"\[2\] exported .*",
            "call 0 NoneType None",
            "None 1",
            r"core 2: restarted, generation \d+",
            r"UMP 4 PeerDied core 2 died \(generation \d+\)",
            "None 0",
        ),
    ),
    Run(
        "run given_up 24",
        "SES-2 CALL-6",
        (r"\[2\] exported .*", "nothing is left True", "2"),
    ),
    Run(
        "run given_up 24 @1",
        "SES-2 CALL-6",
        (r"\[2\] exported .*", r"\[1\] nothing is left True", r"\[1\] 2"),
    ),
    Run(
        "run outlive early",
        "TRN-6 MON-3",
        (
            r"\[2\] exported .*",
            "waiting",
            "told 1 mortal: its program on core 2 ended",
        ),
    ),
]
IDS = [run.command.removeprefix("run ") for run in RUNS]


def differences(run: Run, printed: str) -> str:
    """What is missing, or too much; "" if all is as it should be."""
    import re

    left = printed.splitlines()
    missing = []
    for pattern in run.lines:
        found = next((line for line in left if re.fullmatch(pattern, line)), None)
        if found is not None:
            left.remove(found)
        elif pattern[-1] != "?":
            missing.append(pattern)
    left = [line for line in left if not re.match(r"(\[\d\] )?  File ", line)]
    return f"missing {missing}, too much {left}" if missing or left else ""
