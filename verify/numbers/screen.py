"""The screening tier: terms on double-double arrays, hundreds of points at the cost of one ball.

It says of every point how large the number is, to some 60 bits, and how far off that may be.  It is for finding
the points worth a ball, and for clearing the others of suspicion; no verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.numbers import doubled
from verify.numbers.doubled import SLACK, Array, Doubled
from verify.numbers.ulps import FLOAT64, Format
from verify.trace.term import Condition, Term, topological

CHUNK = 16384  # points at a time: what the processor's caches hold of some dozens of arrays
Mask = NDArray[np.bool_]


class Screen:
    """The numbers that terms stand for, at many points at once."""

    def __init__(self, terms: Iterable[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)

    @property
    def able(self) -> bool:
        """Whether every function in the terms has a double-double form."""
        return all(node.op in _KNOWN for node in topological(*self.terms))

    def at(self, *columns: Array) -> list[Doubled]:
        """Each term at the points whose coordinates are ``columns``; what is not known has an infinite error."""
        size = len(columns[0])
        answers = [Doubled(np.empty(size), np.empty(size), np.empty(size)) for _ in self.terms]
        with np.errstate(all="ignore"):
            for start in range(0, size, CHUNK):
                part = slice(start, min(start + CHUNK, size))
                values = {name: column[part] for name, column in zip(self.inputs, columns, strict=True)}
                for answer, found in zip(answers, _rooted(self.terms, values), strict=True):
                    known = np.isfinite(found.high + found.low + found.error)
                    answer.high[part], answer.low[part] = found.high, found.low
                    answer.error[part] = np.where(known, found.error * SLACK, np.inf)
        return answers


def decide(condition: Condition, inputs: Sequence[str], columns: Sequence[Array]) -> tuple[Mask, Mask]:
    """At which points the condition holds, and at which that is in doubt; the columns are the inputs'."""
    size = len(columns[0])
    if any(node.op not in _KNOWN for node in topological(condition)):
        return np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    with np.errstate(all="ignore"):
        holds, doubtful = _condition(condition, dict(zip(inputs, columns, strict=True)), {})
    return np.broadcast_to(holds, size), np.broadcast_to(doubtful, size)


def errors_in_ulps(computed: Array, exact: Doubled, fmt: Format = FLOAT64) -> tuple[Array, Array]:
    """|computed - exact| in ULPs of the exact number, and how far off that may be: infinite for the unknown."""
    with np.errstate(all="ignore"):
        ulp = ulps(exact, fmt)
        return abs((computed - exact.high) - exact.low) / ulp, exact.error / ulp * SLACK + 2.0**-40


def ulps(exact: Doubled, fmt: Format = FLOAT64) -> Array:
    """The ULP at each number: the spacing of the floats in its binade."""
    fraction, exponent = np.frexp(exact.high)
    below = (abs(fraction) == 0.5) & (exact.low * fraction < 0)  # a power of two that is approached from below
    exponent = np.where(exact.high == 0, fmt.least, exponent - 1 - below)
    exponent = np.clip(exponent, fmt.least, fmt.greatest) - fmt.precision + 1
    spacing: Array = np.ldexp(np.ones_like(exact.high), exponent)
    return spacing


# ------------------------------------------------------------------------------------------------ the evaluation


def _rooted(roots: Sequence[Term], values: dict[str, Array]) -> list[Doubled]:
    """Several terms, what they share worked out once.

    Where the outermost `where` decides which points go which way, each way is worked out for its own points.
    """
    answers: dict[Term, Doubled] = {}
    known: dict[Term, Any] = {}
    ways: dict[Term, list[Term]] = {}
    for root in roots:
        if root.op == "where":
            ways.setdefault(root.args[0], []).append(root)
        else:
            answers[root] = _value(root, values, known)
    for condition, parted in ways.items():
        answers.update(zip(parted, _parted(condition, parted, values), strict=True))
    return [answers[root] for root in roots]


def _parted(condition: Term, roots: Sequence[Term], values: dict[str, Array]) -> list[Doubled]:
    """Terms that begin with the same `where`."""
    holds, doubtful = _condition(condition, values, {})
    if np.any(doubtful):
        known: dict[Term, Any] = {}
        return [_value(root, values, known) for root in roots]
    if np.all(holds):
        return _rooted([root.args[1] for root in roots], values)
    if not np.any(holds):
        return _rooted([root.args[2] for root in roots], values)
    size = len(next(iter(values.values())))
    answers = [Doubled(np.empty(size), np.empty(size), np.empty(size)) for _ in roots]
    for chosen, branch in ((np.flatnonzero(holds), 1), (np.flatnonzero(~holds), 2)):
        parts = _rooted([root.args[branch] for root in roots], {name: x.take(chosen) for name, x in values.items()})
        for answer, part in zip(answers, parts, strict=True):
            for whole, piece in zip(answer, part, strict=True):
                whole[chosen] = piece
    return answers


