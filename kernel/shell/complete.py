"""What Tab offers: commands, programs, files, cores.

The line editor puts the candidates' common beginning in place of the last word.
"""

import os

import cpu

import programs
from poly.paths import FOLDER


def complete(text, commands):
    """Candidates for the last word of `text`; `commands` is the shell's table."""
    before = text.split(";")[-1].lstrip()
    words = before.split()
    word = ""
    if words and not before[-1].isspace():
        word = words.pop()
    names = [command.name for command in commands]
    if words:
        takes = [command.takes for command in commands if command.name == words[0]]
        if not takes:
            names = []
        elif "command" not in takes[0]:
            names = candidates(takes[0], word, len(words))
    return sorted(name for name in names if name.startswith(word))


def candidates(takes, word, at):
    """For the word at place `at` of a command that takes these kinds of words."""
    names = []
    if word.startswith("@"):
        if "place" in takes:
            names = ["@all"] + ["@%d" % core for core in range(cpu.cores())]
    elif "program" in takes and at == 1:
        names = list(programs.NAMES) + files(word) + files(word, "/rom") + files(word, "/ram")
    elif "file" in takes:
        names = files(word)
    elif "core" in takes and at == 1:
        names = [str(core) for core in range(cpu.cores())]
    return names


def files(word, folder="."):
    """Paths that begin as `word` does; folders end in a slash."""
    head = word[: word.rfind("/") + 1]
    if head and folder != ".":
        return []
    found = []
    try:
        for entry in os.ilistdir(head or folder):
            found.append(head + entry[0] + ("/" if entry[1] & FOLDER else ""))
    except OSError:
        pass
    return found
