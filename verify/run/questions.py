"""One derivative of one function: how what it returns is read, row by row, and what else a wrong one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.checks.proof import verdict_of
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.numerics.trace_agreement import Leaking
from backproof.verify.proof.decide import decided
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated, among_reals
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts import diagnosis
from backproof.verify.subjects.contracts.along import Along
from backproof.verify.subjects.contracts.arguments import Arguments
from backproof.verify.subjects.contracts.claim import Claim, Code, Source, values_on_symbols
from backproof.verify.subjects.contracts.readings import (
    OTHERS,
    Reading,
    entries,
    readings,
    refused,
    standard,
)
from backproof.verify.subjects.contracts.readings import (
    what as shown,
)
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.contracts.where import Domain, limited, shape_of, way_out
from backproof.verify.subjects.contracts.whole import WholeClaim
from backproof.verify.subjects.functions.arguments import as_term, is_function, kinks_of
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.operation import Shape
from backproof.verify.subjects.subject import Specified
from backproof.verify.support.errors import NO_TRACE, NotTraced, SubjectError, UsageError, in_a_line
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import TRUE, Condition, Term, symbol, symbols_of
from backproof.verify.tracing.branches import TooManyPaths

MOST_ROWS, MOST_PARTIALS, MOST_USED = 256, 512, 18
"""What is verified row by row: rows, entries of the matrix, and entries that a row depends on, as the prover knows 40
functions.  A larger Jacobian is traced along points, and compared in finite fields and with differences."""

PLACES = 6  # where it is looked at before anything is proved


@dataclass(frozen=True)
class Asked:
    """What is asked about, as the user gave it.

    called: the function's name in a report; command: the call, as far as it can be typed again
    """

    function: Callable[..., Any]
    called: str
    command: str
    arguments: Arguments
    where: Domain
    definition: Any = None
    kinks: Any = ()
    layout: str | None = None
    bounds: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def as_a_whole(asked: Asked, claim: Claim, name: str, why: str) -> list[Specified]:
    """A claim that is large, or that does not run on symbols, for which ``why`` is the reason."""
    where, arguments = asked.where, claim.arguments
    if where.charts:
        raise UsageError(f"{asked.called}: along {where.told} it must run on symbols, and does not ({why})")
    if next(where.places(), None) is None:
        raise UsageError(f"{asked.called}: no point was found inside of the domain and the bounds")
    bounds = {one: pair for one, pair in asked.bounds.items() if one in arguments.names}
    made = WholeClaim(claim, name, why, bounds, TRUE if where.condition is None else where.condition)
    made.problem, made.command = made.complaint(), asked.command
    return [(made, None)]


@dataclass
class Derivative:
    """One derivative of one function, and how it is answered: its cases, whether all are proved, how it was read."""

    asked: Asked
    what: str
    value: Source
    code: Code
    label: str = ""
    cases: list[Specified] = field(default_factory=list)
    proved: bool = False
    refuted: bool = False
    spoils: bool = False
    reading: Reading | None = None

    def answered(self) -> Derivative:
        """Itself, with its cases.  Raises UsageError."""
        asked, arguments, where = self.asked, self.asked.arguments, self.asked.where
        shape = shape_of(self.value, arguments, where, f"{asked.called}: the function")
        result = self._result()
        names = (asked.layout,) if asked.layout is not None else standard(result)
        fitting = readings(result, shape, arguments, names)
        others = [] if asked.layout is not None else readings(result, shape, arguments, OTHERS)
        if not fitting and not others:
            raise UsageError(f"{self.what}: {refused(result, shape, arguments)}")
        claim = Claim(self.value, self.code, arguments, shape, (fitting or others)[0])
        self.reading = (fitting or others)[0]
        claim.points, claim.spoils = tuple(islice(where.places(), PLACES)), self.spoils
        if where.charts:
            claim.admits = lambda _: False  # a point beside one of the set is not on it
        elif where.allowed is not None:
            claim.admits = where.allowed.admits
        name = f"{asked.called}.{self.what}"
        large = claim.count > MOST_ROWS or claim.count * len(arguments.moved) > MOST_PARTIALS
        large = large or isinstance(claim.traced, TooManyPaths)  # one of which a point takes
        why = "" if large or isinstance(claim.traced, Exception) else unfaithful(claim) or underived(claim)
        if large or why or isinstance(claim.traced, Exception) or widest(claim) > MOST_USED:
            if not fitting:
                raise UsageError(f"{self.what}: {refused(result, shape, arguments)}")
            stopped = what_stopped(claim.traced) if not large and isinstance(claim.traced, Exception) else why
            self.cases = as_a_whole(asked, claim, name, stopped)
            return self
        self._rows(claim, name)
        if not self.proved:
            self._explain(claim, fitting[1:], others)
        elif not fitting:
            self._read_otherwise(result, shape)
        return self

    def _result(self) -> Any:
        """What the derivative returns at the first point where it returns something."""
        refusal: SubjectError | None = None
        for place in self.asked.where.places():
            given = self.asked.arguments.values
            try:
                with np.errstate(all="ignore"), subject_code:
                    before = self._value(given(place))
                    result = self.code.result(self.code.function, given(place))
                    after = self._value(given(place))
                self.spoils = before is not None and not np.array_equal(before, after, equal_nan=True)
                return result
            except RuleError:
                raise
            except SubjectError as error:  # possibly a point outside its domain
                refusal = refusal or error
        if refusal is None:
            raise UsageError(f"{self.what}: no point was found inside of the domain and the bounds")
        why = in_a_line(refusal)
        raise UsageError(f"{self.what} fails at every point that was tried ({why}): {way_out(refusal)}")

    def _value(self, given: dict[str, Any]) -> Any:
        """The function's value as floats, to see whether the derivative changes what it is made of."""
        if not isinstance(self.value, Code):
            return None
        return np.array(entries(self.value.result(self.value.function, given)), dtype=float)

    def _rows(self, claim: Claim, name: str) -> None:
        asked, traced = self.asked, claim.traced
        assert not isinstance(traced, Exception)
        if asked.where.charts:
            self._along(claim, name)
            return
        for place in range(claim.count):
            row = Row(claim, place, name, asked.command, separate=asked.where.separate)
            meant = self._meant(row, traced.values[place])
            label = ", ".join(filter(None, (row.label, self.label)))
            bends = kinks_of(asked.kinks, row.inputs)
            self.cases.append(limited(row, meant, asked.where, natural_domain(meant), label, bends))
        self._judge(leaks=bool(traced.leaks))

    def _judge(self, *, leaks: bool) -> None:
        """Whether all rows are proved, or one is refuted."""
        verdicts = [proof_verdict(*case) for case in self.cases]
        self.proved = not leaks and all(verdict is Verdict.PROVED for verdict in verdicts)
        self.refuted = Verdict.REFUTED in verdicts

    def _along(self, claim: Claim, name: str) -> None:
        """The same along the set that equations describe, chart by chart; and whether it holds in all directions."""
        asked, traced, where = self.asked, claim.traced, self.asked.where
        assert not isinstance(traced, Exception)
        if asked.kinks:
            raise UsageError("kinks: along a set that equations describe none can be declared")
        true = diagnosis.true_partials(traced.values, asked.arguments.moved)
        for place, chart in product(range(claim.count), where.charts):
            row = Along(claim, place, name, asked.command, chart)
            own = row.definition
            if self._meant(row, own) is not own:
                (own,) = row.moved_to_chart(self._meant(row, own))
            pairs = zip(row.moved_to_chart(*traced.matrix[place]), row.moved_to_chart(*true[place]), strict=True)
            in_full = all(equal(ours, meant, chart.condition) for ours, meant in pairs)
            directions = "in all directions" if in_full else "not as the gradient in all directions"
            row.wanted = f"the derivative of {written(traced.values[place], 60)} along {where.told}"
            row.remark = f"along {where.told}, {directions}"
            self.cases.append(limited(row, own, where, TRUE, ", ".join(filter(None, (row.label, self.label)))))
        self._judge(leaks=bool(traced.leaks))

    def _meant(self, row: Row, own: Term) -> Term:
        """What the function is meant to compute."""
        asked = self.asked
        if asked.definition is None or not isinstance(self.value, Code) or self.value.function is not asked.function:
            return own
        row.own_definition = False
        if is_function(asked.definition):
            try:
                meant = values_on_symbols(replace(self.value, function=asked.definition), asked.arguments)
            except NO_TRACE as error:
                raise UsageError(f"definition: it does not run on symbols ({in_a_line(error)})") from None
            if len(meant) != row.claim.count:
                raise UsageError(f"definition: it returns {len(meant)} numbers, the function {row.claim.count}")
            return meant[row.place]
        if row.claim.count > 1:
            raise UsageError(f"definition: of {row.claim.count} outputs it must be a function, not a formula")
        return as_term("definition", asked.definition, row.claim.arguments.entries(), False)

    def _explain(self, claim: Claim, standard_ones: Sequence[Reading], others: Sequence[Reading]) -> None:
        """Say what else it is, where that is proved: another layout, or a known mistake."""
        for reading in (*standard_ones, *others):
            if self._holds_as(claim.read_as(reading)):
                self._likely(AS[reading.name])
                return
        traced = claim.traced
        if isinstance(traced, Exception) or traced.leaks:
            return
        arguments = self.asked.arguments
        true = diagnosis.true_partials(traced.values, arguments.moved)
        self._likely(diagnosis.diagnosed(traced.matrix, true, arguments, self.asked.where.places(), self._are_equal))

    def _likely(self, message: str) -> None:
        for operation, _ in self.cases:
            operation.likely = message  # type: ignore[attr-defined]  # rows, all of them

    def _holds_as(self, claim: Claim) -> bool:
        traced = claim.traced
        if isinstance(traced, Exception):
            return False
        rows = [Row(claim, place, "reading", "", separate=self.asked.where.separate) for place in range(claim.count)]
        values = traced.values
        return all(
            is_proved(*limited(row, values[row.place], self.asked.where, natural_domain(values[row.place]), ""))
            for row in rows
        )

    def _read_otherwise(self, result: Any, shape: Shape) -> None:
        """Accepted where only the layout is another one; a sum over observations is not what the caller gets."""
        assert self.reading is not None
        if self.reading.name == "per observation":
            sizes = shown(result)
            raise UsageError(
                f"{self.what} returned {sizes} for one number; the sum over its rows is the gradient (proved): "
                "pass the function that returns one number an observation, or the sum"
            )
        for operation, _ in self.cases:
            operation.remark = 'read as columns: say layout="columns"'  # type: ignore[attr-defined]

    def _are_equal(self, pairs: Sequence[diagnosis.Pair]) -> bool:
        """Whether pairs of terms are proved equal in the domain."""
        where = self.asked.where
        return all(equal(ours, true, where.of(symbols_of(ours, true))) for ours, true in pairs)


