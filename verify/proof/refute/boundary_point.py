"""A point on a boundary where the rule was rejected, with the one-sided derivatives and the rule's there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.arithmetics.rationals import RATIONALS
from backproof.verify.evaluate.balls import BallProgram, compile_balls
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.proof.cell import NOT_ZERO
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.result import BoundaryResult
from backproof.verify.proof.simple_rationals import points_by_height
from backproof.verify.terms.term import Term, symbol

CANDIDATES, BITS = 200, 160


@dataclass(frozen=True)
class Place:
    """The simplest point of a boundary.

    point: exact where it is rational, else a ball
    rule: its derivatives, one number per operand; None if it has none
    limits: the derivatives on each side of the boundary; None for an infinite or unknown one
    """

    inputs: tuple[str, ...]
    point: tuple[Fraction | arb, ...]
    rule: tuple[arb, ...] | None
    limits: tuple[tuple[arb | None, ...], ...]


def place(obligation: Obligation, boundary: BoundaryResult, arriving: tuple[str, ...] = ()) -> Place | None:
    """The simplest point of the boundary; None where it was not solved for a symbol, or none is found.

    arriving: inputs that stand for an upstream gradient: as few as possible are 0, since 0 hides the rule's derivative
    """
    if not boundary.where:
        return None
    names = [name for name, _, _ in boundary.cell.box if name in obligation.inputs]
    weights = [i for i, name in enumerate(names) if name in arriving]
    best: tuple[int, dict[str, Fraction], list[arb]] | None = None
    signs = compile_balls([t for t, _ in boundary.cell.signs], names)
    with ctx.workprec(BITS):
        for point in islice(points_by_height([boundary.cell.interval(n) for n in names]), CANDIDATES):
            nothing = sum(point[i] == 0 for i in weights)
            if best is not None and nothing >= best[0]:
                continue
            at = [ratio(x.numerator, x.denominator) for x in point]
            values = zip(signs(*at), boundary.cell.signs, strict=True)
            if all(v != 0 if s == NOT_ZERO else v * s > 0 for v, (_, s) in values):
                best = nothing, dict(zip(names, point, strict=True)), at
                if not nothing:
                    break
        return None if best is None else _described(obligation, boundary, *best[1:])


def _described(
    obligation: Obligation, boundary: BoundaryResult, free: dict[str, Fraction], at: list[arb]
) -> Place:
    def ball(term: Term) -> arb:
        return BallProgram([term], list(free))(*at)[0]

    bound = {name: symbol(name) for name in free} | dict(boundary.where)
    exact = [_exact(bound[name], free) for name in obligation.inputs]
    point = tuple(ball(bound[n]) if x is None else x for n, x in zip(obligation.inputs, exact, strict=True))
    rule = None if boundary.rule is None else tuple(map(ball, boundary.rule))
    limits = tuple(tuple(None if t is None else ball(t) for t in side) for side in boundary.limits)
    return Place(obligation.inputs, point, rule, limits)


def _exact(term: Term, free: dict[str, Fraction]) -> Fraction | None:
    """The value of a term that is a fraction; None for one that leaves the rationals."""
    try:
        return Fraction(evaluate((term,), free, RATIONALS)[0])
    except (TypeError, NotImplementedError, ArithmeticError, KeyError):
        return None
