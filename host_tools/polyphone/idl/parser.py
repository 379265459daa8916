"""Text of an interface file to its syntax tree.

The grammar is grammar.lark. Here are what it cannot say (nested comments) and what
makes its refusals readable: what stands there, what was expected, and a hint.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.exceptions import UnexpectedCharacters

from polyphone.errors import similar
from polyphone.idl import syntax
from polyphone.idl.diagnostics import Diagnostic, InterfaceError, Source, Span

GRAMMAR = Path(__file__).with_name("grammar.lark")
COMMENT_OR_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*|\*/')
NESTED = re.compile(r"/\*|\*/")
WORD = re.compile(r'[A-Za-z0-9_]+|"(?:[^"\\\n]|\\.)*"|\S')
NOT_NEWLINE = re.compile(r"[^\n]")
# How a terminal is called where it was expected; others are words of the language.
TERMINALS = {
    "NAME": "a name", "NUMBER": "a number", "STRING": "a text in quotes", "LBRACE": "'{'",
    "RBRACE": "'}'", "LPAR": "'('", "RPAR": "')'", "LBRACKET": "'['", "RBRACKET": "']'",
    "SEMICOLON": "';'", "COMMA": "','", "AT": "'@'", "EQUAL": "'='", "DOT": "'.'",
    "$END": "the end of the file",
}  # fmt: skip
# In the order in which they are listed to the reader.
DECLARATIONS = ("IMPORT", "ALIAS", "TYPEDEF", "MESSAGE", "RPC", "EVENT", "ERROR")
WITHOUT_SEMICOLON = "a declaration ends with ';'"


def parse(source: Source) -> syntax.File:
    """The tree of a file. Raises InterfaceError with the first syntax error."""
    blanked, comments = without_comments(source)
    try:
        items: list[Any] = _grammar().parse(blanked)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise InterfaceError([_explain(source, blanked, error)]) from None
    return syntax.File(items, comments, source)


def without_comments(source: Source) -> tuple[str, list[syntax.Comment]]:
    """The text with spaces for comments, every character at its place, and the comments."""
    text = source.text
    parts: list[str] = []
    comments = []
    done = at = 0
    while found := COMMENT_OR_STRING.search(text, at):
        start, at = found.span()
        opening = found.group()
        if opening.startswith('"'):
            continue
        if opening == "*/":
            raise InterfaceError(
                [Diagnostic(source, Span(start, at), "'*/' ends a comment that never began")]
            )
        if opening == "/*":
            at = _end_of_comment(source, start)
        comments.append(syntax.Comment(text[start:at].rstrip(), Span(start, at)))
        parts += text[done:start], NOT_NEWLINE.sub(" ", text[start:at])
        done = at
    return "".join(parts) + text[done:], comments


def _end_of_comment(source: Source, start: int) -> int:
    depth = 0
    for found in NESTED.finditer(source.text, start):
        depth += 1 if found.group() == "/*" else -1
        if not depth:
            return found.end()
    hint = "comments nest: each '/*' wants its own '*/'"
    raise InterfaceError(
        [Diagnostic(source, Span(start, start + 2), "this comment never ends", hint)]
    )


@functools.cache
def _grammar() -> Lark:
    return Lark(
        GRAMMAR.read_text(encoding="ascii"),
        parser="lalr",
        lexer="contextual",
        start="file",
        maybe_placeholders=True,
        transformer=_Tree(),
    )


# --- errors ------------------------------------------------------------------------


def _explain(source: Source, blanked: str, error: UnexpectedInput) -> Diagnostic:
    at = len(blanked.rstrip())
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        at = error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
    word = WORD.match(blanked, at)
    found = word.group() if word else ""
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
    else:
        assert isinstance(error, UnexpectedCharacters)
        expected = set(error.allowed)
    if found == '"':
        return Diagnostic(source, Span(at, at + 1), "this text never ends",
                          "a text ends with '\"' on the line where it began")  # fmt: skip
    before = blanked[:at].rstrip()
    previous = len(before)
    next_line = source.line_of(previous) < source.line_of(at) or not found
    if expected == {"SEMICOLON"} and next_line:
        # Where it is missing, not where that was noticed.
        hint = "an interface ends with '};'" if before.endswith("}") else WITHOUT_SEMICOLON
        return Diagnostic(source, Span(previous, previous + 1), "expected ';'", hint)
    if not found:
        span = Span(max(previous - 1, 0), max(previous, 1))
        hint = "an interface ends with '};'" if "RBRACE" in expected else ""
        message = f"the file ends here: expected {_listed(expected)}"
        return Diagnostic(source, span, message, hint)
    message = f"expected {_listed(expected)}, not '{found}'"
    hint = _hint(expected, found, before[-1:])
    return Diagnostic(source, Span(at, at + len(found)), message, hint)


def _listed(expected: set[str]) -> str:
    if "MESSAGE" in expected and "ALIAS" in expected:
        names = ["a declaration"]
        if "RBRACE" in expected:
            names.append("'}'")
        if "INTERFACE" in expected:
            names.insert(0, "an interface")
    elif "IDEMPOTENT" in expected:
        names = ["what the '@' is about: a type, message, rpc, event or error"]
    else:
        # What else may follow a type's name helps nobody.
        fewer = expected - {"AT", "DOT", "SEMICOLON"} if "NAME" in expected else expected
        order = [*TERMINALS, *sorted(expected)]
        names = [
            TERMINALS.get(name, f"'{name.lower()}'") for name in sorted(fewer, key=order.index)
        ]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _hint(expected: set[str], found: str, before: str) -> str:
    """What the writer probably wanted; `before` is the character before what was found."""
    keywords = [name.lower() for name in expected if name not in TERMINALS]
    if keywords and found[0].isalpha() and "NAME" not in expected:
        if "TYPEDEF" in expected and found in ("struct", "enum"):
            return f"`typedef {found} {{ ... }} name;`"
        if hint := similar(found, keywords):
            return hint
        if "MESSAGE" in expected and "INTERFACE" not in expected:
            words = ", ".join(name.lower() for name in DECLARATIONS)
            return f"a declaration begins with one of: {words}"
    if found in (")", "}", "]") and "NAME" in expected and before == ",":
        return "a ',' stands between two, not after the last"
    for when, hint in HINTS:
        if when(expected, found, before):
            return hint
    return ""


ARRAY_FORM = "an array is `type name[length, maximum]`, a string `String name[maximum]`"
# The first whose condition on (expected, found, before) holds.
HINTS: tuple[tuple[Callable[[set[str], str, str], bool], str], ...] = (
    (lambda _, found, __: found == "*", "there are no pointers: " + ARRAY_FORM),
    (lambda expected, found, _: found == "," and expected & {"RBRACE", "SEMICOLON"} != set(),
     "declarations and fields end with ';'"),
    (lambda expected, found, _: found == ";" and "COMMA" in expected,
     "arguments and members are separated by ','"),
    (lambda expected, found, _: found == "=" and {"COMMA", "RBRACE"} <= expected,
     "members of an enum are numbered from 0, in their order"),
    (lambda expected, found, _: found == "=" and "NAME" in expected, "`alias new_name type;`"),
    (lambda _, found, before: found == "}" and before == "{", "an enum has at least one member"),
    (lambda expected, found, _: found == "[" and expected == {"SEMICOLON"},
     "`typedef type name[length];` first, then use that name"),
    (lambda expected, found, before: "RBRACKET" in expected or before == "[", ARRAY_FORM),
    (lambda expected, found, _: found[0].isdigit() and "NAME" in expected,
     "a name begins with a letter"),
    (lambda expected, found, _: found[0].isalpha() and {"COMMA", "LBRACKET"} <= expected,
     "an argument is `type name`; in an rpc `in type name` or `out type name`"),
    (lambda expected, found, _: found in ",)" and "NAME" in expected,
     "an argument is `type name`"),
    (lambda expected, found, _: found == "(" and expected == {"SEMICOLON"},
     "an error is a name only"),
    (lambda expected, found, _: found == ";" and expected == {"NAME"}, "a name is missing"),
    (lambda expected, *_: expected == {"LPAR"}, "`()` if there are no arguments"),
    (lambda expected, *_: expected == {"AS"}, '`import "file.if" as name;`'),
    (lambda expected, found, _: expected == {"STRING"}, '`import "file.if" as name;`'),
    (lambda expected, *_: expected == {"RPC"}, "only an rpc can be made again"),
    (lambda expected, found, _: expected == {"EQUAL"}, '`@name(key=value)`'),
)  # fmt: skip


# --- the tree ----------------------------------------------------------------------


def _span(first: Any, last: Any) -> Span:
    return Span(first.start_pos, last.end_pos)


def _name(token: Token) -> syntax.Name:
    return syntax.Name(str(token), Span(token.start_pos or 0, token.end_pos or 0))


def _number(token: Token) -> syntax.Number:
    negative = token.startswith("-")
    digits = token.lstrip("-")
    base = {"0x": 16, "0o": 8}.get(digits[:2].lower(), 10)
    value = int(digits, base)  # base 10: leading zeros mean nothing
    return syntax.Number(-value if negative else value, str(token), _span(token, token))


def _text(token: Token) -> syntax.Text:
    return syntax.Text(token[1:-1], _span(token, token))


def _start(metas: list[syntax.Meta], otherwise: int | None) -> int:
    return metas[0].span.start if metas else otherwise or 0


def _metas(items: list[Any]) -> tuple[list[syntax.Meta], list[Any]]:
    """The metas before a declaration, and the rest of it."""
    count = 0
    while count < len(items) and isinstance(items[count], syntax.Meta):
        count += 1
    return items[:count], items[count:]


class _Tree(Transformer[Token, Any]):
    """Called by the parser as it goes; each method has the name of its rule."""

    def file(self, items: list[Any]) -> list[Any]:
        return items

    def interface(self, items: list[Any]) -> syntax.Interface:
        first, name, description, _, *declarations, brace, last = items
        return syntax.Interface(_name(name), _text(description) if description else None,
                                declarations, _span(brace, brace), _span(first, last))  # fmt: skip

    def import_(self, items: list[Any]) -> syntax.Import:
        first, path, _, name, last = items
        return syntax.Import(_text(path), _name(name), _span(first, last))

    def alias(self, items: list[Any]) -> syntax.Alias:
        first, name, reference, last = items
        return syntax.Alias(_name(name), reference, _span(first, last))

    def typedef(self, items: list[Any]) -> syntax.Typedef:
        metas, (first, reference, name, _, count, _, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        return syntax.Typedef(metas, reference, _name(name),
                              _number(count) if count else None, span)  # fmt: skip

    def struct(self, items: list[Any]) -> syntax.Struct:
        metas, (first, _, _, *fields, brace, name, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        return syntax.Struct(metas, fields, _name(name), _span(brace, brace), span)

    def enum(self, items: list[Any]) -> syntax.Enum:
        metas, (first, _, _, *members, brace, name, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        return syntax.Enum(metas, members, _name(name), _span(brace, brace), span)

    def message(self, items: list[Any]) -> syntax.Message:
        metas, (first, name, parameters, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        older = None if first.lower() == "message" else _name(first)
        return syntax.Message("message", metas, False, _name(name), parameters, span, older)

    def event(self, items: list[Any]) -> syntax.Message:
        metas, (first, name, parameters, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        return syntax.Message("event", metas, False, _name(name), parameters, span)

    def rpc(self, items: list[Any]) -> syntax.Message:
        metas, (idempotent, word, name, parameters, last) = _metas(items)
        span = Span(_start(metas, (idempotent or word).start_pos), last.end_pos)
        return syntax.Message("rpc", metas, idempotent is not None, _name(name), parameters, span)

    def error(self, items: list[Any]) -> syntax.ErrorName:
        metas, (first, name, last) = _metas(items)
        span = Span(_start(metas, first.start_pos), last.end_pos)
        return syntax.ErrorName(metas, _name(name), span)

    def field(self, items: list[Any]) -> syntax.Field:
        metas, (reference, name, last) = _metas(items)
        span = Span(_start(metas, reference.span.start), last.end_pos)
        return syntax.Field(metas, reference, _name(name), span)

    def member(self, items: list[Any]) -> syntax.Name:
        return _name(items[0])

    def parameters(self, items: list[Any]) -> syntax.Parameters:
        arguments = [item for item in items[1:-1] if item is not None]
        return syntax.Parameters(arguments, _span(items[-1], items[-1]))

    def argument(self, items: list[Any]) -> syntax.Argument:
        metas, (direction, reference, name, bound) = _metas(items)
        end = bound.span.end if bound else name.end_pos
        first, way = reference.span.start, None
        if direction:
            first, way = direction.start_pos, _name(direction)
            way.text = way.text.lower()
        span = Span(_start(metas, first), end)
        return syntax.Argument(metas, way, reference, _name(name), bound, span)

    def array_bound(self, items: list[Any]) -> syntax.Bound:
        first, length, maximum, last = items
        return syntax.Bound(_name(length), _number(maximum), _span(first, last))

    def unbounded(self, items: list[Any]) -> syntax.Bound:
        first, length, last = items
        return syntax.Bound(_name(length), None, _span(first, last))

    def string_bound(self, items: list[Any]) -> syntax.Bound:
        first, maximum, last = items
        return syntax.Bound(None, _number(maximum), _span(first, last))

    def reference(self, items: list[Any]) -> syntax.Reference:
        first, second = items
        module, name = (first, second) if second else (None, first)
        return syntax.Reference(_name(module) if module else None, _name(name),
                                _span(first, name))  # fmt: skip

    def meta(self, items: list[Any]) -> syntax.Meta:
        first, name, _, *settings, last = items
        settings = [setting for setting in settings if setting is not None]
        return syntax.Meta(_name(name), settings, _span(first, last))

    def setting(self, items: list[Any]) -> tuple[syntax.Name, syntax.Value]:
        key, value = items
        convert: dict[str, Any] = {"NUMBER": _number, "NAME": _name, "STRING": _text}
        return _name(key), convert[value.type](value)


setattr(_Tree, "import", _Tree.import_)  # the rule's name is a keyword of Python
