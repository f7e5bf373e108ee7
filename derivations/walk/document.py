"""A walk as a document: a table of visits, the paths to a value that is used twice, and a picture."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.derivations.pages.document import Block, Code, Document, Heading, Math, Paragraph, Picture, Table, Text
from backproof.derivations.walk.backward_pass import MOST_PATHS, Pass, Shared, Visit, Walk
from backproof.engine.draw import LARGEST, draw_svg, number_text, operation_text
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Term, constant, substitute, symbol

LONGEST = 28
"""Characters of a label in a table."""


def to_document(w: Walk) -> Document:
    """The walk with all its parts."""
    return Document("walk", f"Walk: the backward pass of {w.labels[-1]}", tuple(_blocks(w)))


def _blocks(w: Walk) -> Iterator[Block]:
    yield Heading(1, f"The backward pass of {short(w.labels[-1])}")
    yield Paragraph((
        "The output starts with gradient 1. Each node, in the order in which backward visits them, multiplies its "
        "upstream gradient by its local derivative and adds the product to the gradient of its operand.",
    ))  # fmt: skip
    yield table(w)
    if w.shared:
        for shared in w.shared:
            yield from _ways(w, shared)
    else:
        yield Paragraph((
            "No value is used twice here: ", Code("="), " in place of ", Code("+="),
            " would have left the same gradients.",
        ))  # fmt: skip
    if len(w.nodes) <= LARGEST:
        yield Heading(2, "The graph")
        yield Picture(picture(w), mermaid(w), in_words(w))


def table(w: Walk) -> Table:
    """A row for each node as it is visited, and one for each operand that it passes a gradient to."""
    rows: list[tuple[Text, ...]] = []
    for number, visit in enumerate(w.visits, 1):
        node = w.nodes[visit.node]
        name = f"{number}. {short(w.labels[visit.node])} ({operation_text(node)})"
        rows.append(_row(name, shown(node.data), shown(visit.upstream)))
        for p in visit.passes:
            rows.append(
                _row(
                    f"   to {short(w.labels[p.operand])}", shown(w.nodes[p.operand].data), "", _local(w, visit, p),
                    shown(p.adds), f"{shown(p.before)} → {shown(p.after)}",
                )
            )  # fmt: skip
    for leaf in w.leaves:
        node = w.nodes[leaf]
        rows.append(_row(f"{short(w.labels[leaf])} (leaf)", shown(node.data), shown(node.grad), "none"))
    head = ("node (operation)", "data", "upstream", "local derivative", "adds", "gradient")
    return Table("Every node, the output first", head, tuple(rows), frozenset({1, 2, 4}))


def _row(*cells: str | Text) -> tuple[Text, ...]:
    return tuple((cell,) if isinstance(cell, str) else cell for cell in (*cells, *[""] * (6 - len(cells))))


def _local(w: Walk, visit: Visit, p: Pass) -> Text:
    """The closure's formula and its value here; a number alone where the formula is one."""
    formula = rule(w, visit.node, p)
    return (shown(p.local),) if formula.op == "const" else (Math((formula, "=", shown(p.local))),)


def shown(x: object) -> str:
    """A number to six digits, as a reader writes it: 0.5, not 0.5000."""
    return f"{x:.6g}" if isinstance(x, (int, float)) else number_text(x)


def short(label: str) -> str:
    """A label cut to what a table holds."""
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"


