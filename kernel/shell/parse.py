"""Command lines into commands and words. Pure: no I/O, no state.

`;` ends a command, blanks end a word, '...' and "..." take everything between them
as it is. A word with a quote in it is never a core (`"@2"` is text).
"""

from poly.errors import Misuse, NoSuchService


class Word:
    """`text`, and whether it is `plain`: no part of it was quoted."""

    def __init__(self, text, plain):
        self.text = text
        self.plain = plain


def parse(line):
    """The commands of a line, each a list of Words. Raises Misuse."""
    commands = [[]]
    text = None  # of the word under way
    plain = True
    quote = None
    for char in line:
        if quote:
            if char == quote:
                quote = None
            else:
                text += char
        elif char in "'\"":
            quote = char
            text = text or ""
            plain = False
        elif char in " \t\n\r;":
            if text is not None:
                commands[-1].append(Word(text, plain))
                text = None
                plain = True
            if char == ";":
                commands.append([])
        else:
            text = (text or "") + char
    if quote:
        raise Misuse("%s is not closed" % quote)
    if text is not None:
        commands[-1].append(Word(text, plain))
    return [words for words in commands if words]


def place(words):
    """(words without the place, place): the last word may be @all or @CORE.

    The place is None, "all" or a number. Raises Misuse.
    """
    last = words[-1] if words else None
    if not (last and last.plain and last.text.startswith("@")):
        return words, None
    name = last.text[1:]
    if name != "all" and not name.isdigit():
        raise Misuse("%s: neither @all nor @ and the number of a core" % last.text)
    return words[:-1], name if name == "all" else int(name)


def number(word, most):
    if not word.text.isdigit() or int(word.text) > most:
        raise Misuse("%s: not a number from 0 to %d" % (word.text, most))
    return int(word.text)


def core_of(word, cores):
    """The core that a word names, as `2` or `@2`. Raises Misuse, NoSuchService."""
    text = word.text[1:] if word.text.startswith("@") else word.text
    if not text.isdigit():
        raise Misuse("%s: not the number of a core" % word.text)
    if int(text) >= cores:
        raise NoSuchService("no core %s: the cores are 0..%d" % (text, cores - 1))
    return int(text)
