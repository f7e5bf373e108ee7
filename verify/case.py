"""A case: one operation beside its row, and what the checks share about it: trace, terms, points, truths."""

from __future__ import annotations

from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from flint import arb

from verify.findings import Finding, Verdict
from verify.mirror import Row
from verify.numbers.domain import Domain, domain_of
from verify.numbers.points import Point, points
from verify.numbers.reference import Reference, Truth
from verify.numbers.ulps import hexadecimal
from verify.subjects.operation import Operation, Run, Traced
from verify.trace.balls import compile_balls
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import Condition, Term, constant, substitute, symbol

if TYPE_CHECKING:
    from verify.checks import Check
    from verify.harness import Options
    from verify.identity.looks import Looks
    from verify.proof.enclose import Enclosure
    from verify.proof.obligation import Obligation
    from verify.proof.result import Proof


_ABOUT = 3  # 1/8 to 8 is a size about one


class Sample(NamedTuple):
    """The operation at one point of floats: its value and slopes, or the exception that came instead.

    touched: what the rule changed and should not have: what it is, its value before and after; None for nothing
    """

    point: Point
    out: Any
    slopes: tuple[Any, ...]
    error: Exception | None
    touched: tuple[str, Any, Any] | None = None


class Case:
    """An operation with its constants fixed, its row, and everything worked out about them so far."""

    def __init__(self, operation: Operation, row: Row, options: Options) -> None:
        self.operation = operation
        self.row = row
        self.options = options

    # ------------------------------------------------------------------------------------- what the mirror says

    @cached_property
    def definition(self) -> Term:
        """The row's function."""
        return from_sympy(self.row.definition)

    @cached_property
    def stable(self) -> Term:
        """The row's function, in the form that balls follow furthest."""
        return from_sympy(self.row.stable)

    @cached_property
    def slopes(self) -> tuple[Term, ...]:
        """The row's partial derivatives by SymPy, in the form that balls follow furthest."""
        return tuple(map(from_sympy, self.row.stable_slopes))

    @cached_property
    def domain(self) -> Condition:
        """Where the operation has a value."""
        return condition_from_sympy(self.row.domain)

    # ------------------------------------------------------------------------------------ what the subject does

    @cached_property
    def trace(self) -> Traced | Exception:
        """The operation run on symbols, or what stopped it."""
        try:
            return self.operation.traced()
        except Exception as error:  # the subject's own code may raise anything
            return error

    @cached_property
    def samples(self) -> list[Sample]:
        """The operation at every point."""
        return [_sample(self.operation, point) for point in self.points]

    @cached_property
    def looks(self) -> Looks:
        """A pair of large arrays at some points and on the cells around them."""
        from verify.identity.looks import looks
        from verify.subjects.large import LargePair

        assert isinstance(self.operation, LargePair)
        return looks(self.operation, self.options.seed)

    # ---------------------------------------------------------------------------------------------- the points

    @cached_property
    def region(self) -> Domain:
        """The domain, as the points see it."""
        within = self.operation.within
        return domain_of(self.domain if within is None else self.domain & within, self.row.inputs)

    @cached_property
    def points(self) -> list[Point]:
        """Where the rule is looked at: the point that was asked for first, then the generated ones."""
        name = f"{self.operation.name} {self.row.case}".strip()
        places = [place for corner in self.row.corners for place in corner.places]
        generated = points(name, self.region, places, self.options.points, self.options.seed)
        least = self.operation.flushes
        if least:
            generated = [point for point in generated if not any(0 < abs(v) < least for v in point)]
        return [self.asked, *generated] if self.asked else generated

    @cached_property
    def asked(self) -> Point:
        """The point that the user asked for, empty if none (or not one for these operands)."""
        asked = dict(self.options.point)
        return tuple(asked[name] for name in self.row.inputs) if all(n in asked for n in self.row.inputs) else ()

    @cached_property
    def plainest(self) -> list[int]:
        """The places of the points in `points`, in order of how easily a person checks them."""
        return sorted(range(len(self.points)), key=lambda k: (sum(map(_digits, self.points[k])), k))

    @cached_property
    def truths(self) -> list[tuple[Truth, ...]]:
        """The true slopes at every point."""
        return Reference(self.slopes, self.row.inputs, flushes=self.operation.flushes).many(self.points)

    @cached_property
    def usual(self) -> tuple[float, ...]:
        """The usual size of each slope, where the operands are of a size about one; lost digits are small beside it."""
        near = [
            truths
            for point, truths in zip(self.points, self.truths, strict=True)
            if all(2.0**-_ABOUT < abs(x) < 2.0**_ABOUT for x in point)
        ]
        known = [[abs(t[i].nearest) for t in near if t[i].known] for i in range(len(self.row.inputs))]
        return tuple(median(sizes) if sizes else 0.0 for sizes in known)

    @cached_property
    def values(self) -> Reference:
        """The true value of the operation, at any point."""
        return Reference([self.stable], self.row.inputs, flushes=self.operation.flushes)

    @cached_property
    def at_corner(self) -> list[bool]:
        """Which points lie on a corner or a tie."""
        if not self.row.corners:
            return [False] * len(self.points)
        expressions = [from_sympy(e) for corner in self.row.corners for e in corner.at]
        sizes = [len(corner.at) for corner in self.row.corners]
        program = compile_balls(expressions, self.row.inputs)
        return [_on_any(program(*map(arb, point)), sizes) for point in self.points]

    # ----------------------------------------------------------------------------------------------- the proof

    @cached_property
    def proof(self) -> Proof | None:
        """The whole obligation: each gradient is acc + g·slope.  None where the rule does not run on symbols."""
        from verify.proof.ladder import decided

        return decided(self._obligation(self.trace.gradients)) if isinstance(self.trace, Traced) else None

    @cached_property
    def rule_proof(self) -> Proof | None:
        """The rule alone, as the slope it gives for an upstream of one: how it is wired left aside."""
        from verify.proof.ladder import decided
        from verify.proof.obligation import UPSTREAM, accumulated
        from verify.proof.result import Status

        proof = self.proof
        if proof is None or isinstance(self.trace, Exception) or proof.status is Status.PROVED:
            return proof
        names = self.row.inputs
        seeds = {symbol(UPSTREAM): constant(1), **{symbol(accumulated(n)): constant(0) for n in names}}
        rules = substitute(self.trace.gradients, seeds)
        g = symbol(UPSTREAM)
        gradients = tuple(symbol(accumulated(n)) + g * r for n, r in zip(names, rules, strict=True))
        return decided(self._obligation(gradients))

    @property
    def proved(self) -> bool:
        """The rule is proved, and a check may rely on it (none does where each is judged by itself)."""
        from verify.proof.result import Status

        proof = None if self.options.alone else self.rule_proof
        return proof is not None and proof.status is Status.PROVED

    @cached_property
    def bounds(self) -> tuple[Enclosure, ...]:
        """Bounds of rule - derivative where only the rounding of literals stands between the rule and a proof."""
        from verify.proof.ladder import within

        return within(self.rule_proof) if self.rule_proof is not None else ()

    @cached_property
    def understood(self) -> Traced | None:
        """The trace as it was proved: with the constants that its literals stand for, if the proof rests on them.

        A trace that the prover cannot read is taken the same way.
        """
        from verify.proof.interpret import unread
        from verify.proof.recognise import recognised

        if isinstance(self.trace, Exception) or self.rule_proof is None:
            return None
        if not self.rule_proof.assumptions and not unread(self.trace.forward, *self.trace.gradients):
            return self.trace
        forward, *gradients = recognised((self.trace.forward, *self.trace.gradients)).terms
        return Traced(self.trace.inputs, forward, tuple(gradients))

    def _obligation(self, gradients: tuple[Term, ...]) -> Obligation:
        from verify.proof.obligation import Obligation

        assert isinstance(self.trace, Traced)
        name, inputs = self.operation.name, self.row.inputs
        return Obligation(name, inputs, self.definition, self.domain, self.trace.forward, gradients)

    # -------------------------------------------------------------------------------------------- telling of it

    def finding(self, check: Check | str, verdict: Verdict, message: str, **more: Any) -> Finding:
        """A finding about this case."""
        from verify.checks import checks_of

        if isinstance(check, str):
            check = next(c for c in checks_of(self.operation.large) if c.name == check)
        return Finding(
            self.operation.name,
            check.question,
            verdict,
            check.name,
            message,
            case=self.row.case,
            source=self.operation.source,
            **more,
        )

    def shown(self, point: Point) -> str:
        """The point for a reader: x = 0.7, y = 2."""
        return ", ".join(f"{n} = {v!r}" for n, v in zip(self.row.inputs, point, strict=True))

    def exact(self, point: Point) -> dict[str, str]:
        """The point for a machine, exact."""
        return {n: hexadecimal(v) for n, v in zip(self.row.inputs, point, strict=True)}

    def rerun(self, point: Point) -> str:
        """The command that shows this point again."""
        return self.operation.rerun(self.options.seed, self.exact(point))