AS = {
    "rows": "read by rows it is the Jacobian (proved)",
    "partials": "read as one part for each input it is the derivative (proved)",
    "elementwise": "entry by entry it is the derivative (proved)",
    "columns": "it is the transpose of the Jacobian (proved): return its transpose, or say layout=\"columns\"",
    "per observation": "the sum over its rows is the gradient (proved)",
}
"""What a derivative is if another reading of it is proved."""


def widest(claim: Claim) -> int:
    """The most entries that one output and its row depend on: the prover knows 40 functions, two for each of them."""
    traced = claim.traced
    assert not isinstance(traced, Exception)
    rows = zip(traced.values, traced.matrix, strict=True)
    return max(len(set(symbols_of(value, *row))) for value, row in rows)


def what_stopped(error: Exception) -> str:
    """What ended a trace, in a line: our own words for a reason that the tracer names."""
    return str(error) if isinstance(error, NotTraced) else in_a_line(error)


def underived(claim: Claim) -> str:
    """Which function has no derivative that is known here; "" where all have one."""
    traced = claim.traced
    assert not isinstance(traced, Exception)
    try:
        diagnosis.true_partials(traced.values, claim.arguments.moved)
    except TypeError as error:  # of `derivative`
        return str(error)
    return ""


def unfaithful(claim: Claim) -> str:
    """What the code may have learned of symbols, where its floats are others than those of its trace; "" elsewhere.

    Such a trace is no definition, and no more than floats can be compared.
    """
    traced = claim.traced
    if isinstance(traced, Exception) or not traced.leaks:
        return ""
    flat = [*traced.values, *(t for row in traced.matrix for t in row)]
    program = compile_floats(flat, claim.arguments.entries(), ieee=True)
    for point in claim.points:
        try:
            values, matrix, _ = claim.both(point)
        except SubjectError:
            continue
        ours = np.array([*values, *matrix.reshape(-1)], dtype=float)
        if not np.allclose(ours, np.array(program(*point)), rtol=1e-6, atol=1e-12, equal_nan=True):
            return f"on symbols the code computes something else: {Leaking(traced.leaks)}"
    return ""


def equal(ours: Term, true: Term, condition: Condition | None) -> bool:
    """Whether two terms are proved equal where a condition holds, or wherever the second one has a value.

    Asked as a derivative: s·true has the derivative ``ours`` by a fresh symbol s.
    """
    names = tuple(dict.fromkeys(symbols_of(ours, true, *([] if condition is None else [condition]))))
    scale = "s"
    while scale in names:
        scale += "_"
    inputs = (scale, *names)
    definition, forward, rule = among_reals((symbol(scale) * true, symbol(scale) * true, ours))
    obligation = Obligation(
        "identity",
        inputs,
        definition,
        natural_domain(true) if condition is None else condition,
        forward,
        (symbol(accumulated(scale)) + symbol(UPSTREAM) * rule, *(symbol(accumulated(n)) for n in names)),
        frozenset(names),
    )
    return decided(obligation).status is Status.PROVED


def is_proved(operation: Any, spec: Spec | None) -> bool:
    """Whether the prover proves a row."""
    return proof_verdict(operation, spec) is Verdict.PROVED


def proof_verdict(operation: Any, spec: Spec | None) -> Verdict:
    """What the prover says of a row; kept, so that the check which reports it does not prove it again."""
    assert spec is not None
    return verdict_of(operation, spec)
