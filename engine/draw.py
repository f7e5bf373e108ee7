"""Pictures of a graph: for Graphviz, and as an SVG that needs no other program."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from backproof.engine.graph import trace
from backproof.engine.layout import layout
from backproof.engine.node import Node

if TYPE_CHECKING:
    import graphviz

LARGEST = 500
"""So many nodes `draw_svg` draws; a picture of more is unreadable."""


def draw_dot(root: Node, format: str = "svg", rankdir: str = "LR") -> graphviz.Digraph:
    """The graph below ``root`` for Graphviz: a record of label, data and grad a node, a circle an operation.

    rankdir: "LR" (left to right) or "TB" (top to bottom)

    Raises ValueError for another direction, RuntimeError where the Python package graphviz is missing.
    """
    if rankdir not in ("LR", "TB"):
        raise ValueError(f'rankdir is "LR" (left to right) or "TB" (top to bottom), not {rankdir!r}')
    try:
        import graphviz
    except ImportError:
        raise RuntimeError(
            "draw_dot needs the Python package graphviz: pip install graphviz, or use draw_svg, "
            "which needs nothing"
        ) from None
    nodes, edges = trace(root)
    name = {node: f"n{i}" for i, node in enumerate(nodes)}
    dot = graphviz.Digraph(format=format, graph_attr={"rankdir": rankdir})
    for node in nodes:
        fields = " | ".join(_record_text(text) for text in _fields(node))
        record = f"{{ {fields} }}" if rankdir == "TB" else fields
        dot.node(name[node], label=record, shape="record")
        if node._prev:
            dot.node(name[node] + "op", label=graphviz.escape(operation_text(node)))
            dot.edge(name[node] + "op", name[node])
    for operand, result in edges:
        dot.edge(name[operand], name[result] + "op")
    return dot


def _fields(node: Node) -> list[str]:
    """The fields of a node's box; a node without a label has two."""
    label = [node.label] if node.label else []
    return [*label, f"data {number_text(node.data)}", f"grad {number_text(node.grad)}"]


def _record_text(text: str) -> str:
    """``text`` for a record of Graphviz, where braces, bars, angles and backslashes have a meaning."""
    return "".join("\\" + c if c in "\\{}|<>" else c for c in text)


