"""A case: one operation with its spec, and what the checks share: trace, terms, points, reference values."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.arithmetics.ulps import FLOAT64, FORMATS, Format, hexadecimal
from backproof.verify.checks.samples import Samples, sampled
from backproof.verify.checks.table import Check
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.domain import Domain, domain_of
from backproof.verify.numerics.points import Point, Points, points
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.numerics.reference_values import ReferenceValues, screened, zero_at
from backproof.verify.numerics.seams import seams
from backproof.verify.numerics.trace_agreement import Leaking, Unfaithful, unfaithful
from backproof.verify.numerics.typical import sizes_about_one
from backproof.verify.numerics.working_range import bounded, inside
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.operation import Operation, Traced
from backproof.verify.support.errors import NO_TRACE, in_a_line
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.ledger import Entry
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Condition, Term, constant, substitute, symbol, topological
from backproof.verify.tracing.stopped import Stopped

if TYPE_CHECKING:
    from backproof.verify.checks.relation import OwnForward
    from backproof.verify.config.options import Options
    from backproof.verify.proof.bound_residual import Enclosure
    from backproof.verify.proof.obligation import Obligation
    from backproof.verify.proof.result import Proof


UNSEEN, SLIGHT, KEPT = 2.0**-50, 2.0**-40, 2.0**-28  # see `Case.negligible`
_BITS = 256
_ABOUT = 3  # 1/8 to 8 is a size about one
_LOOKED = 64  # points at which a trace that is not proved is compared with floats


class Case:
    """An operation with its constants fixed, its spec, and everything computed about them so far."""

    def __init__(self, operation: Operation, spec: Spec, options: Options) -> None:
        self.operation = operation
        self.spec = spec
        self.options = options
        self._whole: Proof | None = None
        self.own: OwnForward | None = None
        self.judged: Case | None = None  # this one or that of the operation's own forward, once that is decided

    # ------------------------------------------------------------------------------------- what the mirror says

    @cached_property
    def definition(self) -> Term:
        """The spec's function."""
        return from_sympy(self.spec.definition)

    @cached_property
    def stable(self) -> Term:
        """The spec's function, in the form that interval arithmetic evaluates furthest."""
        return from_sympy(self.spec.stable)

    @cached_property
    def partials(self) -> tuple[Term, ...]:
        """The spec's partial derivatives by SymPy, in the form that interval arithmetic evaluates furthest."""
        return tuple(map(from_sympy, self.spec.stable_derivatives))

    @cached_property
    def domain(self) -> Condition:
        """Where the operation has a value."""
        return condition_from_sympy(self.spec.domain)

    # ------------------------------------------------------------------------------------ what the subject does

    @cached_property
    def trace(self) -> Traced | Exception:
        """The operation run on symbols; else what stopped it, or that it differs there from the rule on floats."""
        from backproof.verify.proof.result import Status

        found = self._traced
        if isinstance(found, Traced) and found.leaks:
            return Leaking(found.leaks)
        if isinstance(found, Exception) or self.operation.compiled or self._decided(found).status is Status.PROVED:
            return found
        return self._unfaithful(found) or found

    @property
    def untraced(self) -> str:
        """Why there is no trace to prove, in words; "" where there is one."""
        if not isinstance(self.trace, Exception):
            return ""
        if isinstance(self.trace, Leaking):
            return str(self.trace)
        if isinstance(self.trace, Unfaithful):
            return f"the rule computes something else on symbols than on floats ({self.trace})"
        if isinstance(self.trace, Stopped):
            return f"the rule does not run on symbols ({self.trace.by})"
        return f"the rule does not run on symbols ({in_a_line(self.trace)})"

    @property
    def moved(self) -> list[tuple[int, str]]:
        """The operands that are differentiated, with their places: all but data and the like."""
        held = self.operation.held
        return [(i, name) for i, name in enumerate(self.spec.inputs) if name not in held]

    @cached_property
    def format(self) -> Format:
        """The narrowest format of floats that the code computes in: its digits are those that a rule can have."""
        narrow = self._traced.formats if isinstance(self._traced, Traced) else ()
        names = [*narrow, self.operation.format_of_results()]
        return min((FORMATS[name] for name in names), key=lambda fmt: fmt.precision)

    @property
    def good(self) -> float:
        """The relative error of a right result: 2**-40 in double precision, half of the digits in others."""
        return 2.0**-40 if self.format is FLOAT64 else 2.0 ** -(self.format.precision // 2)

    @property
    def bad(self) -> float:
        """The relative error of another number."""
        return 1e-6 if self.format is FLOAT64 else 8 * self.good

    @property
    def slight(self) -> float:
        """An error this small, relative to the usual size of the derivative, is lost digits."""
        return 1e-9 if self.format is FLOAT64 else self.good

    @property
    def guards(self) -> tuple[Entry, ...]:
        """Events of floats that the rule asks about, which real numbers do not have: the proof passes over them."""
        if isinstance(self.trace, Exception):
            return ()
        terms = topological(self.trace.forward, *self.trace.gradients)
        special = [t for t in terms if isinstance(t, Condition) and any(arg.op == "special" for arg in t.args)]
        return (*self.trace.guards, *(Entry(f"the comparison {written(t)}") for t in special))

    @property
    def leaking_trace(self) -> Traced | None:
        """The trace that is not relied on, for the code may be another function elsewhere; None if there is none."""
        return self._traced if isinstance(self._traced, Traced) and self._traced.leaks else None

    @cached_property
    def _traced(self) -> Traced | Exception:
        try:
            return self.operation.traced()
        except NO_TRACE as error:
            return error

    def _unfaithful(self, traced: Traced) -> Unfaithful | None:
        """Evidence, at the plainest points, that the trace is not the rule; None if there is none."""
        chosen = self.points.plainest(_LOOKED)
        results = zip(*(column[chosen].tolist() for column in self.samples.partials), strict=True)
        kinks = self.at_kink[chosen].tolist()
        values = self.reference_values.at(chosen.tolist())
        reference_values = (None if at else t for at, t in zip(kinks, values, strict=True))
        looked = zip(self.points.where(chosen), results, reference_values, strict=True)
        return unfaithful(substitute(traced.gradients, self.seeds), self.spec.inputs, looked)

    @property
    def seeds(self) -> dict[Term, Term]:
        """An upstream gradient of one, and nothing accumulated before."""
        from backproof.verify.proof.obligation import UPSTREAM, accumulated

        return {symbol(UPSTREAM): constant(1), **{symbol(accumulated(n)): constant(0) for n in self.spec.inputs}}

    @cached_property
    def samples(self) -> Samples:
        """The operation at every point."""
        return sampled(self.operation, self.points)

    @property
    def no_result_reason(self) -> str:
        """Why there is nothing to check: the rule raises at every point.  "" if it returns at one."""
        errors = self.samples.errors
        if not self.samples or len(errors) < len(self.samples):
            return ""
        return f"forward or backward fails at all {len(self.samples)} points ({in_a_line(errors[0])})"

    @property
    def no_point_is_known(self) -> bool:
        """There is no point at which the rule returns a result and the reference has a value."""
        known = [self.reference_values.has(Status.KNOWN, i) for i in range(len(self.spec.inputs))]
        return not np.any(np.logical_and.reduce(known) & self.samples.returned)

    # ---------------------------------------------------------------------------------------------- the points

    @cached_property
    def region(self) -> Domain:
        """The domain, as the sampler sees it."""
        conditions = [self.domain, *bounded(self.operation.bounds)]
        if self.operation.sampled_region is not None:
            conditions.append(self.operation.sampled_region)
        return domain_of(reduce(and_, conditions), self.spec.inputs)

    @cached_property
    def points(self) -> Points:
        """The points at which the rule is evaluated: the requested point, the generated ones, the seams of the code."""
        found = self._generated.and_also(self._seams)
        return found.after(self.requested_point) if self.requested_point else found

    @property
    def before_seams(self) -> int:
        """How many of the points come before the seams: those are spread, and the seams crowd around a few places."""
        return len(self._generated) + bool(self.requested_point)

    @cached_property
    def _generated(self) -> Points:
        name = f"{self.operation.name} {self.spec.case}".strip()
        places = [place for kink in self.spec.kinks for place in kink.places]
        generated = points(name, self.region, places, self.options.points, self.options.seed)
        least = self.operation.flush_to_zero_below
        if least:
            flushed = [(0 < abs(column)) & (abs(column) < least) for column in generated.columns]
            generated = generated.where(~np.logical_or.reduce(flushed))
        return generated

    @cached_property
    def _seams(self) -> Points:
        """Where the code may change its behaviour on floats.

        Our own engine has no such places but those that every operation is asked at: its rules hold no constants and do
        not branch (tests/test_repository.py).
        """
        traced, inputs = self._traced, self.spec.inputs
        if self.operation.matches_mirror_kinks or self.options.points == 0:
            return Points([np.empty(0)] * len(inputs))
        if isinstance(traced, Exception):
            return seams((), self.operation.constants_of_code(), inputs, self.region)
        roots = substitute((traced.forward, *traced.gradients, *traced.asked), self.seeds)
        return seams(roots, self.operation.constants_of_code(), inputs, self.region)

    @cached_property
    def in_working_range(self) -> NDArray[np.bool_]:
        """For each point, whether it lies in the working range: what fails elsewhere is fragile, and no failure."""
        return inside(self.points.columns, self.spec.inputs, self.operation.bounds, self.format.name)

    def is_in_working_range(self, point: Point) -> bool:
        """Whether this point does, which need not be one of them."""
        columns = [np.array([x]) for x in point]
        return bool(inside(columns, self.spec.inputs, self.operation.bounds, self.format.name)[0])

    @cached_property
    def in_range_of_format(self) -> NDArray[np.bool_]:
        """The points at which a rule in its own format is held to the derivative: all in double precision.

        In float32 numbers overflow at 3e38, so that beyond the working range a result says nothing of the formula.
        """
        return np.ones(len(self.points), dtype=bool) if self.format is FLOAT64 else self.in_working_range

    @cached_property
    def requested_point(self) -> Point:
        """The point that the user requested; empty if none (or not one for these operands)."""
        named = dict(self.options.point)
        return tuple(named[name] for name in self.spec.inputs) if all(n in named for n in self.spec.inputs) else ()

    @cached_property
    def reference_values(self) -> ReferenceValues:
        """The true derivatives at every point."""
        partials = None if self.screened is None else self.screened[1:]
        least = self.operation.flush_to_zero_below
        return ReferenceValues(self.derivatives, self.spec.inputs, self.points, least, partials)

    @cached_property
    def derivatives(self) -> BallProgram:
        """The spec's partial derivatives as functions of intervals: compiled once for all checks."""
        return BallProgram(self.partials, self.spec.inputs)

    @cached_property
    def screened(self) -> list[Doubled] | None:
        """The value and the derivatives at every point as the screen computes them, if it can."""
        return screened((self.stable, *self.partials), self.spec.inputs, self.points)

    @cached_property
    def typical_size(self) -> tuple[float, ...]:
        """The usual size of each derivative for operands of size about one; lost digits are small relative to it."""
        sizes = [abs(column) for column in self.points.columns]
        near = np.logical_and.reduce([(2.0**-_ABOUT < size) & (size < 2.0**_ABOUT) for size in sizes])
        known = [near & self.reference_values.has(Status.KNOWN, i) for i in range(len(self.spec.inputs))]
        partials = [abs(nearest[mask]) for nearest, mask in zip(self.reference_values.nearest, known, strict=True)]
        return tuple(map(_median, partials))

    @cached_property
    def values(self) -> Reference:
        """The true value of the operation, at any point."""
        return Reference([self.stable], self.spec.inputs, flush_to_zero_below=self.operation.flush_to_zero_below)

    @cached_property
    def at_kink(self) -> NDArray[np.bool_]:
        """Which points lie on a kink or a tie."""
        found = np.zeros(len(self.points), dtype=bool)
        for kink in self.spec.kinks:
            zeros = [zero_at(from_sympy(e), self.spec.inputs, self.points) for e in kink.at]
            found |= np.logical_and.reduce(zeros)
        return found

    # ----------------------------------------------------------------------------------------------- the proof

    @cached_property
    def proof(self) -> Proof | None:
        """The full proof obligation: each gradient is acc + g·derivative.  None if the rule does not run on symbols."""
        return self._decided(self.trace) if isinstance(self.trace, Traced) else None

    def _decided(self, traced: Traced) -> Proof:
        if self._whole is None:
            from backproof.verify.proof.decide import decided
            from backproof.verify.proof.within_bounds import within_bounds

            self._whole = within_bounds(decided(self._obligation(traced, traced.gradients)), self.operation.bounds)
        return self._whole

    @property
    def obligation(self) -> Obligation | None:
        """What `proof` is a proof of, before anything is proved; None if the rule does not run on symbols."""
        found = self._traced
        return None if isinstance(found, Exception) else self._obligation(found, found.gradients)

    @cached_property
    def rule_proof(self) -> Proof | None:
        """The rule alone, as the derivative it returns for an upstream gradient of one; its wiring left aside."""
        from backproof.verify.proof.decide import decided
        from backproof.verify.proof.obligation import UPSTREAM, accumulated
        from backproof.verify.proof.result import Status
        from backproof.verify.proof.within_bounds import within_bounds

        proof = self.proof
        if proof is None or isinstance(self.trace, Exception) or proof.status is Status.PROVED:
            return proof
        rules = substitute(self.trace.gradients, self.seeds)
        g = symbol(UPSTREAM)
        gradients = tuple(symbol(accumulated(n)) + g * r for n, r in zip(self.spec.inputs, rules, strict=True))
        return within_bounds(decided(self._obligation(self.trace, gradients)), self.operation.bounds)

    @property
    def proved(self) -> bool:
        """The rule is proved, and a check may rely on it (none does where each is evaluated by itself)."""
        from backproof.verify.proof.result import Status

        proof = None if self.options.alone else self.rule_proof
        return proof is not None and proof.status is Status.PROVED

    @cached_property
    def residual_bounds(self) -> tuple[Enclosure, ...]:
        """Bounds of rule - derivative where only the rounding of literals prevents a proof."""
        from backproof.verify.proof.decide import within

        return within(self.rule_proof) if self.rule_proof is not None else ()

    @cached_property
    def negligible(self) -> tuple[Enclosure, ...]:
        """Bounds of the difference to the spec behind a switch that no float shows: softplus as x beyond 40.

        The rule is proved on some cells.  On the others it differs, at all points, by less than `UNSEEN` of the
        derivative or of its size for operands about one, which is rounding; or by less than `SLIGHT` of that size and
        `KEPT` of the derivative, so that most digits are right.  The same holds for the value of the forward.  A bound
        of `SLIGHT` of the size is shown as far as `verify.proof.decide.negligible` has one.
        """
        from backproof.verify.proof.decide import negligible

        proof, trace = self.rule_proof, self.trace
        if proof is None or isinstance(trace, Exception) or len(self.spec.inputs) != 1:
            return ()
        value, partial = sizes_about_one((self.stable, *self.partials), self.spec.inputs, self.region)
        if not (0 < value < math.inf and 0 < partial < math.inf):
            return ()
        if not self._differs_negligibly(trace, value, partial):
            return ()
        return negligible(proof, Fraction(value * SLIGHT), Fraction(partial * SLIGHT))

    def _differs_negligibly(self, trace: Traced, *sizes: float) -> bool:
        rules = substitute((trace.forward, *trace.gradients), self.seeds)
        ours = BallProgram((*rules, self.stable, *self.partials), self.spec.inputs)
        with ctx.workprec(_BITS):
            for place in self.points[:]:
                *found, value, partial = ours(*map(arb, place))
                for one, expected, size in zip(found, (value, partial), sizes, strict=True):
                    rounding = UNSEEN * abs(expected).max(arb(size))
                    bar = rounding.max((KEPT * abs(expected)).min(arb(SLIGHT * size)))
                    if expected.is_finite() and not abs(one - expected) <= bar:
                        return False
        return True

    @cached_property
    def recognised_trace(self) -> Traced | None:
        """The trace as it was proved: with the constants that its literals stand for, if the proof rests on them.

        A trace that the prover cannot read is taken the same way.
        """
        from backproof.verify.proof.field.interpret import unread
        from backproof.verify.proof.recognise_constants import recognised

        if isinstance(self.trace, Exception) or self.rule_proof is None:
            return None
        if not self.rule_proof.assumptions and not unread(self.trace.forward, *self.trace.gradients):
            return self.trace
        forward, *gradients = recognised((self.trace.forward, *self.trace.gradients)).terms
        return Traced(self.trace.inputs, forward, tuple(gradients))

    def _obligation(self, traced: Traced, gradients: tuple[Term, ...]) -> Obligation:
        from backproof.verify.proof.obligation import Obligation, among_reals

        name, inputs = self.operation.name, self.spec.inputs
        definition, forward, *rules = among_reals((self.definition, traced.forward, *gradients))
        return Obligation(name, inputs, definition, self.domain, forward, tuple(rules), self.operation.held)

    # -------------------------------------------------------------------------------------------- reporting

    @property
    def title(self) -> str:
        """The operation's name, and its constants: power (n = 3)."""
        return f"{self.operation.name} ({self.spec.case})" if self.spec.case else self.operation.name

    def finding(self, check: Check, verdict: Verdict, message: str, of: str = "", **more: Any) -> Finding:
        """A finding about this case; ``of``: the operand whose source line is reported, if not ``operand``."""
        return check.finding(self.operation, self.spec.case, verdict, message, of, **more)

    def shown(self, point: Point) -> str:
        """The point in readable form: x = 0.7, y = 2."""
        return ", ".join(f"{n} = {v!r}" for n, v in self.operation.coordinates(point))

    def exact(self, point: Point) -> dict[str, str]:
        """The point in machine-readable form, exact."""
        return {n: hexadecimal(v) for n, v in zip(self.spec.inputs, point, strict=True)}

    def rerun(self, point: Point) -> str:
        """The command that reproduces this point."""
        return self.operation.rerun(self.options.seed, self.exact(point))


def _median(sizes: NDArray[np.float64]) -> float:
    """The median, 0 of none: `np.median` would load NumPy's masked arrays, in every worker."""
    count = len(sizes)
    return float(np.sort(sizes)[(count - 1) // 2 : count // 2 + 1].mean()) if count else 0.0
