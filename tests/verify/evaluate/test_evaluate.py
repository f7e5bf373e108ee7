"""Evaluator, compiler and columns agree bit for bit over all traces of the engine and specs of the mirror."""

from __future__ import annotations

import math
import operator
import random
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from flint import arb, ctx

from backproof.engine.arithmetic import FLOATS, Arithmetic
from backproof.verify.arithmetics.floats import DOUBLES, IEEE_COLUMNS, QUIET, QUIET_COLUMNS
from backproof.verify.arithmetics.rationals import RATIONALS
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.balls import ENCLOSURES, BallProgram
from backproof.verify.evaluate.compiled import compiled
from backproof.verify.evaluate.evaluate import evaluate, operations
from backproof.verify.evaluate.floats import on_columns
from backproof.verify.mirror.table import SPECS
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.subjects.operation import Traced
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.ops import BINARY, COMPARISONS, UNARY
from backproof.verify.terms.term import Term, apply, compare, constant, symbol, symbols_of, topological, where

SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, -2e-310, 1.0, -1.0, 0.5, -3.0, 710.0)
SIMPLE = [Fraction(x) for x in ("0", "1", "-1", "1/2", "-3", "7/5", "4", "-9/4")]
SEED = 20


class Program(NamedTuple):
    """Some terms, and their inputs."""

    name: str
    terms: tuple[Term, ...]
    inputs: tuple[str, ...]


def _programs() -> Iterator[Program]:
    for operation, spec in own_engine().operations():
        trace = Case(operation, spec, Options(points=1)).trace
        assert isinstance(trace, Traced)
        inputs = (*spec.inputs, "g", *(f"acc_{name}" for name in spec.inputs))
        yield Program(f"trace of {spec.op} {spec.case}".strip(), (trace.forward, *trace.gradients), inputs)
    for spec in SPECS:
        formulas = map(from_sympy, (spec.form, *spec.partials, *spec.stable_derivatives))
        terms = (*formulas, condition_from_sympy(spec.domain))
        yield Program(f"row of {spec.op} {spec.case}".strip(), terms, tuple(symbols_of(*terms)))
    x, y = symbol("x"), symbol("y")
    yield Program("every function of one operand", tuple(apply(op, x) for op in UNARY), ("x",))
    yield Program("every function of two operands", tuple(apply(op, x, y) for op in BINARY), ("x", "y"))
    yield Program("powers", tuple(x ** constant(Fraction(n, 2)) for n in range(-6, 7)), ("x",))
    tests = [compare(op, a, b) for op in COMPARISONS for a, b in ((x, y), (x, x))]
    joined = (tests[0] & tests[4], tests[0] | ~tests[8])
    yield Program("conditions", (*tests, *joined, *(where(c, x / y, x - y) for c in (*tests, *joined))), ("x", "y"))


PROGRAMS = list(_programs())
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)


class Kind(NamedTuple):
    """A kind of number: its arithmetic, and its points."""

    m: Arithmetic
    places: Sequence[Any]
    number: Callable[[Any], Any]


KINDS = {
    "floats": Kind(QUIET, SPECIAL, float),
    "IEEE doubles": Kind(DOUBLES, SPECIAL, float),
    "balls": Kind(ENCLOSURES, SPECIAL, arb),
    "wide balls": Kind(ENCLOSURES, [x for x in SPECIAL if math.isfinite(x)], lambda x: arb(x, 0.375)),
    "fractions": Kind(RATIONALS, SIMPLE, Fraction),
}


