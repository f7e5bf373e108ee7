"""Where a traced formula has a value: what its roots, logarithms and quotients ask of their operands.

Only parts that are computed everywhere are asked, and only about rational functions of the inputs: a branch of a
`where` may be guarded by its condition, unless the other branch is no number at all.  What is not asked here shows
in the formula: there is no value where it has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.trace.term import FALSE, TRUE, Condition, Term, compare, topological

_PLAIN = ("symbol", "const", "add", "sub", "mul", "neg", "div")
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


def natural_domain(root: Term) -> Condition:
    """The conjunction of all that is asked, TRUE where nothing is."""
    found = TRUE
    for condition in dict.fromkeys(c for node in _unguarded(root) for c in _asked(node)):
        if condition not in (TRUE, FALSE) and all(part.op in _PLAIN for a in condition.args for part in topological(a)):
            found = condition if found is TRUE else found & condition
    return found


def _unguarded(root: Term) -> Iterator[Term]:
    """The parts that are computed whatever the inputs are."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            yield node
            if node.op != "where":
                waiting += reversed(node.args)
            elif (kept := _only_branch(node)) is not None:
                waiting.append(kept)


def _only_branch(node: Term) -> Term | None:
    """The branch that is a number, where the other one is written as NaN or infinite."""
    _, a, b = node.args
    return b if a.op == "special" else a if b.op == "special" else None


def _asked(node: Term) -> Iterator[Condition]:
    """The conditions under which one operation has a value."""
    match node.op:
        case "where" if (kept := _only_branch(node)) is not None:
            condition = node.args[0]
            if condition.op in _OPPOSITE:
                op = condition.op if kept is node.args[1] else _OPPOSITE[condition.op]
                yield compare(op, *condition.args)
        case "log":
            yield compare("gt", node.args[0], 0)
        case "log1p":
            yield compare("gt", node.args[0], -1)
        case "sqrt":
            yield compare("ge", node.args[0], 0)
        case "asin" | "acos":
            yield from (compare("ge", node.args[0], -1), compare("le", node.args[0], 1))
        case "atanh" | "erfinv":
            yield from (compare("gt", node.args[0], -1), compare("lt", node.args[0], 1))
        case "acosh":
            yield compare("ge", node.args[0], 1)
        case "div":
            yield from _divisor(node.args[1])
        case "pow":
            yield from _power(*node.args)


def _divisor(u: Term) -> Iterator[Condition]:
    yield compare("gt", u.args[0], 0) if u.op == "sqrt" else compare("ne", u, 0)


def _power(base: Term, exponent: Term) -> Iterator[Condition]:
    if exponent.op != "const":
        if base.op != "const":
            yield compare("gt", base, 0)
    elif exponent.value.denominator != 1:
        yield compare("ge" if exponent.value > 0 else "gt", base, 0)
    elif exponent.value < 0:
        yield from _divisor(base)
