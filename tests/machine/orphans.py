"""A program that runs on although the core that started it is dead."""

import re

from polyphone.machine.console import Console


def leave_orphan(shell: Console, name: str, sign: str) -> None:
    """Core 1 starts a program on core 2, waits until it runs, and crashes; `sign` is the
    program's first line, which comes before the report of that or after it."""
    shell.send(f"run orphan {name} 2 @1\r")
    line = rf"\[2\] {re.escape(sign)}"
    death = r"core 1 died \(generation 0\)\r\n"
    shell.expect(rf"(?s){line}.*{death}|{death}.*{line}")
    # The prompt may be there already: an answer tells.
    shell.send("status\r")
    shell.expect(r"status\r\n(?:\[2\] [^\r]*\r\n)*255\r\n")
    shell.expect_prompt()