def points(program: Program, places: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Each place for all inputs at once, and more, drawn: some of these places, some between them."""
    draw = random.Random(f"{SEED} {program.name}")
    near = [type(places[0])(draw.gauss(0, 3)) for _ in range(8)]
    mixed = [tuple(draw.choice((*places, *near)) for _ in program.inputs) for _ in range(12)]
    return [(place,) * len(program.inputs) for place in places] + mixed


def bits(x: Any) -> Any:
    """A key that is equal for equal results, the sign of a zero and the radius of an interval included."""
    if isinstance(x, arb):
        return "nan" if x.is_nan() else (str(x.mid().man_exp()) if x.is_finite() else str(x), str(x.rad()))
    if isinstance(x, float):
        return "nan" if x != x else struct.pack(">d", x)
    return type(x), x


def tried(run: Callable[..., Sequence[Any]], *arguments: Any) -> Any:
    """The results bit for bit; None where they leave the kind of number."""
    try:
        return [bits(x) for x in run(*arguments)]
    except (ArithmeticError, TypeError, NotImplementedError):
        return None


def difference(program: Program, kind: Kind, evaluating: Arithmetic, compiling: Arithmetic) -> str:
    """The first point at which evaluator and compiler are not the same; "" where there is none."""
    at = points(program, kind.places)
    alone = kind.m is RATIONALS  # one irrational term must not hide the others
    with ctx.workprec(128):
        for terms in [(t,) for t in program.terms] if alone else [program.terms]:
            run = _made(terms, program.inputs, compiling)
            for point in at:
                data = [kind.number(x) for x in point]
                values = dict(zip(program.inputs, data, strict=True))
                ours, theirs = tried(evaluate, terms, values, evaluating), tried(run, *data)
                if ours != theirs:
                    return f"{program.name} at {point}: {ours} evaluated, {theirs} compiled"
    return ""


def _made(terms: Sequence[Term], inputs: Sequence[str], m: Arithmetic) -> Callable[..., tuple[Any, ...]]:
    """The compiled program; where a constant or a function leaves the kind of number, one that raises that again."""
    try:
        return compiled(terms, inputs, m)()
    except (TypeError, NotImplementedError) as problem:
        reason = problem

        def raising(*_: Any) -> Any:
            raise reason

        return raising


@each_program
@pytest.mark.parametrize("kind", KINDS)
def test_the_compiler_agrees_with_the_evaluator(program: Program, kind: str) -> None:
    m = KINDS[kind].m
    assert not difference(program, KINDS[kind], m, m)


@each_program
@pytest.mark.parametrize("ieee", [False, True])
def test_columns_agree_with_floats(program: Program, ieee: bool) -> None:
    assert not difference_in_columns(program, ieee)


def difference_in_columns(program: Program, ieee: bool = False) -> str:
    """The first point that is not in doubt at which a column and its floats are not the same; "" for none."""
    at = points(program, SPECIAL)
    run = compiled(program.terms, program.inputs, DOUBLES if ieee else QUIET)()
    found, doubtful = on_columns(program.terms, program.inputs, [np.array(x) for x in zip(*at, strict=True)], ieee=ieee)
    for k, point in enumerate(at):
        ours, theirs = [bits(float(c[k])) for c in found], [bits(float(x)) for x in run(*point)]
        if ours != theirs and not doubtful[k]:
            return f"{program.name} at {point}: {ours} in columns, {theirs} alone"
    return ""


@each_program
def test_the_engine_s_floats_agree_where_they_do_not_raise(program: Program) -> None:
    """Conditions are indicators there, 1 and 0; an integer of more than 53 bits is exact, where a trace has a float."""
    if any(node.op == "const" and abs(node.value) >= 2**53 for node in topological(*program.terms)):
        assert program.name == "row of selu"
        return
    run = compiled(program.terms, program.inputs, QUIET)()
    for point in points(program, SPECIAL):
        try:
            found = evaluate(program.terms, dict(zip(program.inputs, point, strict=True)), FLOATS)
        except (ValueError, ArithmeticError, NotImplementedError):
            continue
        assert [bits(float(x)) for x in found] == [bits(float(x)) for x in run(*point)], point


@each_program
def test_fractions_are_in_the_intervals(program: Program) -> None:
    for point in points(program, SIMPLE):
        for term in program.terms:
            try:
                (exact,) = evaluate((term,), dict(zip(program.inputs, point, strict=True)), RATIONALS)
            except (TypeError, NotImplementedError, ArithmeticError):
                continue  # the result is irrational
            with ctx.workprec(128):
                (ball,) = BallProgram((term,), program.inputs)(*(arb(x.numerator) / x.denominator for x in point))
                if isinstance(ball, arb):
                    assert (ball * exact.denominator).contains(arb(exact.numerator)), (term, point)
                else:
                    assert ball is None or int(ball) == exact, (term, point)


# ---------------------------------------------------------------------------------------------------- planted errors


def with_wrong(m: Arithmetic, op: str) -> Arithmetic:
    """A copy of the arithmetic in which one operation is replaced by another."""
    right = operations(m)[op]
    found = copy(m)

    def wrong(*x: Any) -> Any:
        result = right(*x)
        return (not result) if isinstance(result, bool) else result if result is None else result + 1

    vars(found)[op] = wrong
    return found


OPS = sorted({node.op for p in PROGRAMS for node in topological(*p.terms)} - {"symbol", "special"})


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("kind", ["floats", "balls"])
def test_a_wrong_operation_is_seen(kind: str, op: str) -> None:
    """In the evaluator's table and in the compiler's, where both have their own."""
    m = KINDS[kind].m
    wrong = with_wrong(m, op)
    concerned = [p for p in PROGRAMS if any(node.op == op for node in topological(*p.terms))]
    assert any(difference(program, KINDS[kind], wrong, m) for program in concerned)
    assert any(difference(program, KINDS[kind], m, wrong) for program in concerned)


@pytest.mark.parametrize("op", ["add", "exp", "maximum", "lt", "where", "div"])
def test_a_wrong_operation_on_columns_is_seen(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backproof.verify.evaluate.floats.QUIET_COLUMNS", with_wrong(QUIET_COLUMNS, op))
    assert any(map(difference_in_columns, PROGRAMS))


# ------------------------------------------------------------------------------------------- missing operations


def _without(m: Arithmetic, op: str) -> Arithmetic:
    found = copy(m)
    del vars(found)[op]
    return found


def test_a_missing_operation_is_expanded_by_its_definition() -> None:
    x = symbol("x")
    term, plain = apply("sinh", x), (apply("exp", x) - apply("exp", -x)) / 2
    for m, at in ((_without(QUIET, "sinh"), 0.75), (_without(ENCLOSURES, "sinh"), arb(0.75))):
        expected = bits(evaluate((plain,), {"x": at}, m)[0])
        assert bits(evaluate((term,), {"x": at}, m)[0]) == expected
        assert bits(compiled((term,), ["x"], m)()(at)[0]) == expected


@pytest.mark.parametrize("m", [_without(QUIET, "erf"), _without(IEEE_COLUMNS, "erf")], ids=lambda m: m.name)
def test_a_missing_operation_without_definition_is_named(m: Arithmetic) -> None:
    with pytest.raises(NotImplementedError, match="erf"):
        evaluate((apply("erf", symbol("x")),), {"x": 0.5}, m)


@pytest.mark.parametrize("values", [{}, {"y": 1.0}])
def test_an_input_that_is_missing_is_named(values: Mapping[str, float]) -> None:
    with pytest.raises(KeyError, match="'x'"):
        evaluate((symbol("x") + 1,), values, FLOATS)
    with pytest.raises(KeyError, match="'x'"):
        compiled((symbol("x") + 1,), list(values), QUIET)


def test_python_s_operators_are_used_for_its_functions_alone() -> None:
    """A kind with another sum gets its own, compiled too."""
    m = copy(QUIET)
    vars(m)["add"] = operator.sub
    assert compiled((symbol("x") + 1,), ["x"], m)()(5.0) == (4.0,)