def number_text(x: Any, width: int = 20) -> str:
    """A float to four decimals, or to four digits where those would hide it; the rest as it is, cut short."""
    if isinstance(x, float):
        plain = f"{x:.4f}"
        return plain if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.3e}" if x - x == 0 else str(x)
    text = " ".join(str(x).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def operation_text(node: Node) -> str:
    """The operation's symbol with its constants: "**3" for a cube, "leaky_relu 0.01"."""
    constants = ", ".join(number_text(c) if not isinstance(c, float) else repr(c) for c in node._constants)
    if node._op == "**n":
        return f"**{constants}"
    return f"{node._op} {constants}".rstrip()


# ------------------------------------------------------------------------------------------------------- SVG

FONT = 13  # pixels
GLYPH = 0.61 * FONT  # the width of a character of a monospaced font
ROW = 30  # the height of a box
GAP = 46  # from the middle of a box to that of the one below
PAD = 9  # left and right of a text
AISLE = 56  # between two columns

STYLE = f"""\
text {{ font: {FONT}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1b1f24; }}
.label {{ font-weight: 600; }}
.grad {{ fill: #0b57a4; }}
.box {{ fill: #ffffff; stroke: #57606a; }}
.bar {{ stroke: #c4cad1; }}
.op {{ fill: #fff4d6; stroke: #9a6700; }}
.arrow {{ fill: none; stroke: #57606a; stroke-width: 1.3; }}
.head {{ fill: #57606a; }}"""


@dataclass(frozen=True)
class _Box:
    """The drawing of one node: its operation's circle at the left, if it has one, and its fields."""

    node: Node

    @property
    def operation(self) -> str:
        return operation_text(self.node) if self.node._prev else ""

    @property
    def circle(self) -> float:
        """The width of the operation's circle: a round one for a short name, an oblong for a long one."""
        return max(ROW, _width(self.operation)) if self.operation else 0

    @property
    def lead(self) -> float:
        """From the left end to the box: the circle and the little arrow after it."""
        return self.circle + 22 if self.operation else 0

    @property
    def width(self) -> float:
        return self.lead + sum(map(_width, _fields(self.node)))


def draw_svg(root: Node) -> str:
    """The graph below ``root`` as the text of an SVG file: left to right, operations in circles.

    Raises ValueError for a graph of more than 500 nodes.
    """
    nodes, edges = trace(root)
    if len(nodes) > LARGEST:
        raise ValueError(
            f"a picture of {len(nodes):,} nodes is unreadable: draw_svg draws up to {LARGEST}; "
            "draw a node further down, or use draw_dot"
        )
    index = {node: i for i, node in enumerate(nodes)}
    boxes = [_Box(node) for node in nodes]
    placed = layout(len(nodes), [(index[a], index[b]) for a, b in edges], GAP)
    wide = [0.0] * (max(placed.columns) + 1)
    for box, column in zip(boxes, placed.columns, strict=True):
        wide[column] = max(wide[column], box.width)
    left = [PAD + sum(wide[:column]) + AISLE * column for column in range(len(wide))]
    middle = [PAD + ROW / 2 + height for height in placed.heights]

    arrows = [
        _arrow(boxes[index[tail]], path, left, wide, _spread(edges, i))
        for i, ((tail, _), path) in enumerate(zip(edges, placed.paths, strict=True))
    ]
    figures = [
        _figure(box, left[column], y) for box, column, y in zip(boxes, placed.columns, middle, strict=True)
    ]
    width = left[-1] + wide[-1] + PAD
    lowest = max(y for path in [*placed.paths, [(0, max(placed.heights))]] for _, y in path)
    return _page(width, 2 * PAD + ROW + lowest, _title(root), _description(nodes, edges), arrows + figures)


def _width(text: str) -> float:
    return len(text) * GLYPH + 2 * PAD


def _figure(box: _Box, x: float, y: float) -> str:
    """One node: circle, little arrow, and the box with its fields side by side."""
    parts = []
    if box.operation:
        parts += [
            f'<rect class="op" x="{x:.1f}" y="{y - ROW / 2:.1f}" width="{box.circle:.1f}" height="{ROW}" '
            f'rx="{ROW / 2:g}"/>',
            _text(box.operation, x + box.circle / 2, y),
            f'<path class="arrow" d="M{x + box.circle:.1f},{y:.1f} h21" marker-end="url(#head)"/>',
        ]
    x += box.lead
    fields = _fields(box.node)
    full = sum(map(_width, fields))
    parts.append(
        f'<rect class="box" x="{x:.1f}" y="{y - ROW / 2:.1f}" width="{full:.1f}" height="{ROW}" rx="4"/>'
    )
    styles = ("label", "data", "grad")[-len(fields) :]
    for i, (field, style) in enumerate(zip(fields, styles, strict=True)):
        if i:
            parts.append(f'<path class="bar" d="M{x:.1f},{y - ROW / 2:.1f} v{ROW}"/>')
        parts.append(_text(field, x + _width(field) / 2, y, style))
        x += _width(field)
    return f"<g>{''.join(parts)}</g>"


def _text(text: str, x: float, y: float, style: str = "data") -> str:
    baseline = y + 0.35 * FONT
    return f'<text class="{style}" x="{x:.1f}" y="{baseline:.1f}" text-anchor="middle">{_safe(text)}</text>'


def _spread(edges: list[tuple[Node, Node]], i: int) -> float:
    """How far off the middle the i-th edge ends: 0, but two arrows from the same operand end side by side."""
    tail, head = edges[i]
    same = [j for j, (a, b) in enumerate(edges) if a is tail and b is head]
    return 10 * (same.index(i) - (len(same) - 1) / 2)


def _arrow(
    tail: _Box, path: list[tuple[int, float]], left: list[float], wide: list[float], spread: float
) -> str:
    """From the right end of ``tail`` to the left end of the last column: level in columns, bent between."""
    column, height = path[0]
    y = PAD + ROW / 2 + height
    drawn = f"M{left[column] + tail.width:.1f},{y:.1f}"
    if tail.width < wide[column]:
        drawn += f" H{left[column] + wide[column]:.1f}"
    for column, height in path[1:]:
        last = column == path[-1][0]
        before, y = y, PAD + ROW / 2 + height + (spread if last else 0)
        end = left[column]
        bend = end - AISLE / 2
        drawn += f" C{bend:.1f},{before:.1f} {bend:.1f},{y:.1f} {end:.1f},{y:.1f}"
        if not last:
            drawn += f" H{end + wide[column]:.1f}"
    return f'<path class="arrow" d="{drawn}" marker-end="url(#head)"/>'


def _safe(text: str) -> str:
    """``text`` as XML holds it: escaped, and a � for each control character, which no XML may hold."""
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))


def _title(root: Node) -> str:
    return f"Graph of {root.label}" if root.label else "Graph"


def _description(nodes: list[Node], edges: list[tuple[Node, Node]]) -> str:
    """The picture in words: counts, then every node with its data and gradient."""
    told = "; ".join(", ".join(_fields(node)) for node in nodes)
    return f"{len(nodes)} nodes, {len(edges)} edges, operands before results: {told}."


def _page(width: float, height: float, title: str, description: str, parts: list[str]) -> str:
    body = "\n".join(parts)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" \
viewBox="0 0 {width:.0f} {height:.0f}">
<title>{_safe(title)}</title>
<desc>{_safe(description)}</desc>
<style>
{STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
{body}
</svg>
"""
