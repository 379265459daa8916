"""How soon a core answers; only in the counting twin image of `make bench`."""

def last(core: int) -> tuple[int, int]:
    """How often that core has answered an urgent doorbell, and how many bytecodes it
    executed before it did so last.

    They count from the interrupt of the urgent doorbell, the first since the answer
    before, to the moment when the core rings an urgent doorbell itself: the program's,
    and the monitor's own. The answer, once heard, is the last one.
    """
