"""Goal: the program of Barrelfish's tutorial runs on every transport, with the same messages
in the same order (TRN-1, TRN-2, IDL-5, IDL-7). Method: its output."""

import re
from collections.abc import Callable

import pytest

from polyphone.machine.console import Result

RECEIVED = [
    "rx_basic 7",
    "rx_str 9 hello world",
    "rx_str 37 made for this!!!",
    "rx_str 42 a long string: 01234... (335)",
    "rx_one_cap 20 iref of core N",
    "rx_caps 69 iref of core N iref of core N",
    "rx_caps 70 none iref of core N",
    "rx_buf b'\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07'",
    "rx_basic_rpc_call 99",
]
ENDED = "binding ended: idctest: closed"


@pytest.mark.parametrize(
    ("way", "transport", "server_core"),
    [("loopback", "loopback", 0), ("same", "LMP", 0), ("cross", "UMP", 1), ("", "UMP", 1)],
)
def test_the_tutorial_s_messages(
    exec: Callable[..., Result], way: str, transport: str, server_core: int
) -> None:
    result = exec(f"run idctest {way}", cores=2)
    lines = result.output.splitlines()
    assert lines[0] == f"client: bound over {transport}"
    server = [
        line.removeprefix("[1] ") for line in lines if line.startswith(("[1] ", "rx_", "server"))
    ]
    numbered = [line.replace("core N", f"core {server_core}") for line in RECEIVED]
    assert server == [*numbered, f"server: {ENDED}"]
    client = [line for line in lines[1:] if re.match("client: ", line)]
    assert client == ["client: idctest: cannot send now", "client: answer 100", f"client: {ENDED}"]
    assert result.status == 0


def test_an_unknown_way_is_told(exec: Callable[..., Result]) -> None:
    result = exec("run idctest sideways", cores=1)
    assert (result.output, result.status) == ("usage: idctest [loopback | same | cross]\n", 2)
