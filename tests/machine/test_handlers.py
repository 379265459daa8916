"""Goal: nothing that a handler raises vanishes, and nothing that was accepted is lost because
a handler is slow. Method: the programs raises and in_order of apps/services, with the server on
this core and on another."""

import re
from collections.abc import Callable

import pytest

from polyphone.machine.console import Result

RAISED = {
    "basic": "ZeroDivisionError: divide by zero",
    "str": "NameError: nothing",
    "buf": "ValueError: 3",
    "KeyError": "KeyError: one",
    "RuntimeError": "RuntimeError: later",
    "OSError": "OSError: " + "ü" * 200,
    "TypeError": "TypeError: .*",
}


def raised(core: int) -> list[str]:
    """What raises.py prints, with a server there, but for the tracebacks' calls."""
    prefix = rf"\[{core}\] " if core else ""
    lines = []
    for name, text in RAISED.items():
        method = name if name in ("basic", "str", "buf") else "basic_rpc"
        if "ü" in text and core:
            # Lines of other cores are shown in pieces of 200 bytes.
            continue
        lines += [f"{prefix}faulty: {method} raised {text}", f"{prefix}Traceback.*", prefix + text]
    for name in ("KeyError", "RuntimeError", "TypeError"):
        lines.append(f"ServerFailed idctest: the server raised {RAISED[name]}")
    lines += ["TooLoud at most 5, not 4", "TooLoud ", f"{prefix}hook 0 TypeError hooked"]
    lines += ["ServerFailed echo: the server raised TypeError: hooked"]
    return lines


@pytest.mark.modes("stress", "exact")
@pytest.mark.parametrize("core", [0, 1])
def test_what_a_handler_raises_is_told_at_the_server_and_to_the_caller(
    exec: Callable[..., Result], core: int
) -> None:
    """CALL-10: in methods for messages and calls, plain and `async def`, straight and not"""
    result = exec(f"cd /rom/services; run raises {core or ''}", cores=2)
    assert result.status == 0, result.output
    left = list(result.lines)
    for pattern in raised(core):
        found = next((line for line in left if re.fullmatch(pattern, line)), None)
        assert found is not None, (pattern, result.output)
        left.remove(found)
    cut_text = "OSError: " + "ü" * 112  # of 234 bytes
    assert any(f"ServerFailed idctest: the server raised {cut_text}" in line for line in left)
    calls = [line for line in left if 'File "poly/' in line]
    assert not calls, "the kernel's own calls are not shown"


@pytest.mark.modes("stress", "exact")
def test_what_handlers_raise_is_in_the_log(exec: Callable[..., Result]) -> None:
    """CALL-10"""
    result = exec("cd /rom/services; run raises; log", cores=1)
    logged = [line for line in result.lines if re.match(r" *\d+ faulty: ", line)]
    assert len(logged) == len(RAISED), result.output


@pytest.mark.modes("stress", "exact")
@pytest.mark.parametrize("core", ["", "1"])
def test_async_handlers_of_messages_run_in_order_as_many_as_the_service_says(
    exec: Callable[..., Result], core: str
) -> None:
    """CALL-9: more messages than the ring has and may wait at their sender; none is lost"""
    result = exec(f"cd /rom/services; run in_order {core}", cores=2)
    transport = "UMP" if core else "loopback"
    one, four = result.lines
    assert one == f"one {transport} begun 300 most 1"
    begun = re.fullmatch(rf"four {transport} begun (\d+) most 4", four)
    assert begun and 296 <= int(begun[1]) <= 300  # a call passes what has not waited yet
    assert result.status == 0
