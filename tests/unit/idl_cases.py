"""Random interfaces with random values as files for conformance/carry.py."""

from pathlib import Path
from typing import Any

import idl_values
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from polyphone.idl import model
from polyphone.idl.model import Kind

TAG = 1  # of calls and responses that nobody waits for


def collect(number: int, count: int) -> list[tuple[str, list[tuple[Any, tuple[Any, ...]]]]]:
    """`count` interfaces from a seed: the text, and for each message one with its values."""
    found: list[tuple[str, list[tuple[Any, tuple[Any, ...]]]]] = []

    @seed(number)
    @settings(
        max_examples=count, database=None, phases=[Phase.generate], deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(idl_values.sources(), st.data())
    def one(text: str, data: st.DataObject) -> None:
        interface = idl_values.interface_of(text)
        module = idl_values.module_of(interface)
        irefs = iter(range(1000))
        found.append(
            (
                text,
                [
                    (
                        message,
                        tuple(
                            data.draw(idl_values.values(part.type, module, irefs))
                            for part in message.fields
                        ),
                    )
                    for message in interface.messages
                ],
            )
        )

    one()
    return found


def literal(kind: Any, value: Any, module: str) -> str:
    """A value as the program has it: capabilities become irefs."""
    if isinstance(kind, model.Struct):
        parts = zip(kind.fields, value, strict=True)
        inner = ", ".join(literal(part.type, item, module) for part, item in parts)
        return f"{module}.{kind.py_name}({inner})"
    if isinstance(kind, model.Capability) and value is not None:
        number = int(value.rpartition(" ")[2])
        return repr((number % 2, number % 16, number))
    if isinstance(kind, (model.FixedArray, model.Array)) and not kind.of_bytes:
        return f"({''.join(literal(kind.element, item, module) + ', ' for item in value)})"
    return repr(value)


def told(sizes: list[int]) -> list[str]:
    """What `run carry` prints of cases with so many messages each if all come back equal."""
    return [
        f"{where} case {number} equal {size} left 0"
        for where in ("loopback", "LMP", "[1] UMP")
        for number, size in enumerate(sizes)
    ]


def write(folder: Path, number: int, count: int) -> list[int]:
    """Put caseN.if and cases.py into a folder; how many messages each case has."""
    cases = collect(number, count)
    lines = [f"import case{at}_if as case{at}" for at in range(len(cases))]
    lines += ["", "CASES = ["]
    for at, (text, messages) in enumerate(cases):
        (folder / f"case{at}.if").write_text(text, encoding="utf-8")
        lines.append(f"    (case{at}, [")
        for message, values in messages:
            fields = zip(message.fields, values, strict=True)
            items = [literal(part.type, value, f"case{at}") + "," for part, value in fields]
            tag = TAG if message.kind in (Kind.CALL, Kind.RESPONSE) else 0
            lines.append(
                f"        ({message.name!r}, {message.py_name!r}, ({' '.join(items)}), {tag}),"
            )
        lines.append("    ]),")
    (folder / "cases.py").write_text("\n".join([*lines, "]", ""]), encoding="utf-8")
    return [len(messages) for _, messages in cases]
