"""Each line of a derivation is checked by the prover, which differentiates on its own and does not use the steps.

A line may hold derivatives that are not computed yet.  They are replaced by their results, each of which is itself
proved to be the derivative of its function; then the line is proved to be the derivative of the mirror's definition,
in every case (n = 3, n = 1/2, ...) and everywhere in its domain.  Two lines that both equal that derivative equal
each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from backproof.derivations.steps.named import spelled_out
from backproof.derivations.steps.rules import outermost
from backproof.derivations.steps.workings import NotDerived, derivative_of, spelled_back
from backproof.verify.checks.case import Case
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, compare, constant, substitute, symbol, symbols_of


@dataclass(frozen=True)
class Check:
    """The result for one line.

    proved: it equals the mirror's derivative in every case
    where: (case, condition) for what had to be assumed of the operands; () for a line that holds in the whole domain
    reason: why it is not proved
    """

    proved: bool
    where: tuple[tuple[str, Condition], ...] = ()
    reason: str = ""


class Checker:
    """Checks the lines of one operation against its specs in the mirror."""

    def __init__(self, cases: Sequence[Case], constants: Mapping[str, Fraction]) -> None:
        self.cases = cases
        self.inputs = cases[0].spec.inputs
        self.constants = constants

    def definition(self, term: Term) -> Check:
        """Whether ``term`` is the function of the mirror."""
        for case in self.cases:
            known = known_terms(case, self.constants)
            proof = _proved(
                self.inputs, case.definition, case.domain, spelled_out(term, known), both_partials(case)
            )
            if proof:
                return Check(False, reason=f"{case.spec.case}: {proof}")
        return Check(True)

    def line(self, operand: int, term: Term, names: Mapping[Term, Term], conditions: Sequence[Condition]) -> Check:
        """Whether ``term`` is the derivative of the definition in this operand."""
        try:
            closed = spelled_back(_worked_out(term), dict(names))
        except NotDerived as problem:
            return Check(False, reason=str(problem))
        assumed: list[tuple[str, Condition]] = []
        for case in self.cases:
            reason, where = self._in_case(case, operand, closed, conditions)
            if reason:
                return Check(False, reason=f"{case.spec.case}: {reason}" if case.spec.case else reason)
            if where is not TRUE:
                assumed.append((case.spec.case, where))
        return Check(True, tuple(assumed))

    def _in_case(
        self, case: Case, operand: int, term: Term, conditions: Sequence[Condition]
    ) -> tuple[str, Condition]:
        """Why it is not proved for this spec ("" if it is), and under which condition it is."""
        known = known_terms(case, self.constants)
        closed = spelled_out(term, known)
        partials = list(both_partials(case))
        partials[operand] = closed
        reason = _proved(self.inputs, case.definition, case.domain, case.definition, tuple(partials))
        if not reason:
            return "", TRUE
        where = TRUE
        for condition in conditions:
            where = _both(where, _settled(substitute((condition,), known)[0]))
        if where is TRUE:
            return reason, TRUE
        domain = _both(case.domain, where)
        return _proved(self.inputs, case.definition, domain, case.definition, tuple(partials)), where



def known_terms(case: Case, constants: Mapping[str, Fraction]) -> dict[Term, Term]:
    """What the constants and `out` stand for in a case."""
    fixed = {symbol(name): constant(value) for name, value in constants.items()}
    own = {symbol(str(name)): constant(Fraction(str(value))) for name, value in case.spec.constants}
    return {**fixed, **own, symbol("out"): case.definition}


def both_partials(case: Case) -> tuple[Term, ...]:
    """The rule of the closure itself, proved by `verify`: it stands in for the other operands."""
    trace = case.trace
    assert not isinstance(trace, Exception)  # the engine's rules run on symbols
    seeds = {symbol(UPSTREAM): constant(1)} | {symbol(accumulated(name)): constant(0) for name in case.spec.inputs}
    return substitute(trace.gradients, seeds)


def _worked_out(term: Term) -> Term:
    """The term with every open derivative replaced by its result.

    Raises NotDerived for one that has none, or whose result is not proved.
    """
    results = {}
    for derivative in outermost(term):
        function, variable = derivative.args
        result = _worked_out(derivative_of(function, variable))
        others = [symbol(name) for name in symbols_of(function) if name != variable.value]
        if not _is_derivative(function, variable, tuple(others)):
            raise NotDerived(f"the derivative of {function} by {variable} is not proved")
        results[derivative] = result
    return substitute((term,), results)[0]


@cache
def _is_derivative(function: Term, variable: Term, others: tuple[Term, ...]) -> bool:
    """Whether the rules' derivative of an inner function is the prover's, wherever the function has a value.

    The prover supports no symbolic exponents or factors of unknown sign: those are tried at numbers by the caller,
    for the whole line; here they count as positive.
    """
    names = tuple(s.value for s in (variable, *others))
    partials = tuple(spelled_out(_worked_out(derivative_of(function, symbol(name)))) for name in names)
    plain = spelled_out(function)
    positive = TRUE
    for other in others:
        if other.value in ("n", "alpha", "slope", "scale"):
            positive = _both(positive, compare("gt", other, 0))
    return not _proved(names, plain, positive, plain, partials)


def _both(a: Condition, b: Condition) -> Condition:
    if a is TRUE or b is TRUE or a is b:
        return b if a is TRUE else a
    return a & b


def _settled(condition: Term) -> Condition:
    """The condition with comparisons of numbers evaluated."""
    args = condition.args
    if condition.op not in ("or", "and"):
        return compare(condition.op, *args) if args else condition  # type: ignore[return-value]
    left, right = map(_settled, args)
    decisive, neutral = (TRUE, FALSE) if condition.op == "or" else (FALSE, TRUE)
    if left is decisive or right is decisive:
        return decisive
    if left is neutral or right is neutral:
        return right if left is neutral else left
    return left | right if condition.op == "or" else left & right


@cache
def _proved(
    inputs: tuple[str, ...], definition: Term, domain: Condition, forward: Term, partials: tuple[Term, ...]
) -> str:
    """Why the prover does not prove it; "" if it does."""
    upstream = symbol(UPSTREAM)
    gradients = tuple(
        symbol(accumulated(name)) + upstream * partial for name, partial in zip(inputs, partials, strict=True)
    )
    proof = prove(Obligation("step", inputs, definition, domain, forward, gradients))
    return "" if proof.status is Status.PROVED else "; ".join(proof.reasons) or proof.status.name.lower()