def _sample(operation: Operation, point: Point) -> Sample:
    try:
        run = operation.run(point)
    except Exception as error:  # the subject's own code may raise anything; the check of extremes judges it
        return Sample(point, None, (), error)
    try:
        out, slopes = number(run.out), tuple(map(number, run.gradients))
    except (TypeError, ValueError, OverflowError) as error:
        return Sample(point, None, (), error)
    return Sample(point, out, slopes, None, touched(operation.inputs, point, run, 1.0))


def number(x: Any) -> float:
    """What a subject answered, as a float.

    Raises TypeError for an answer that is no real number, OverflowError for one beyond all floats.
    """
    if type(x) is float:
        return x
    if not hasattr(x, "__float__"):
        raise TypeError(f"the answer {x!r} ({type(x).__name__}) is no real number")
    return float(x)


def touched(inputs: tuple[str, ...], point: Point, run: Run, upstream: float) -> tuple[str, Any, Any] | None:
    """The first of the operands' data, the output's data and its gradient that is not what it was."""
    if run.data == point and run.out_after == run.out and run.upstream_after == upstream:
        return None
    names = (*[f"{name}.data" for name in inputs], "out.data", "out.grad")
    was, now = (*point, run.out, upstream), (*run.data, run.out_after, run.upstream_after)
    changed = ((n, a, b) for n, a, b in zip(names, was, now, strict=True) if a != b and repr(a) != repr(b))
    return next(changed, None)  # a NaN is not equal to itself, and yet it is what it was


def _digits(x: float) -> int:
    """Digits of the fraction that the float is."""
    p, q = x.as_integer_ratio()
    return p.bit_length() + q.bit_length()


def _on_any(values: tuple[Any, ...], sizes: list[int]) -> bool:
    """Whether all expressions of some corner are zero."""
    start = 0
    for size in sizes:
        if all(v.contains(0) for v in values[start : start + size]):
            return True
        start += size
    return False
