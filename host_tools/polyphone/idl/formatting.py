"""The canonical form of an interface file: parse(format(x)) is parse(x), format(format(x))
is format(x), and no comment is lost.

A comment belongs to what follows it, or to what ends before it on its line. What has a
comment inside is written on several lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from polyphone.idl import syntax
from polyphone.idl.diagnostics import TAB_COLUMNS, Source, Span

LINE_COLUMNS = 99
INDENT = " " * TAB_COLUMNS


@dataclass
class _Anchor:
    """Something of the text that comments belong to; children lie within."""

    span: Span
    children: list["_Anchor"] = field(default_factory=list)
    before: list[syntax.Comment] = field(default_factory=list)
    after: list[syntax.Comment] = field(default_factory=list)

    def has_comments_inside(self) -> bool:
        return any(
            child.before or child.after or child.has_comments_inside() for child in self.children
        )


def format_file(tree: syntax.File) -> str:
    """The file's canonical text."""
    return _Writer(tree).write()


class _Writer:
    def __init__(self, tree: syntax.File) -> None:
        self.tree = tree
        self.source: Source = tree.source
        self.anchors: dict[int, _Anchor] = {}
        self.all: list[_Anchor] = []
        self.lines: list[str] = []
        # Of each span as its start: kept beside the nodes, which know nothing of comments.
        for item in tree.items:
            self._anchor(item)
        self.end = _Anchor(Span(len(self.source.text), len(self.source.text)))
        self.all.append(self.end)
        self._attach()

    # --- comments ------------------------------------------------------------------

    def _anchor(self, node: object) -> _Anchor:
        span: Span = node if isinstance(node, Span) else node.span  # type: ignore[attr-defined]
        made = _Anchor(span)
        self.anchors[id(node)] = made
        self.all.append(made)
        for child in _children(node):
            made.children.append(self._anchor(child))
        return made

    def _attach(self) -> None:
        # By start, the outer one first.
        starts = sorted(self.all, key=lambda anchor: (anchor.span.start, -anchor.span.end))
        ends = sorted(self.all, key=lambda anchor: anchor.span.end)
        next_start = next_end = 0
        for comment in self.tree.comments:
            start, end = comment.span
            while next_start < len(starts) and starts[next_start].span.start < end:
                next_start += 1
            while next_end < len(ends) and ends[next_end].span.end <= start:
                next_end += 1
            previous = ends[next_end - 1] if next_end else None
            if previous and self._trails(previous, comment):
                # Of those that end at one place, the outermost.
                previous.after.append(comment)
            else:
                following = starts[next_start] if next_start < len(starts) else self.end
                following.before.append(comment)

    def _trails(self, anchor: _Anchor, comment: syntax.Comment) -> bool:
        """Whether the comment ends the line on which the anchor ends, with nothing between."""
        text = self.source.text
        between = text[anchor.span.end : comment.span.start]
        line_end = text.find("\n", comment.span.end)
        rest = text[comment.span.end : len(text) if line_end < 0 else line_end]
        return (
            not between.strip(" \t,;")
            and "\n" not in comment.text
            and not rest.strip()
            and not anchor.after
        )

    def _comments(self, comments: Iterable[syntax.Comment], indent: str) -> None:
        for comment in comments:
            self._blank(comment.span.start)
            self.lines += self._comment(comment, indent)

    def _comment(self, comment: syntax.Comment, indent: str) -> list[str]:
        """Lines of a comment, moved as a block so that its first line stands at `indent`."""
        first, *more = comment.text.split("\n")
        start = comment.span.start
        line = self.source.line(self.source.line_of(start))
        column = len(line[: self.source.column_of(start) - 1].expandtabs(TAB_COLUMNS))
        lines = [indent + first.rstrip()]
        for text in more:
            text = text.rstrip().expandtabs(TAB_COLUMNS)
            room = len(text) - len(text.lstrip())
            lines.append((indent + text[min(column, room) :]).rstrip())
        return lines

    def _blank(self, at: int) -> None:
        """Keep an empty line (one) that stood before this place."""
        before = self.source.text[:at]
        gap = before[len(before.rstrip()) :]
        opens = not self.lines or self.lines[-1].endswith("{") or self.lines[-1] == ""
        if gap.count("\n") > 1 and not opens:
            self.lines.append("")

    def _line(self, anchor: _Anchor, indent: str, text: str) -> None:
        for after in anchor.after:
            text += "  " + after.text.rstrip()
        self.lines.append(indent + text)

    # --- declarations --------------------------------------------------------------

    def write(self) -> str:
        for item in self.tree.items:
            if isinstance(item, syntax.Interface):
                self._interface(item)
            else:
                self._declaration(item, "")
        self._comments(self.end.before, "")
        return "\n".join(self.lines) + "\n"

    def _interface(self, node: syntax.Interface) -> None:
        anchor = self.anchors[id(node)]
        self._comments(anchor.before, "")
        self._blank(node.span.start)
        title = f' "{node.description.value}"' if node.description else ""
        self.lines.append(f"interface {node.name.text}{title} {{")
        for item in node.declarations:
            self._declaration(item, INDENT)
        self._comments(self.anchors[id(node.end)].before, INDENT)
        self._line(anchor, "", "};")

    def _declaration(self, node: syntax.Declaration, indent: str) -> None:
        anchor = self.anchors[id(node)]
        self._comments(anchor.before, indent)
        self._blank(node.span.start)
        metas = getattr(node, "metas", [])
        for meta in metas:
            self.lines.append(indent + _meta(meta))
        inside = anchor.has_comments_inside()
        one_line, head, tail = _texts(node)
        fits = len(indent) + len(one_line) <= LINE_COLUMNS
        if isinstance(node, syntax.Struct) or (not fits or inside) and anchor.children:
            self._long(node, anchor, indent, head, tail)
        else:
            self._line(anchor, indent, one_line)

    def _long(
        self, node: syntax.Declaration, anchor: _Anchor, indent: str, head: str, tail: str
    ) -> None:
        self.lines.append(indent + head)
        children = _children(node)
        *parts, end = children
        for number, part in enumerate(parts):
            child = self.anchors[id(part)]
            self._comments(child.before, indent + INDENT)
            if isinstance(part, syntax.Field):
                text = _field(part)
            else:
                assert isinstance(part, syntax.Argument | syntax.Name)
                text = part.text if isinstance(part, syntax.Name) else _argument(part)
                text += "," * (number < len(parts) - 1)
            self._line(child, indent + INDENT, text)
        closing = self.anchors[id(end)]
        self._comments(closing.before, indent + INDENT)
        self._line(anchor, indent, tail)
        for after in closing.after:
            self.lines[-1] += "  " + after.text