def _ways(w: Walk, shared: Shared) -> Iterator[Block]:
    label = short(w.labels[shared.node])
    yield Heading(2, f"{label} is used more than once")
    some = f" (the first {MOST_PATHS} are shown)" if shared.ways > len(shared.routes) else ""
    yield Paragraph((
        f"{shared.ways} paths lead from the output to {label}; each contributes the product of its local derivatives"
        f"{some}.",
    ))  # fmt: skip
    rows: list[tuple[Text, ...]] = []
    for route in shared.routes:
        way = " → ".join(short(w.labels[n]) for n in route.nodes)
        product = " · ".join(shown(s) if s >= 0 else f"({shown(s)})" for s in route.locals)
        rows.append(((way,), (product,), (shown(route.product),)))
    if shared.ways == len(shared.routes):
        rows.append((("sum",), ("",), (shown(sum(r.product for r in shared.routes)),)))
    yield Table(f"Paths to {label}", ("path", "local derivatives", "product"), tuple(rows), frozenset({2}))
    wrong = shown(shared.assigned)
    verdict = "which is wrong" if shared.assigned != shared.grad else "which happens to be the same"
    yield Paragraph((
        f"The gradient is the sum, {shown(shared.grad)}. With ", Code("="), " in place of ", Code("+="),
        f" the last contribution would have replaced the others and left {wrong}, {verdict}.",
    ))  # fmt: skip


# ------------------------------------------------------------------------------------------------- pictures


def picture(w: Walk) -> str:
    """The graph with all gradients filled in, as SVG."""
    return draw_svg(w.root)


def mermaid(w: Walk) -> str:
    """The graph as Mermaid text: boxes for values, circles for operations."""
    lines = ["flowchart LR"]
    for i, node in enumerate(w.nodes):
        parts = [w.labels[i], f"data {number_text(node.data)}", f"grad {number_text(node.grad)}"]
        lines.append(f'    n{i}["{_quoted(" | ".join(parts))}"]')
        if node._prev:
            lines.append(f'    o{i}(("{_quoted(operation_text(node))}")) --> n{i}')
    place = {node: i for i, node in enumerate(w.nodes)}
    for i, node in enumerate(w.nodes):
        lines += [f"    n{place[operand]} --> o{i}" for operand in node._prev]
    return "\n".join(lines)


_ENTITIES = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "*": "#42;", "_": "#95;", "`": "#96;"}


def _quoted(text: str) -> str:
    """Text as Mermaid takes it literally: * and _ would be Markdown."""
    return "".join(_ENTITIES.get(c, c) for c in text)


def in_words(w: Walk) -> str:
    """The picture for those who do not see it."""
    parts = []
    place = {node: i for i, node in enumerate(w.nodes)}
    for i, node in enumerate(w.nodes):
        operands = " and ".join(w.labels[place[p]] for p in node._prev)
        made = f" = {operation_text(node)} of {operands}" if operands else ""
        parts.append(f"{w.labels[i]}{made}: data {shown(node.data)}, grad {shown(node.grad)}")
    return "; ".join(parts) + "."


# ----------------------------------------------------------------------------------------- local derivatives


def rule(w: Walk, node: int, p: Pass) -> Term:
    """The local derivative of a pass as the closure has it, in the names of the graph where they are short."""
    made = w.nodes[node]
    known = {symbol("out"): symbol(made.label)} if made.label.isidentifier() else {}
    plain = ("operand",) if len(made._prev) == 1 else ("left", "right")
    for name, other, operand in zip(("x", "y"), plain, made._prev, strict=False):
        label = w.labels[w.nodes.index(operand)]
        if operand._op == "constant":
            known[symbol(name)] = constant(operand.data)
        else:
            known[symbol(name)] = symbol(label if label.isidentifier() else other)
    if made._op == "**n":
        known[symbol("n")] = constant(made._constants[0])
    return simplify(substitute((p.rule,), known)[0], fold=True)


def sentence(w: Walk, number: int) -> str:
    """One visit in words."""
    visit = w.visits[number]
    parts = [f"{w.labels[visit.node]} has received the gradient {shown(visit.upstream)}."]
    for p in visit.passes:
        parts.append(
            f"To {w.labels[p.operand]} it passes {shown(p.local)} times {shown(visit.upstream)}, that is "
            f"{shown(p.adds)}: its gradient goes from {shown(p.before)} to {shown(p.after)}."
        )
    return " ".join(parts)
