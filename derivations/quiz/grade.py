"""Grades learners' answers: right, right in another form, or wrong, with the simplest point that shows it.

A formula is decided by the prover against the mirror's definition, in every case of the operation; a wrong one is
refuted by the simplest rational point.  What cannot be decided is reported as such, never as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, ctx

from backproof.derivations.steps.check import both_partials, known_terms
from backproof.derivations.steps.letters import LETTERS
from backproof.derivations.steps.named import NAMED, spelled_out
from backproof.verify.arithmetics.balls import ratio
from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.balls import compile_balls, holds
from backproof.verify.numerics.quotients import Quotients
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.counterexample import Counterexample, refute
from backproof.verify.proof.result import BoundaryKind, Status
from backproof.verify.terms.functions import Function
from backproof.verify.terms.notation.plain import UNICODE
from backproof.verify.terms.ops import BINARY, UNARY
from backproof.verify.terms.parser import ExpressionError, Language, read
from backproof.verify.terms.simplify import rewrite
from backproof.verify.terms.term import (
    PI,
    Term,
    apply,
    symbol,
    symbols_of,
    term,
    topological,
    where,
)

LARGEST_EXPONENT = 12
LONGEST = 300
_OPERATORS = ("add", "sub", "mul", "div", "pow", "neg", "abs", "floor", "ceil")


class Word(Enum):
    """The verdicts."""

    RIGHT = "right"  # and in the requested form
    OTHER_FORM = "right, in another form"
    WRONG = "wrong"
    UNDECIDED = "not decided"
    UNREADABLE = "not understood"


@dataclass(frozen=True)
class Grade:
    """A verdict and its message; point: a point at which a wrong answer is visible."""

    word: Word
    message: str
    point: tuple[Fraction, ...] = ()

    @property
    def good(self) -> bool:
        """The answer counts."""
        return self.word in (Word.RIGHT, Word.OTHER_FORM)

    def __str__(self) -> str:
        return f"{self.word.value}: {self.message}"


# ------------------------------------------------------------------------------------------------- formulas


def formula(text: str, names: Sequence[str]) -> Term:
    """A learner's formula as a term in ``names``, pi and the functions of the engine.

    Raises ExpressionError pointing at what is not understood.
    """
    known: dict[str, Any] = {name: symbol(name) for name in names}
    language = Language(
        {**known, "pi": PI, "e": _E}, _functions(), letters=LETTERS, choices=True, longest=LONGEST
    )
    found = _exponentials(term(read(text, language)))
    for node in topological(found):
        if node.op == "pow" and _large(node.args[1]):
            raise ExpressionError(f"powers beyond {LARGEST_EXPONENT} are not graded", text)
    return found


def _exponentials(found: Term) -> Term:
    """e^a, which was read as a power of the number e, as the exponential that it is."""

    def exponential(node: Term) -> Term | None:
        return apply("exp", node.args[1]) if node.op == "pow" and node.args[0] is _E else None

    return rewrite((found,), exponential)[0]


_E = apply("exp", 1)


def _large(exponent: Term) -> bool:
    """Of a number that is too large, or made of powers, which may be of any size."""
    if symbols_of(exponent):
        return False
    value = Quotients().of(exponent).constant()
    below = {node.op for node in topological(exponent)}
    return "pow" in below if value is None else abs(value) > LARGEST_EXPONENT


def _functions() -> dict[str, Function]:
    """Those of the engine, which its derivations name; `sigmoid` and its like stay as they are called."""
    found = {op: Function(1, partial(apply, op)) for op in (*UNARY, *NAMED) if op not in _OPERATORS}
    found |= {op: Function(2, partial(apply, op)) for op in BINARY if op not in _OPERATORS}
    others = {"max": "maximum", "min": "minimum", "Phi": "normal_cdf", "phi": "normal_pdf"}
    found |= {name: found[op] for name, op in others.items()}
    return {**found, "abs": Function(1, partial(apply, "abs")), "where": Function(3, where)}


def grade_derivative(
    cases: Sequence[Case], operand: int, asked: Term, text: str, constants: Mapping[str, Fraction]
) -> Grade:
    """Whether a formula is the derivative in an operand, and whether it names what the requested form names."""
    inputs = cases[0].spec.inputs
    names = [*inputs, "out", *(str(name) for name, _ in cases[0].spec.constants), *constants]
    try:
        answer = formula(text, names)
    except ExpressionError as problem:
        return Grade(Word.UNREADABLE, problem.pointed)
    wrong = judged(cases, operand, answer, constants, asked)
    if wrong is not None:
        return wrong
    used, wanted = set(symbols_of(answer)), set(symbols_of(asked))
    if used <= wanted:
        return Grade(Word.RIGHT, f"{UNICODE(answer)} is the derivative.")
    needless = ", ".join(sorted(used - wanted))
    return Grade(
        Word.OTHER_FORM,
        f"{UNICODE(answer)} is the derivative, but it names {needless}; the closure has {UNICODE(asked)}.",
    )


def judged(
    cases: Sequence[Case], operand: int, answer: Term, constants: Mapping[str, Fraction], closure: Term
) -> Grade | None:
    """None for a formula that is the derivative in every case; else what is wrong with it, or not decided.

    Where the closure's own formula has no value (n·x^(n - 1) for n = 0 and x = 0, which its code handles), none
    is required.
    """
    for case in cases:
        proof = prove(_obligation(case, operand, answer, constants))
        if proof.status is Status.PROVED:
            continue
        counterexample = refute(proof, operand)
        if counterexample is not None:
            return _refuted(case, counterexample)
        rejected = next((b for b in proof.boundaries if b.kind is BoundaryKind.REJECTED), None)
        if rejected is not None:
            own = prove(_obligation(case, operand, closure, constants))
            if {b.where for b in proof.boundaries if b.kind is BoundaryKind.REJECTED} <= {
                b.where for b in own.boundaries if b.kind is BoundaryKind.REJECTED and b.rule is None
            } and proof.status is Status.REJECTED:
                continue
            at = ", ".join(f"{name} = {UNICODE(value)}" for name, value in rejected.where) or "a kink"
            return Grade(Word.WRONG, f"at {at} it gives no valid derivative: {rejected.reason}")
        return Grade(Word.UNDECIDED, "the prover cannot decide: " + "; ".join(proof.reasons))
    return None


def _obligation(case: Case, operand: int, answer: Term, constants: Mapping[str, Fraction]) -> Obligation:
    inputs = case.spec.inputs
    partials = list(both_partials(case))
    partials[operand] = spelled_out(answer, known_terms(case, constants))
    gradients = tuple(
        symbol(accumulated(name)) + symbol(UPSTREAM) * derivative
        for name, derivative in zip(inputs, partials, strict=True)
    )
    return Obligation("answer", inputs, case.definition, case.domain, case.definition, gradients)


def _refuted(case: Case, counterexample: Counterexample) -> Grade:
    at = ", ".join(f"{name} = {value}" for name, value in zip(counterexample.inputs, counterexample.point, strict=True))
    if case.spec.case:
        at += f" (for {case.spec.case})"
    ours, expected = _number(counterexample.ours), _number(counterexample.expected)
    return Grade(Word.WRONG, f"at {at} it gives {ours}, the derivative is {expected}.", counterexample.point)


# --------------------------------------------------------------------------------------------------- points


def grade_point(
    case: Case, operand: int, wrong: Term, text: str, constants: Mapping[str, Fraction]
) -> Grade:
    """Whether a wrong closure shows itself at the point that a learner names ("x = 1" or "x = 1, y = 2")."""
    try:
        at = _point(text, case.spec.inputs)
    except ExpressionError as problem:
        return Grade(Word.UNREADABLE, problem.pointed)
    shown = ", ".join(f"{name} = {value}" for name, value in at.items())
    with ctx.workprec(200):
        balls = {name: ratio(value.numerator, value.denominator) for name, value in at.items()}
        if holds(case.domain, balls, 200) is not True:
            return Grade(Word.WRONG, f"{shown} is not in the domain.")
        terms = [spelled_out(wrong, known_terms(case, constants)), case.partials[operand]]
        ours, expected = compile_balls(terms, case.spec.inputs)(*balls.values())
    point = tuple(at.values())
    if _apart(ours, expected):
        return Grade(
            Word.RIGHT, f"at {shown} it gives {_number(ours)}, the derivative is {_number(expected)}.", point
        )
    return Grade(Word.WRONG, f"at {shown} both give {_number(expected)}.", point)


def _apart(a: arb, b: arb) -> bool:
    return bool(b.is_finite() and (not a.is_finite() or not a.overlaps(b)))


def _number(x: arb) -> str:
    """Eight digits, without idle zeros."""
    if not x.is_finite():
        return "no value"
    text = decimal(x, 8)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _point(text: str, inputs: Sequence[str]) -> dict[str, Fraction]:
    """Exact numbers for the operands, by name or in order."""
    found: dict[str, Fraction] = {}
    for i, part in enumerate(text.split(",")):
        name, equals, value = part.rpartition("=")
        name = name.strip() if equals else inputs[min(i, len(inputs) - 1)]
        if name not in inputs:
            raise ExpressionError(f"{name} is not an operand: name {', '.join(inputs)}", text, text.find(name))
        found[name] = exact(value)
    missing = [name for name in inputs if name not in found]
    if missing:
        raise ExpressionError(f"{', '.join(missing)} is missing: write " + ", ".join(f"{n} = 1" for n in inputs), text)
    return {name: found[name] for name in inputs}


def exact(text: str) -> Fraction:
    """A number or a quotient, such as -1/3, exactly.

    Raises ExpressionError pointing at what is not a number.
    """
    failures = (ArithmeticError, ValueError)
    language = Language({}, {}, Fraction, _no_power, LETTERS, conditions=False, longest=LONGEST, failures=failures)
    found: Fraction = read(text, language)
    return found


def _no_power(_: Fraction, __: Fraction) -> Fraction:
    raise ValueError("a power may have more digits than there is room for: write the number out")


# -------------------------------------------------------------------------------------------- names, numbers


def grade_names(wanted: Sequence[str], text: str) -> Grade:
    """Whether a list of names ("x, out" or "nothing") is what the closure keeps."""
    words = [word for word in text.replace(",", " ").replace(" and ", " ").split() if word]
    given = set(words) - {"nothing", "only", "the", "both"}
    unknown = given - {"x", "y", "out"}
    if unknown or not words:
        return Grade(Word.UNREADABLE, "name what is kept: x, y, out, or nothing.")
    said = ", ".join(wanted) or "nothing"
    if given == set(wanted):
        return Grade(Word.RIGHT, f"the closure keeps {said}.")
    short, long = set(wanted) - given, given - set(wanted)
    parts = [f"{', '.join(sorted(short))} is needed too"] * bool(short)
    parts += [f"{', '.join(sorted(long))} is not needed"] * bool(long)
    return Grade(Word.WRONG, "; ".join(parts) + ".")


def grade_number(wanted: float, text: str) -> Grade:
    """Whether a number is the wanted one, to four digits."""
    try:
        given = exact(text)
    except ExpressionError as problem:
        return Grade(Word.UNREADABLE, problem.pointed)
    if abs(float(given) - wanted) <= 5e-4 * max(1e-3, abs(wanted)):
        return Grade(Word.RIGHT, f"it is {wanted:.6g}.")
    return Grade(Word.WRONG, f"{float(given):.6g} is not it.")
