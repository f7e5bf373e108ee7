"""Exercises made from the engine's rules, the same for the same seed: a class sheet, or a dialogue.

Four kinds: give the local derivative; say what the closure keeps; find a point where a wrong closure shows itself
(the right one with one thing changed, and certainly wrong); fill in a gradient of a small walk.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from backproof.derivations.pages.derivation import keeps
from backproof.derivations.pages.document import (
    Block,
    Code,
    Document,
    Heading,
    Hidden,
    Inline,
    Math,
    Numbered,
    Paragraph,
    Text,
)
from backproof.derivations.quiz.grade import (
    Grade,
    Word,
    grade_derivative,
    grade_names,
    grade_number,
    grade_point,
    judged,
)
from backproof.derivations.steps.derivation import Derivation, derivation
from backproof.derivations.steps.rules import D
from backproof.derivations.walk.backward_pass import Walk, expression
from backproof.derivations.walk.document import shown
from backproof.engine import OPS
from backproof.engine.node import Node
from backproof.verify.checks.case import Case
from backproof.verify.terms.parser import ExpressionError
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Term, apply, constant, substitute, symbol, topological, where

HINTS = 3


@dataclass(frozen=True)
class Exercise:
    """One exercise.  question: its text; hints: three; answer: the teacher's; judge: grades a learner's text."""

    op: str
    kind: str
    question: Text
    hints: tuple[Text, Text, Text]
    answer: Text
    grade_answer: Callable[[str], Grade]


@dataclass(frozen=True)
class Quiz:
    """Exercises on some operations, from a seed."""

    ops: tuple[str, ...]
    seed: int
    exercises: tuple[Exercise, ...]


def quiz(ops: Sequence[str], cases: dict[str, list[Case]], seed: int) -> Quiz:
    """The exercises on each of ``ops``; an operation's do not depend on the other operations."""
    found: list[Exercise] = []
    for op in ops:
        found += _exercises(op, cases[op], random.Random(f"{seed} {op}"))
    return Quiz(tuple(ops), seed, tuple(found))


def _exercises(op: str, cases: Sequence[Case], chance: random.Random) -> Iterator[Exercise]:
    d = derivation(op, cases)
    operand = chance.randrange(len(d.inputs))
    yield _partial(d, cases, operand)
    yield _keep(d)
    wrong = _find(d, cases, operand, chance)
    if wrong is not None:
        yield wrong
    walk = _walk(d, chance)
    if walk is not None:
        yield walk


# ---------------------------------------------------------------------------------------- the local derivative


def _partial(d: Derivation, cases: Sequence[Case], operand: int) -> Exercise:
    derived = d.derived[operand]
    variable = symbol(d.inputs[operand])
    closure = derived.path.result
    simplest = derived.path.steps[-1]
    if simplest.rule == "as-written":  # the form before it is the requested one
        closure = derived.path.steps[-2].line if len(derived.path.steps) > 1 else derived.path.start
    names = sorted({n.value for n in topological(closure) if n.op == "symbol"})
    asked: Text = (f" Use only {', '.join(names)}." if names else " It is a number.",)
    first = derived.path.steps[0]
    rule: Inline = Math((first.general[0], "=", first.general[1])) if first.general else first.because
    lines = [s.line for s in derived.path.steps if s.line is not closure]
    before = Math((D(symbol("out"), variable), "=", lines[-1] if lines else derived.path.start))
    spelled = _named(derived.path.names, closure)
    return Exercise(
        d.op,
        "derivative",
        ("The forward is ", Math((symbol("out"), "=", d.definition)), ". What is ", Math((D(symbol("out"), variable),)),
         "?", *asked, *_meanings(derived.path.names, closure)),
        ((f"Begin with this ({first.name}): ", rule), ("The closure keeps ", *keeps(d), "."),
         ("An intermediate line: ", before) if lines else (first.because,)),
        (Math((D(symbol("out"), variable), "=", closure)),),
        lambda text: grade_derivative(cases, operand, spelled, text, d.worked_form.constants),
    )  # fmt: skip


