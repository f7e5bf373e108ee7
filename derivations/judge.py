"""The judge of learners' answers: right, right in another form, or wrong, with the simplest point that shows it.

A formula is decided by the prover against the mirror's definition, in every case of the operation; a wrong one is
refuted by the simplest rational point.  What cannot be decided is said to be so, never called wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from derivations.check import both_slopes, known_terms
from derivations.notation import UNICODE
from derivations.parse import FormulaError, Language, read
from derivations.tidy import NAMED, spelled_out
from verify.case import Case
from verify.kinds.balls import ratio
from verify.numbers.ulps import decimal
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.proof.prove import prove
from verify.proof.refute import Witness, refute
from verify.proof.result import Bend, Status
from verify.trace.balls import compile_balls, holds
from verify.trace.term import (
    BINARY,
    PI,
    UNARY,
    Term,
    apply,
    compare,
    constant,
    substitute,
    symbol,
    symbols_of,
    topological,
    where,
)

LARGEST_EXPONENT = 12
LONGEST = 300
_OPERATORS = ("add", "sub", "mul", "div", "pow", "neg", "abs", "floor", "ceil")


class Word(Enum):
    """What the judge says."""

    RIGHT = "right"  # and in the form that was asked for
    OTHER_FORM = "right, in another form"
    WRONG = "wrong"
    UNDECIDED = "not decided"
    UNREADABLE = "not understood"


@dataclass(frozen=True)
class Judgement:
    """A word, and what to say with it; point: where a wrong answer shows itself."""

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

    Raises FormulaError pointing at what is not understood.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"{len(text)} characters are too many: at most {LONGEST}", text[:60] + "...", 60)
    known: dict[str, Any] = {name: symbol(name) for name in names}
    language = Language({**known, "pi": PI, "e": _E}, _functions(), constant, _comparison, where)
    found: Term = _exponentials(read(text, language))
    for node in topological(found):
        if node.op == "pow" and _large(node.args[1]):
            raise FormulaError(f"powers beyond {LARGEST_EXPONENT} are not judged", text, 0)
    return where(found, 1, 0) if found.op in ("lt", "le", "gt", "ge", "eq", "ne") else found


def _exponentials(found: Term) -> Term:
    """e^a, which was read as a power of the number e, as the exponential that it is."""
    new: dict[Term, Term] = {}
    for node in topological(found):
        same = substitute((node,), {a: new[a] for a in node.args})[0] if node.args else node
        new[node] = apply("exp", same.args[1]) if same.op == "pow" and same.args[0] is _E else same
    return new[found]


_E = apply("exp", 1)


def _large(exponent: Term) -> bool:
    return exponent.op == "const" and abs(exponent.value) > LARGEST_EXPONENT


def _comparison(op: str, a: Term, b: Term) -> Any:
    return where(compare(op, a, b), 1, 0)


def _functions() -> dict[str, tuple[int, Any]]:
    def call(op: str) -> Any:
        return lambda *args: apply(op, *args)

    ones = {op: (1, call(op)) for op in (*UNARY, *NAMED) if op not in _OPERATORS}
    twos = {op: (2, call(op)) for op in BINARY if op not in _OPERATORS}
    more = {"abs": (1, call("abs")), "max": (2, call("maximum")), "min": (2, call("minimum")), "where": (3, where)}
    return {**ones, **twos, **more, "Phi": (1, call("normal_cdf")), "phi": (1, call("normal_pdf"))}


def judge_slope(
    cases: Sequence[Case], operand: int, asked: Term, text: str, constants: Mapping[str, Fraction]
) -> Judgement:
    """Whether a formula is the derivative in an operand, and whether it names what the asked form names."""
    inputs = cases[0].row.inputs
    names = [*inputs, "out", *(str(name) for name, _ in cases[0].row.constants), *constants]
    try:
        answer = formula(text, names)
    except FormulaError as problem:
        return Judgement(Word.UNREADABLE, str(problem))
    wrong = judged(cases, operand, answer, constants, asked)
    if wrong is not None:
        return wrong
    used, wanted = set(symbols_of(answer)), set(symbols_of(asked))
    if used <= wanted:
        return Judgement(Word.RIGHT, f"{UNICODE(answer)} is the derivative.")
    needless = ", ".join(sorted(used - wanted))
    return Judgement(
        Word.OTHER_FORM,
        f"{UNICODE(answer)} is the derivative, but it names {needless}; the closure has {UNICODE(asked)}.",
    )


def judged(
    cases: Sequence[Case], operand: int, answer: Term, constants: Mapping[str, Fraction], closure: Term
) -> Judgement | None:
    """None for a formula that is the derivative in every case; else what is wrong with it, or not decided.

    Where the closure's own formula has no value (n·x^(n - 1) for n = 0 and x = 0, which its code looks after), none
    is asked for.
    """
    for case in cases:
        proof = prove(_obligation(case, operand, answer, constants))
        if proof.status is Status.PROVED:
            continue
        witness = refute(proof, operand)
        if witness is not None:
            return _refuted(case, witness)
        rejected = next((b for b in proof.boundaries if b.bend is Bend.REJECTED), None)
        if rejected is not None:
            own = prove(_obligation(case, operand, closure, constants))
            if {b.where for b in proof.boundaries if b.bend is Bend.REJECTED} <= {
                b.where for b in own.boundaries if b.bend is Bend.REJECTED and b.rule is None
            } and proof.status is Status.REJECTED:
                continue
            at = ", ".join(f"{name} = {UNICODE(value)}" for name, value in rejected.where) or "a corner"
            return Judgement(Word.WRONG, f"at {at} it gives no valid slope: {rejected.reason}")
        return Judgement(Word.UNDECIDED, "the prover cannot tell: " + "; ".join(proof.reasons))
    return None


def _obligation(case: Case, operand: int, answer: Term, constants: Mapping[str, Fraction]) -> Obligation:
    inputs = case.row.inputs
    slopes = list(both_slopes(case))
    slopes[operand] = spelled_out(answer, known_terms(case, constants))
    gradients = tuple(
        symbol(accumulated(name)) + symbol(UPSTREAM) * slope for name, slope in zip(inputs, slopes, strict=True)
    )
    return Obligation("answer", inputs, case.definition, case.domain, case.definition, gradients)


def _refuted(case: Case, witness: Witness) -> Judgement:
    at = ", ".join(f"{name} = {value}" for name, value in zip(witness.inputs, witness.point, strict=True))
    if case.row.case:
        at += f" (for {case.row.case})"
    told = f"at {at} it gives {_number(witness.ours)}, the slope is {_number(witness.expected)}."
    return Judgement(Word.WRONG, told, witness.point)


# --------------------------------------------------------------------------------------------------- points


def judge_point(
    case: Case, operand: int, wrong: Term, text: str, constants: Mapping[str, Fraction]
) -> Judgement:
    """Whether a wrong closure shows itself at the point that a learner names ("x = 1" or "x = 1, y = 2")."""
    try:
        at = _point(text, case.row.inputs)
    except FormulaError as problem:
        return Judgement(Word.UNREADABLE, str(problem))
    shown = ", ".join(f"{name} = {value}" for name, value in at.items())
    with ctx.workprec(200):
        balls = {name: ratio(value.numerator, value.denominator) for name, value in at.items()}
        if holds(case.domain, balls, 200) is not True:
            return Judgement(Word.WRONG, f"{shown} is not in the domain.")
        terms = [spelled_out(wrong, known_terms(case, constants)), case.slopes[operand]]
        ours, expected = compile_balls(terms, case.row.inputs)(*balls.values())
    point = tuple(at.values())
    if _apart(ours, expected):
        return Judgement(
            Word.RIGHT, f"at {shown} it gives {_number(ours)}, the slope is {_number(expected)}.", point
        )
    return Judgement(Word.WRONG, f"at {shown} both give {_number(expected)}.", point)


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
            raise FormulaError(f"{name} is no operand: name {', '.join(inputs)}", text, text.find(name))
        found[name] = exact(value)
    missing = [name for name in inputs if name not in found]
    if missing:
        raise FormulaError(f"{', '.join(missing)} is missing: write " + ", ".join(f"{n} = 1" for n in inputs), text, 0)
    return {name: found[name] for name in inputs}


def exact(text: str) -> Fraction:
    """A number or a quotient, such as -1/3, exactly.

    Raises FormulaError pointing at what is no number.
    """
    value = read(text.strip() or " ", Language({}, {}, lambda number: _Exact(number)))
    return value.number if isinstance(value, _Exact) else Fraction(value)


class _Exact:
    """A fraction whose powers cannot run away."""

    def __init__(self, number: Fraction) -> None:
        self.number = number

    def __add__(self, other: _Exact) -> _Exact:
        return _Exact(self.number + other.number)

    def __sub__(self, other: _Exact) -> _Exact:
        return _Exact(self.number - other.number)

    def __mul__(self, other: _Exact) -> _Exact:
        return _Exact(self.number * other.number)

    def __truediv__(self, other: _Exact) -> _Exact:
        return _Exact(self.number / other.number)

    def __neg__(self) -> _Exact:
        return _Exact(-self.number)

    def __pow__(self, other: _Exact) -> _Exact:
        raise ValueError("write the number out")


# -------------------------------------------------------------------------------------------- names, numbers


def judge_names(wanted: Sequence[str], text: str) -> Judgement:
    """Whether a list of names ("x, out" or "nothing") is what the closure keeps."""
    words = [word for word in text.replace(",", " ").replace(" and ", " ").split() if word]
    given = set(words) - {"nothing", "only", "the", "both"}
    unknown = given - {"x", "y", "out"}
    if unknown or not words:
        return Judgement(Word.UNREADABLE, "name what is kept: x, y, out, or nothing.")
    said = ", ".join(wanted) or "nothing"
    if given == set(wanted):
        return Judgement(Word.RIGHT, f"the closure keeps {said}.")
    short, long = set(wanted) - given, given - set(wanted)
    parts = [f"{', '.join(sorted(short))} is needed too"] * bool(short)
    parts += [f"{', '.join(sorted(long))} is not needed"] * bool(long)
    return Judgement(Word.WRONG, "; ".join(parts) + ".")


def judge_number(wanted: float, text: str) -> Judgement:
    """Whether a number is the wanted one, to four digits."""
    try:
        given = exact(text)
    except FormulaError as problem:
        return Judgement(Word.UNREADABLE, str(problem))
    if abs(float(given) - wanted) <= 5e-4 * max(1e-3, abs(wanted)):
        return Judgement(Word.RIGHT, f"it is {wanted:.6g}.")
    return Judgement(Word.WRONG, f"{float(given):.6g} is not it.")
