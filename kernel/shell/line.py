"""What a command line does.

A command is a function that returns its status or raises; what it raises becomes one
line.
"""

import sys

from poly.core import GO_ON, STATUS_INTERRUPTED, STATUS_USAGE
from poly.errors import Error, Misuse
from poly.program import guarded
from shell.commands import COMMANDS
from shell.complete import complete
from shell.parse import parse
from shell.shell import Leave

STATUS_UNKNOWN = 127


def complete_line(text):
    return complete(text, COMMANDS)


def run_line(shell, line):
    try:
        commands = parse(line)
    except Misuse as error:
        print("poly:", error)
        shell.status = STATUS_USAGE
        return
    for words in commands:
        shell.status = run_command(shell, words)


def run_command(shell, words):
    """The status of one command; whatever goes wrong in it is told in a line."""
    name = words[0].text
    for command in COMMANDS:
        if command.name == name:
            break
    else:
        print("poly: %s: no such command; `help` lists them" % name)
        return STATUS_UNKNOWN
    if command.unguarded:
        return outcome(shell, command, words[1:])
    found = []
    error = guarded(shell.kernel, lambda: found.append(outcome(shell, command, words[1:])))
    shell.kernel.wanted = GO_ON
    if isinstance(error, KeyboardInterrupt):
        return STATUS_INTERRUPTED
    if error is not None:
        raise error
    return found[0]


def outcome(shell, command, words):
    if not command.least <= len(words) <= command.most:
        print("poly: usage: %s" % command.usage)
        return STATUS_USAGE
    try:
        return command.function(shell, words) or 0
    except Misuse as error:
        print("poly: %s: %s" % (command.name, error))
        return STATUS_USAGE
    except (Error, OSError) as error:
        print("poly: %s: %s" % (command.name, error))
    except Leave:
        raise
    except Exception as error:  # a mistake of the command must not end the shell
        sys.print_exception(error)
    return 1