def _named(names: dict[Term, Term], closure: Term) -> Term:
    """The requested form; a learner may use x where the closure has a name for a part of it."""
    return substitute((closure,), {k: v for k, v in names.items() if k.value in ("s", "t")})[0]


def _meanings(names: dict[Term, Term], closure: Term) -> Text:
    used = [(k, v) for k, v in names.items() if k.value in ("s", "t") and k in set(topological(closure))]
    return tuple(part for k, v in used for part in (" Here ", Math((k, "=", v)), "; spell it out."))


# --------------------------------------------------------------------------------------------- what must be kept


def _keep(d: Derivation) -> Exercise:
    formulas: list[Inline] = []
    for e in d.derived:
        formulas += [*([" and "] if formulas else []), Math((D(symbol("out"), symbol(e.path.operand)), "=", e.closure))]
    return Exercise(
        d.op,
        "keep",
        (f"Which values must the closure of {d.op} keep from the forward pass: "
         f"{', '.join(d.inputs)}, out, or nothing?",),
        (
            ("Write the local derivative first, in the form the engine uses: the closure keeps what it names.",),
            ("A value that is only compared is kept too, if only as a bit.",),
            ("The closure computes ", *formulas, "."),
        ),
        (", ".join(d.keeps) or "nothing",),
        lambda text: grade_names(d.keeps, text),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- a wrong closure


def _find(d: Derivation, cases: Sequence[Case], operand: int, chance: random.Random) -> Exercise | None:
    """The first change of the right closure, in an order that the seed shuffles, that is certainly wrong."""
    derived = d.derived[operand]
    right = derived.path.result
    plain = _named(derived.path.names, right)
    changes = list(dict.fromkeys(simplify(change, fold=True) for change in mutations(right)))
    chance.shuffle(changes)
    for change in (*changes, *(simplify(t, fold=True) for t in _blunt(right))):
        wrong = _named(derived.path.names, change)
        if wrong is plain:
            continue
        found = judged(cases[:1], operand, wrong, d.worked_form.constants, plain)
        if found is not None and found.word is Word.WRONG and found.point:
            return _point(d, cases[0], operand, change, wrong, found)
    return None


def _point(d: Derivation, case: Case, operand: int, change: Term, wrong: Term, found: Grade) -> Exercise:
    variable = symbol(d.inputs[operand])
    at = ", ".join(f"{n} = {v}" for n, v in zip(d.inputs, found.point, strict=True))
    for_case = f" (with {case.spec.case})" if case.spec.case else ""
    where_wrong: Text = _meanings(d.derived[operand].path.names, change)
    return Exercise(
        d.op,
        "find",
        (f"A student's closure for {d.op} computes ", Math((D(symbol("out"), variable), "=", change)),
         f"{for_case}. It is wrong. Name a point where it is wrong, in the form ",
         Code(", ".join(f"{n} = ?" for n in d.inputs)),
         ".", *where_wrong),
        (
            ("Compare it with the right local derivative at a few plain points: 0, 1, -1, 1/2, 2.",),
            ("The right one is ", Math((d.derived[operand].path.result,)), "."),
            (f"There is one in which no number is larger than {_largest(found.point)}.",),
        ),
        (f"for example {at}: {found.message}",),
        lambda text: grade_point(case, operand, wrong, text, d.worked_form.constants),
    )  # fmt: skip


def _largest(point: Sequence[Fraction]) -> int:
    """The largest whole number that is needed to write the point down."""
    return max(max(abs(v.numerator), v.denominator) for v in point)


def mutations(right: Term) -> Iterator[Term]:
    """The term with one thing changed: a sign, a factor, a power, a condition, a function."""
    for node in topological(right):
        for other in _changed(node):
            yield substitute((right,), {node: other})[0] if node is not right else other


def _blunt(right: Term) -> tuple[Term, ...]:
    """Changes that any derivative allows, for one in which there is nothing else to change."""
    return (-right, 2 * right) if right.op != "const" or right.value else (constant(1),)


def _changed(node: Term) -> Iterator[Term]:
    match node.op:
        case "add":
            yield node.args[0] - node.args[1]
        case "sub":
            yield node.args[0] + node.args[1]
            yield node.args[1] - node.args[0]
        case "mul":
            yield from node.args
        case "neg":
            yield node.args[0]
        case "pow" if node.args[1].op == "const":
            yield node.args[0] ** (node.args[1].value + 1)
        case "div":
            yield node.args[0] * node.args[1]
        case "where":
            yield where(*node.args[:1], *node.args[:0:-1])
        case "sin" | "cos" | "sinh" | "cosh":
            swapped = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh"}
            yield apply(swapped[node.op], *node.args)
        case "sigmoid" | "sign" | "normal_cdf" | "normal_pdf":
            yield apply(node.op, -node.args[0])


# ----------------------------------------------------------------------------------------------- a small walk

_INFIX = {"add": "w*x + b", "sub": "w*x - b", "mul": "(w*x)*b", "div": "(w*x)/b", "neg": "-(w*x + b)"}
_NUMBERS = (-3, -2, -1, 0.5, 1, 2, 3)
_FACTORS = (-3, -2, 0.5, 2, 3)  # multiplying by 1 would be no exercise
_TRIES = 60


def _walk(d: Derivation, chance: random.Random) -> Exercise | None:
    """The gradient of w in a small expression around the operation, at numbers where it has one."""
    call = f"{d.op}(w*x, b)" if len(d.inputs) == 2 else f"{d.op}(w*x + b)"
    formula = "(w*x + b)**3" if d.op == "power" else _INFIX.get(d.op, call)
    for _ in range(_TRIES):
        at = {name: chance.choice(_NUMBERS) for name in ("w", "b")}
        at["x"] = chance.choice(_FACTORS)
        try:
            w = expression(formula, at)
        except ExpressionError:
            continue
        inner = next(i for i, label in enumerate(w.labels) if label == "w*x")
        grad = float(w.nodes[w.labels.index("w")].grad)
        if 1e-3 < abs(grad) < 1e3:
            break
    else:
        return None
    values = ", ".join(f"{name} = {value:g}" for name, value in at.items())
    arrived = float(w.nodes[inner].grad)
    return Exercise(
        d.op,
        "walk",
        ("Walk back through ", Code(formula), f" at {values}. What is the gradient of w, to four digits?"),
        (
            ("Begin at the output with 1; at each node multiply by the local derivative.",),
            (f"The intermediate values: {'; '.join(f'{label} is {shown(node.data)}' for label, node in _inner(w))}.",),
            (f"The upstream gradient at w*x is {shown(arrived)}; x is {at['x']:g}.",),
        ),
        (f"{shown(grad)}, which is {shown(arrived)} times x",),
        lambda text: grade_number(grad, text),
    )


def _inner(w: Walk) -> list[tuple[str, Node]]:
    """The nodes that were computed, with their labels."""
    return [(label, node) for label, node in zip(w.labels, w.nodes, strict=True) if node._prev]


assert set(_INFIX) < set(OPS)


# --------------------------------------------------------------------------------------------------- the sheet


def to_document(q: Quiz, answers: bool = False) -> Document:
    """The sheet; with ``answers`` the teacher's."""
    title = "Exercises" + (", with answers" if answers else "")
    lead = f"Operations: {', '.join(q.ops)}. Seed {q.seed}: the same seed makes the same sheet."
    items = tuple(tuple(_item(e, answers)) for e in q.exercises)
    return Document("quiz", title, (Heading(1, title), Paragraph((lead,)), Numbered(items)))


def _item(e: Exercise, answers: bool) -> Iterator[Block]:
    yield Paragraph(e.question)
    for number, hint in enumerate(e.hints, 1):
        yield Hidden(f"Hint {number}", (Paragraph(hint),))
    if answers:
        yield Hidden("Answer", (Paragraph(e.answer),), shown=True)
