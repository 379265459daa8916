"""What a program did wrong and nobody else is told: printed where it runs, and logged."""

import cpu

from poly.text import described


def say(text):
    """Print and log it."""
    cpu.this().log.add(text)
    print(text)


def raised(what, error):
    """An exception, with its traceback; `what` raised it."""
    from poly import program

    say("%s raised %s" % (what, described(error)))
    program.tell(error)