def _children(node: object) -> list[object]:
    """The parts that comments may belong to; the closing bracket is the last."""
    if isinstance(node, syntax.Interface):
        return [*node.declarations, node.end]
    if isinstance(node, syntax.Struct):
        return [*node.fields, node.end]
    if isinstance(node, syntax.Enum):
        return [*node.members, node.end]
    if isinstance(node, syntax.Message):
        return [*node.parameters.arguments, node.parameters.end]
    return []


# --- text --------------------------------------------------------------------------


def _texts(node: syntax.Declaration) -> tuple[str, str, str]:
    """On one line; and the first and last of several."""
    if isinstance(node, syntax.Message):
        word = "idempotent rpc" if node.idempotent else node.kind
        head = f"{word} {node.name.text}("
        inner = ", ".join(map(_argument, node.parameters.arguments))
        return f"{head}{inner});", head, ");"
    if isinstance(node, syntax.Enum):
        members = ", ".join(member.text for member in node.members)
        tail = f"}} {node.name.text};"
        return f"typedef enum {{ {members} {tail}", "typedef enum {", tail
    if isinstance(node, syntax.Struct):
        return "", "typedef struct {", f"}} {node.name.text};"
    if isinstance(node, syntax.Alias):
        text = f"alias {node.name.text} {node.type};"
    elif isinstance(node, syntax.Typedef):
        count = f"[{node.count.text}]" if node.count else ""
        text = f"typedef {node.type} {node.name.text}{count};"
    elif isinstance(node, syntax.Import):
        text = f'import "{node.path.value}" as {node.name.text};'
    else:
        text = f"error {node.name.text};"
    return text, text, ""


def _argument(node: syntax.Argument) -> str:
    metas = "".join(_meta(meta) + " " for meta in node.metas)
    direction = node.direction.text + " " if node.direction else ""
    bound = ""
    if node.bound:
        parts = [part.text for part in (node.bound.length, node.bound.maximum) if part]
        bound = f"[{', '.join(parts)}]"
    return f"{metas}{direction}{node.type} {node.name.text}{bound}"


def _field(node: syntax.Field) -> str:
    metas = "".join(_meta(meta) + " " for meta in node.metas)
    return f"{metas}{node.type} {node.name.text};"


def _meta(node: syntax.Meta) -> str:
    settings = ", ".join(f"{key.text}={_value(value)}" for key, value in node.settings)
    return f"@{node.name.text}({settings})"


def _value(value: syntax.Value) -> str:
    return f'"{value.value}"' if isinstance(value, syntax.Text) else value.text