def _value(root: Term, values: dict[str, Array], known: dict[Term, Any]) -> Doubled:
    for node in topological(root):
        if node not in known:
            known[node] = _node(node, values, known)
    return known[root]  # type: ignore[no-any-return]


def _node(node: Term, values: dict[str, Array], known: dict[Term, Any]) -> Any:
    match node.op:
        case "symbol":
            return Doubled(values[node.value], 0.0, 0.0)
        case "const":
            return doubled.constant(node.value)
        case "pi":
            return doubled.PI
        case "special":
            return Doubled(float(node.value), 0.0, np.inf)
        case "pow":
            return _power(known[node.args[0]], node.args[1], known)
        case "where":
            return _chosen(*(known[a] for a in node.args))
        case "maximum" | "minimum":
            a, b = (known[x] for x in node.args)
            return _chosen(_compared("ge" if node.op == "maximum" else "le", a, b), a, b)
        case op if op in _COMPARISONS or op in _LOGIC:
            return _condition(node, values, known)
        case op:
            return doubled.FUNCTIONS[op](*(known[a] for a in node.args))


def _power(base: Doubled, exponent: Term, known: dict[Term, Any]) -> Doubled:
    if exponent.op == "const":
        n: Fraction = exponent.value
        if n == 0:
            return Doubled(1.0, 0.0, 0.0)
        root = base if n.denominator == 1 else doubled.sqrt(base) if n.denominator == 2 else None
        if root is not None and abs(n.numerator) <= 64:
            raised = doubled.powi(root, abs(n.numerator))
            return raised if n > 0 else doubled.div(Doubled(1.0, 0.0, 0.0), raised)
    return doubled.power(base, known[exponent])


def _condition(node: Term, values: dict[str, Array], known: dict[Term, Any]) -> tuple[Mask, Mask]:
    """Where it holds, and where that is in doubt."""
    if node.op in ("true", "false"):
        return np.bool_(node.op == "true"), np.bool_(False)  # type: ignore[return-value]
    if node.op in _LOGIC:
        parts = [_condition(a, values, known) for a in node.args]
        return _LOGIC[node.op](*(p[0] for p in parts)), np.logical_or.reduce([p[1] for p in parts])
    return _compared(node.op, *(_value(a, values, known) for a in node.args))


def _compared(op: str, a: Doubled, b: Doubled) -> tuple[Mask, Mask]:
    """Numbers without an error compare exactly; others are told apart by more than their errors, or in doubt."""
    same = (a.high == b.high) & (a.low == b.low)
    greater = (a.high > b.high) | ((a.high == b.high) & (a.low > b.low))
    room = (a.error + b.error) * SLACK
    unequal = np.isnan(a.high + b.high)
    if type(room) is float and room == 0:
        return _COMPARISONS[op](greater, same), unequal
    apart = abs((a.high - b.high) + (a.low - b.low)) > room + 2.0**-50 * abs(a.high) * (room != 0)
    # a room that is not a number tells nothing
    return _COMPARISONS[op](greater, same), unequal | ((room != 0) & ~apart)


def _chosen(condition: tuple[Mask, Mask], a: Doubled, b: Doubled) -> Doubled:
    holds, doubtful = condition
    high, low, error = (np.where(holds, x, y) for x, y in zip(a, b, strict=True))
    return Doubled(high, low, np.where(doubtful, np.inf, error))


_COMPARISONS: dict[str, Any] = {
    "gt": lambda greater, same: greater,
    "ge": lambda greater, same: greater | same,
    "lt": lambda greater, same: ~(greater | same),
    "le": lambda greater, same: ~greater,
    "eq": lambda greater, same: same,
    "ne": lambda greater, same: ~same,
}
_LOGIC: dict[str, Any] = {"and": np.logical_and, "or": np.logical_or, "not": np.logical_not}
_KNOWN = frozenset(
    (
        *("symbol", "const", "special", "pi", "pow", "where", "true", "false", "maximum", "minimum"),
        *(*doubled.FUNCTIONS, *_COMPARISONS, *_LOGIC),
    )
)
