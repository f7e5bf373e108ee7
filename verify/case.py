"""A case: one operation beside its row, and what the checks share about it: trace, terms, points, truths."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.mirror import Row
from verify.numbers.domain import Domain, domain_of
from verify.numbers.doubled import Doubled
from verify.numbers.faithful import Unfaithful, unfaithful
from verify.numbers.points import Point, Points, points
from verify.numbers.reference import Reference, Status
from verify.numbers.truths import Truths, screened, zero_at
from verify.numbers.ulps import hexadecimal
from verify.samples import Samples, sampled
from verify.subjects.operation import Operation, Traced
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import Condition, Term, constant, substitute, symbol

if TYPE_CHECKING:
    from verify.checks import Check
    from verify.identity.looks import Looks
    from verify.options import Options
    from verify.proof.enclose import Enclosure
    from verify.proof.obligation import Obligation
    from verify.proof.result import Proof


_ABOUT = 3  # 1/8 to 8 is a size about one
_LOOKED = 64  # points at which a trace that is not proved is held against floats


class Case:
    """An operation with its constants fixed, its row, and everything worked out about them so far."""

    def __init__(self, operation: Operation, row: Row, options: Options) -> None:
        self.operation = operation
        self.row = row
        self.options = options
        self._whole: Proof | None = None

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
        """The operation run on symbols; what stopped it, or that it is another rule there than on floats."""
        from verify.proof.result import Status

        found = self._traced
        if isinstance(found, Exception) or self.operation.compiled or self._decided(found).status is Status.PROVED:
            return found
        return self._unfaithful(found) or found

    @property
    def untraced(self) -> str:
        """Why there is no trace to prove, in words; "" where there is one."""
        if not isinstance(self.trace, Exception):
            return ""
        if isinstance(self.trace, Unfaithful):
            return f"the rule is another one on symbols ({self.trace})"
        return f"the rule does not run on symbols ({in_a_line(self.trace)})"

    @cached_property
    def _traced(self) -> Traced | Exception:
        try:
            return self.operation.traced()
        except Exception as error:  # the subject's own code may raise anything
            return error

    def _unfaithful(self, traced: Traced) -> Unfaithful | None:
        """What shows, at the plainest points, that the trace is not the rule; None if nothing does."""
        chosen = self.points.plainest(_LOOKED)
        answers = zip(*(column[chosen].tolist() for column in self.samples.slopes), strict=True)
        corners = self.at_corner[chosen].tolist()
        truths = (None if at else t for at, t in zip(corners, self.truths.at(chosen.tolist()), strict=True))
        looked = zip(self.points.where(chosen), answers, truths, strict=True)
        return unfaithful(substitute(traced.gradients, self._seeds), self.row.inputs, looked)

    @property
    def _seeds(self) -> dict[Term, Term]:
        """An upstream of one, and nothing accumulated before."""
        from verify.proof.obligation import UPSTREAM, accumulated

        return {symbol(UPSTREAM): constant(1), **{symbol(accumulated(n)): constant(0) for n in self.row.inputs}}

    @cached_property
    def samples(self) -> Samples:
        """The operation at every point."""
        return sampled(self.operation, self.points)

    @property
    def silent(self) -> str:
        """Why there is nothing to judge: it raises at every point.  "" where it answers at one."""
        errors = self.samples.errors
        if not self.samples or len(errors) < len(self.samples):
            return ""
        return f"the rule has no answer at any of {len(self.samples)} points ({in_a_line(errors[0])})"

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
    def points(self) -> Points:
        """Where the rule is looked at: the point that was asked for first, then the generated ones."""
        name = f"{self.operation.name} {self.row.case}".strip()
        places = [place for corner in self.row.corners for place in corner.places]
        generated = points(name, self.region, places, self.options.points, self.options.seed)
        least = self.operation.flushes
        if least:
            flushed = [(0 < abs(column)) & (abs(column) < least) for column in generated.columns]
            generated = generated.where(~np.logical_or.reduce(flushed))
        return generated.after(self.asked) if self.asked else generated

    @cached_property
    def asked(self) -> Point:
        """The point that the user asked for, empty if none (or not one for these operands)."""
        asked = dict(self.options.point)
        return tuple(asked[name] for name in self.row.inputs) if all(n in asked for n in self.row.inputs) else ()

    @cached_property
    def truths(self) -> Truths:
        """The true slopes at every point."""
        slopes = None if self.screened is None else self.screened[1:]
        return Truths(self.slopes, self.row.inputs, self.points, self.operation.flushes, slopes)

    @cached_property
    def screened(self) -> list[Doubled] | None:
        """The value and the slopes at every point as the screen has them, if it can have them."""
        return screened((self.stable, *self.slopes), self.row.inputs, self.points)

    @cached_property
    def usual(self) -> tuple[float, ...]:
        """The usual size of each slope, where the operands are of a size about one; lost digits are small beside it."""
        sizes = [abs(column) for column in self.points.columns]
        near = np.logical_and.reduce([(2.0**-_ABOUT < size) & (size < 2.0**_ABOUT) for size in sizes])
        known = [near & self.truths.has(Status.KNOWN, i) for i in range(len(self.row.inputs))]
        slopes = [abs(nearest[mask]) for nearest, mask in zip(self.truths.nearest, known, strict=True)]
        return tuple(float(np.median(found)) if len(found) else 0.0 for found in slopes)

    @cached_property
    def values(self) -> Reference:
        """The true value of the operation, at any point."""
        return Reference([self.stable], self.row.inputs, flushes=self.operation.flushes)

    @cached_property
    def at_corner(self) -> NDArray[np.bool_]:
        """Which points lie on a corner or a tie."""
        found = np.zeros(len(self.points), dtype=bool)
        for corner in self.row.corners:
            zeros = [zero_at(from_sympy(e), self.row.inputs, self.points) for e in corner.at]
            found |= np.logical_and.reduce(zeros)
        return found

    # ----------------------------------------------------------------------------------------------- the proof

    @cached_property
    def proof(self) -> Proof | None:
        """The whole obligation: each gradient is acc + g·slope.  None where the rule does not run on symbols."""
        return self._decided(self.trace) if isinstance(self.trace, Traced) else None

    def _decided(self, traced: Traced) -> Proof:
        if self._whole is None:
            from verify.proof.ladder import decided

            self._whole = decided(self._obligation(traced, traced.gradients))
        return self._whole

    @cached_property
    def rule_proof(self) -> Proof | None:
        """The rule alone, as the slope it gives for an upstream of one: how it is wired left aside."""
        from verify.proof.ladder import decided
        from verify.proof.obligation import UPSTREAM, accumulated
        from verify.proof.result import Status

        proof = self.proof
        if proof is None or isinstance(self.trace, Exception) or proof.status is Status.PROVED:
            return proof
        rules = substitute(self.trace.gradients, self._seeds)
        g = symbol(UPSTREAM)
        gradients = tuple(symbol(accumulated(n)) + g * r for n, r in zip(self.row.inputs, rules, strict=True))
        return decided(self._obligation(self.trace, gradients))

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

    def _obligation(self, traced: Traced, gradients: tuple[Term, ...]) -> Obligation:
        from verify.proof.obligation import Obligation, among_reals

        name, inputs = self.operation.name, self.row.inputs
        definition, forward, *rules = among_reals((self.definition, traced.forward, *gradients))
        return Obligation(name, inputs, definition, self.domain, forward, tuple(rules))

    # -------------------------------------------------------------------------------------------- telling of it

    def finding(self, check: Check | str, verdict: Verdict, message: str, of: str = "", **more: Any) -> Finding:
        """A finding about this case; ``of``: the operand whose line is told, where the finding is not of it alone."""
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
            source=self.operation.source_of(of or more.get("operand", "")),
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
