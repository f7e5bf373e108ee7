"""The screening tier: terms on double-double arrays, hundreds of points at the cost of one in ball arithmetic.

For every point it gives the size of the number, to some 60 bits, and an error bound.  It selects the points worth
evaluating in ball arithmetic, and clears the others; no verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from backproof.verify.arithmetics.double_double import DOUBLED, SLACK, Array, Doubled, Mask
from backproof.verify.arithmetics.ulps import FLOAT64, Format
from backproof.verify.evaluate.evaluate import evaluate, operations
from backproof.verify.terms.term import Condition, Term, topological

CHUNK = 16384  # points at a time: some dozens of such arrays fit in the processor's caches


class Screen:
    """The numbers that terms stand for, at many points at once."""

    def __init__(self, terms: Iterable[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)

    @property
    def able(self) -> bool:
        """Whether every function in the terms has a double-double form."""
        return _known(*self.terms)

    def at(self, *columns: Array) -> list[Doubled]:
        """Each term at the points whose coordinates are ``columns``; an unknown value has an infinite error."""
        size = len(columns[0])
        results = [Doubled(np.empty(size), np.empty(size), np.empty(size)) for _ in self.terms]
        with np.errstate(all="ignore"):
            for start in range(0, size, CHUNK):
                part = slice(start, min(start + CHUNK, size))
                values = {name: _exactly(column[part]) for name, column in zip(self.inputs, columns, strict=True)}
                for result, found in zip(results, _rooted(self.terms, values), strict=True):
                    known = np.isfinite(found.high + found.low + found.error)
                    result.high[part], result.low[part] = found.high, found.low
                    result.error[part] = np.where(known, found.error * SLACK, np.inf)
        return results


def decide(condition: Condition, inputs: Sequence[str], columns: Sequence[Array]) -> tuple[Mask, Mask]:
    """At which points the condition holds, and at which that is undecided; the columns are the inputs'."""
    size = len(columns[0])
    if not _known(condition):
        return np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    with np.errstate(all="ignore"):
        values = dict(zip(inputs, map(_exactly, columns), strict=True))
        ((holds, doubtful),) = evaluate((condition,), values, DOUBLED)
    return np.broadcast_to(holds, size), np.broadcast_to(doubtful, size)


def errors_in_ulps(computed: Array, exact: Doubled, fmt: Format = FLOAT64) -> tuple[Array, Array]:
    """|computed - exact| in ULPs of the exact number, and its error bound: infinite where unknown."""
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


def _rooted(roots: Sequence[Term], values: dict[str, Doubled]) -> list[Doubled]:
    """Several terms, with shared subterms evaluated once.

    Where the outermost `where` splits the points, each branch is evaluated at its own points only.
    """
    plain = [root for root in roots if root.op != "where"]
    results: dict[Term, Doubled] = dict(zip(plain, evaluate(plain, values, DOUBLED), strict=True))
    ways: dict[Term, list[Term]] = {}
    for root in roots:
        if root.op == "where":
            ways.setdefault(root.args[0], []).append(root)
    for condition, parted in ways.items():
        results.update(zip(parted, _parted(condition, parted, values), strict=True))
    return [results[root] for root in roots]


def _parted(condition: Term, roots: Sequence[Term], values: dict[str, Doubled]) -> Sequence[Doubled]:
    """Terms that begin with the same `where`."""
    ((holds, doubtful),) = evaluate((condition,), values, DOUBLED)
    if np.any(doubtful):
        return evaluate(roots, values, DOUBLED)
    if np.all(holds):
        return _rooted([root.args[1] for root in roots], values)
    if not np.any(holds):
        return _rooted([root.args[2] for root in roots], values)
    size = len(next(iter(values.values())).high)
    results = [Doubled(np.empty(size), np.empty(size), np.empty(size)) for _ in roots]
    for chosen, branch in ((np.flatnonzero(holds), 1), (np.flatnonzero(~holds), 2)):
        some = {name: _exactly(x.high.take(chosen)) for name, x in values.items()}
        parts = _rooted([root.args[branch] for root in roots], some)
        for result, part in zip(results, parts, strict=True):
            for whole, piece in zip(result, part, strict=True):
                whole[chosen] = piece
    return results


def _exactly(column: Array) -> Doubled:
    return Doubled(column, 0.0, 0.0)


def _known(*terms: Term) -> bool:
    """Whether double-doubles have every function in the terms."""
    return all(node.op == "symbol" or operations(DOUBLED).knows(node.op) for node in topological(*terms))
