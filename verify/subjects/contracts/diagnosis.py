"""What is wrong with a derivative that was handed over: only what is proved is said.

At a few points the ratio of what is claimed to what is true suggests a mistake: the sign, a factor, another order of
the inputs, the transpose, a derivative by the logarithm of an input.  Each is put to the prover as an identity between
terms, and the first that is proved is the message.  The truth is corrected, not the claim: for a derivative by log b
the claim must be b·∂f/∂b, where dividing the claim by b would leave out b = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, permutations

from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.subjects.contracts.arguments import Arguments
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.term import Term, constant, symbol

Terms = tuple[tuple[Term, ...], ...]
Pair = tuple[Term, Term]
"""What is claimed, and what it may be equal to."""

_POINTS = 5
_CLOSE = 1e-9
_MOST_INPUTS = 5  # whose orders are tried
_LARGEST = 1000  # numerator and denominator of a factor


def true_partials(values: Sequence[Term], moved: Sequence[str]) -> Terms:
    """The matrix of the true partial derivatives."""
    return tuple(tuple(derivative(value, entry, plain=True) for entry in moved) for value in values)


def diagnosed(
    claimed: Terms,
    true: Terms,
    arguments: Arguments,
    places: Iterator[Sequence[float]],
    holds: Callable[[Sequence[Pair]], bool],
) -> str:
    """The mistake in words; "" where none of those that are known is proved.

    places: points inside the domain; holds: whether pairs of terms are proved equal there
    """
    numbers = _Numbers(claimed, true, arguments, places)
    if not numbers.usable:
        return ""
    for message, pairs in _hypotheses(claimed, true, arguments, numbers):
        if holds(pairs):
            return message
    return ""


class _Numbers:
    """Claimed and true matrices at a few points."""

    def __init__(self, claimed: Terms, true: Terms, arguments: Arguments, places: Iterator[Sequence[float]]) -> None:
        self.entries = arguments.entries()
        rows, columns = len(claimed), len(claimed[0])
        flat = [t for matrix in (claimed, true) for row in matrix for t in row]
        program = compile_floats(flat, self.entries, ieee=True)
        self.at: list[tuple[dict[str, float], list[list[float]], list[list[float]]]] = []
        for place in islice(places, 4 * _POINTS):
            found = program(*place)
            if len(self.at) == _POINTS or not all(map(math.isfinite, found)):
                continue
            size = rows * columns
            both = found[:size], found[size:]
            ours, meant = ([list(part[k * columns : (k + 1) * columns]) for k in range(rows)] for part in both)
            self.at.append((dict(zip(self.entries, place, strict=True)), ours, meant))

    @property
    def usable(self) -> bool:
        return len(self.at) >= 2

    def ratios(self, row: int, column: int) -> list[float]:
        """Claimed / true at the points where neither is 0."""
        pairs = [(ours[row][column], meant[row][column]) for _, ours, meant in self.at]
        return [a / b for a, b in pairs if a and b]


def _hypotheses(
    claimed: Terms, true: Terms, arguments: Arguments, numbers: _Numbers
) -> Iterator[tuple[str, list[Pair]]]:
    rows, columns = range(len(claimed)), range(len(claimed[0]))
    every = [(k, j) for k in rows for j in columns]
    factor = _factor(numbers, every)
    if factor is not None and factor != 1:
        pairs = [(claimed[k][j], constant(factor) * true[k][j]) for k, j in every]
        yield _of_factor(factor, "it", arguments), pairs
    if len(rows) == len(columns) and len(rows) > 1 and _close(numbers, [((k, j), (j, k)) for k, j in every]):
        yield "it is the transpose of the Jacobian (proved)", [(claimed[k][j], true[j][k]) for k, j in every]
    yield from _other_orders(claimed, true, arguments, numbers)
    yield from _column_by_column(claimed, true, arguments, numbers)


def _of_factor(factor: Fraction, what: str, arguments: Arguments) -> str:
    if factor == -1:
        return f"{what} has the wrong sign: its negative is proved"
    told = f"{what} is {factor} times the derivative (proved)"
    sizes = {arguments.size(name) for name in arguments.names} - {1}
    if factor.denominator == 1 and int(factor) in sizes:
        return f"{told}: a missing 1/n, with n = {factor}"
    return told


def _factor(numbers: _Numbers, places: Sequence[tuple[int, int]]) -> Fraction | None:
    """The one rational number that all ratios at these places are near; None if there is none."""
    found = [ratio for k, j in places for ratio in numbers.ratios(k, j)]
    if not found or any(abs(ratio - found[0]) > _CLOSE * abs(found[0]) for ratio in found):
        return None
    for _, ours, meant in numbers.at:
        if any(bool(ours[k][j]) != bool(meant[k][j]) for k, j in places):
            return None
    near = Fraction(found[0]).limit_denominator(_LARGEST)
    return near if near and abs(near.numerator) <= _LARGEST and abs(float(near) - found[0]) < _CLOSE else None


def _close(numbers: _Numbers, places: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> bool:
    """Whether what is claimed at the first place is true at the second, at all points."""
    return all(
        math.isclose(ours[a[0]][a[1]], meant[b[0]][b[1]], rel_tol=_CLOSE, abs_tol=1e-300)
        for _, ours, meant in numbers.at
        for a, b in places
    )


def _other_orders(
    claimed: Terms, true: Terms, arguments: Arguments, numbers: _Numbers
) -> Iterator[tuple[str, list[Pair]]]:
    names = arguments.wrt
    if not 1 < len(names) <= _MOST_INPUTS or len({arguments.shapes[name] for name in names}) > 1:
        return
    size = arguments.size(names[0])
    for order in islice(permutations(range(len(names))), 1, None):
        moves = [
            ((k, p * size + e), (k, q * size + e))
            for k in range(len(claimed)) for p, q in enumerate(order) for e in range(size)
        ]
        if _close(numbers, moves):
            told = f"the partials are in the order {', '.join(names[q] for q in order)} (proved)"
            yield told, [(claimed[a][b], true[c][d]) for (a, b), (c, d) in moves]


def _column_by_column(
    claimed: Terms, true: Terms, arguments: Arguments, numbers: _Numbers
) -> Iterator[tuple[str, list[Pair]]]:
    """For each wrong column its own mistake; nothing where one of them has none that is known."""
    messages: dict[str, None] = {}
    pairs: list[Pair] = []
    for j, entry in enumerate(arguments.moved):
        column = [(k, j) for k in range(len(claimed))]
        x = symbol(entry)
        if _close(numbers, [(place, place) for place in column]):
            pairs += [(claimed[k][j], true[k][j]) for k, _ in column]
        elif (factor := _factor(numbers, column)) is not None:
            messages[_of_factor(factor, f"the partial by {entry}", arguments)] = None
            pairs += [(claimed[k][j], constant(factor) * true[k][j]) for k, _ in column]
        elif _scaled(numbers, column, entry, 1):
            messages[f"the partial by {entry} is that by log {entry} (proved)"] = None
            pairs += [(claimed[k][j], x * true[k][j]) for k, _ in column]
        elif _scaled(numbers, column, entry, -1):
            messages[f"the partial by {entry} takes {entry} for a logarithm (proved)"] = None
            pairs += [(claimed[k][j] * x, true[k][j]) for k, _ in column]
        else:
            return
    if messages:
        yield "; ".join(messages), pairs


def _scaled(numbers: _Numbers, column: Sequence[tuple[int, int]], entry: str, power: int) -> bool:
    return all(
        at[entry] != 0
        and math.isclose(ours[k][j], meant[k][j] * at[entry] ** power, rel_tol=_CLOSE, abs_tol=1e-300)
        for at, ours, meant in numbers.at
        for k, j in column
    )
