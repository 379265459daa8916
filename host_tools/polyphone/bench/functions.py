"""`poly bench --profile PROGRAM`: where the instructions of a round go, by function.

A program of programs/ that takes a count of rounds as its last argument is
run with N rounds and with 2 N, and QEMU logs each instruction (trace.py): the difference
over N is a round, of all cores, free of the start and the end. Exact as -icount is.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from rich.table import Table

from polyphone.bench import trace
from polyphone.bench.figures import number
from polyphone.bench.guest import BenchError, setup
from polyphone.board import Board
from polyphone.image.layout import MEM_MINIMUM
from polyphone.machine.qemu import Mode
from polyphone.symbolize import Symbols

ROUNDS = 200
CORES = 2
UNKNOWN = "(no function)"
SMALL = 0.005  # of all: functions below are one row together

Name = Callable[[int], str]


def measure(board: Board, words: Iterable[str]) -> Counter[str]:
    """Instructions of a round in each function. `words`: the program and its arguments, all
    but the last."""
    symbols = Symbols(board.image)

    def name(address: int) -> str:
        function = symbols.function(address)
        return function.name if function else UNKNOWN

    chosen = setup(board, CORES, Mode.EXACT, MEM_MINIMUM)
    line = " ".join(words)

    def counted(rounds: int) -> Counter[int]:
        with trace.ProfiledMachine(
            trace.with_commands(chosen, f"run /rom/{line} {rounds}")
        ) as machine:
            trace.run_commands(machine)
            return machine.addresses

    return a_round(counted(ROUNDS), counted(2 * ROUNDS), ROUNDS, name)


def a_round(less: Counter[int], more: Counter[int], rounds: int, name: Name) -> Counter[str]:
    """By function, what `rounds` more rounds took, of each. BenchError if it was nothing."""
    functions: Counter[str] = Counter()
    for address in less.keys() | more.keys():
        functions[name(address)] += more[address] - less[address]
    if sum(functions.values()) <= 0:
        raise BenchError(
            "more rounds took no more instructions: is the last argument their count?"
        )
    return Counter({each: count / rounds for each, count in functions.items()})


def rows(functions: Counter[str]) -> list[tuple[str, float]]:
    """Functions, the dearest first, those that are SMALL together, then all."""
    total = sum(functions.values())
    large = [(name, count) for name, count in functions.most_common() if count >= SMALL * total]
    others = len(functions) - len(large)
    rest = total - sum(count for _, count in large)
    return [*large, (f"{others} others", rest), ("all", total)]


def table(title: str, functions: Counter[str]) -> Table:
    result = Table(title=title, title_justify="left", box=None, pad_edge=False)
    result.add_column("function", no_wrap=True)
    result.add_column("instructions", justify="right")
    result.add_column("%", justify="right")
    total = sum(functions.values())
    for name, count in rows(functions):
        result.add_row(name, number(count), f"{100 * count / total:.1f}")
    return result
