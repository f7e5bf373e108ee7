"""What a user passes about a pair of functions: a definition, a domain, corners, a point; each as terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real
from typing import Any

from verify.errors import UsageError, in_a_line
from verify.language.parse import ExpressionError, condition, expression, nearest
from verify.limits import OutOfTime, time_limit
from verify.mirror import Corner, Row
from verify.subjects.formulas import FormulaCorner, formula_row
from verify.subjects.own_rows import domain as natural
from verify.subjects.pairs import FunctionPair
from verify.subjects.vectors import TooManyEntries
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import TRUE, Condition, Term, apply, constant, symbol, symbols_of, term

SHOWN = 80  # characters of an argument in a message

Corners = Mapping[str, Any] | Iterable[Any]


def beside_row(
    operation: FunctionPair,
    definition: Any = None,
    domain: Any = None,
    corners: Corners = (),
    seconds: float = 20.0,
) -> tuple[FunctionPair, Row]:
    """A pair of scalar functions, or of small arrays, beside the row of its definition.  Raises UsageError."""
    names = operation.inputs
    bends = corners_of(corners, names)
    operation.keeps_policy = any(corner.answers for corner in bends)
    operation.own_definition = definition is None
    meant, where = constant(0), TRUE if domain is None else as_condition(domain, names)
    try:
        with time_limit(seconds):
            operation.problem = operation.complaint()
            if definition is None:
                meant = _own_trace(operation, operation)
            elif is_function(definition):
                meant = _own_trace(operation, operation.with_forward(definition))
            else:
                meant = as_term("definition", definition, names, False)
            where = natural(meant) if domain is None else where
    except OutOfTime:
        operation.problem = f"the functions did not end within {seconds:g} s when they were run for the first time"
        operation.stopped = True
    except RecursionError:
        operation.problem = "the definition is nested too deeply to be read: a loop of too many turns?"
    return operation, formula_row(operation.name, meant, names, where, bends)


def is_function(definition: Any) -> bool:
    """Whether a definition is a function, not a formula."""
    return callable(definition) and not hasattr(definition, "free_symbols")


def _own_trace(operation: FunctionPair, meant: FunctionPair) -> Term:
    """The forward of ``meant`` on symbols; a problem of the operation where it does not run on them.

    Raises UsageError where it is better looked at in another way.
    """
    try:
        return meant.value()
    except TooManyEntries:
        raise
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        reason = in_a_line(error)
        way_out = 'say what it computes: definition="..." of verify.check, or (forward, backward, "...")'
        operation.problem = operation.problem or f"the forward does not run on symbols ({reason}); {way_out}"
        return constant(0)


def as_condition(given: Any, names: Sequence[str]) -> Condition:
    """A domain as the user gives it.  Raises UsageError."""
    found = as_term("domain", given, names, True)
    assert isinstance(found, Condition)
    return found


def as_term(what: str, given: Any, names: Sequence[str], condition_wanted: bool) -> Term:
    """Text of the small language, or a SymPy expression, in the inputs."""
    if isinstance(given, str):
        try:
            return condition(given, names) if condition_wanted else expression(given, names)
        except ExpressionError as error:
            raise UsageError(f"{what} {_short(given)}: {error}") from None
    if isinstance(given, (int, float, Fraction)) and not condition_wanted:
        return term(given)
    if not isinstance(given, bool) and not hasattr(given, "free_symbols"):
        example = '"x > 0"' if condition_wanted else '"tanh(x)"'
        raise UsageError(f"{what} {_short(given)} is no formula: write it as text, {example}, or in SymPy")
    try:
        found = condition_from_sympy(given) if condition_wanted else from_sympy(given)
    except (TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{what} {_short(given)}: {error}; write it as text, or as a SymPy expression") from None
    for unknown in symbols_of(found):
        if unknown not in names:
            raise UsageError(f"{what} {given}: {unknown!r} is no input{nearest(unknown, names)}")
    return found


def _short(given: Any) -> str:
    """What somebody passed, as a message has room for it."""
    shown = repr(given)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."


def corners_of(given: Corners, names: Sequence[str]) -> tuple[Corner, ...]:
    """Corners that a user declares, each an expression that is 0 there, or a number for the one input."""
    if isinstance(given, (str, int, float)):
        given = (given,)
    if not isinstance(given, Iterable):
        raise UsageError(f"corners: {given!r} is no list of places, and no mapping of places to slopes")
    pairs = given.items() if isinstance(given, Mapping) else ((place, None) for place in given)
    found = []
    for place, answers in pairs:
        if isinstance(place, (Real, Decimal)):
            if len(names) != 1:
                raise UsageError(f"corners: {place} is a place of one input, here are {', '.join(names)}")
            if not _is_finite(place):
                raise UsageError(f"corners: {place!r} is no place: write a number")
            at: Term = symbol(names[0]) if place == 0 else apply("sub", symbol(names[0]), _exact(place))
        else:
            at = as_term("corners", place, names, False)
        slopes = () if answers is None else tuple(answers) if isinstance(answers, (tuple, list)) else (answers,)
        if answers is not None and len(slopes) != len(names):
            raise UsageError(f"corners: {place} needs {len(names)} answers, one for each input, not {len(slopes)}")
        for slope in slopes:
            if not _is_finite(slope):
                raise UsageError(f"corners: the answer {slope!r} at {place} is no number")
        found.append(FormulaCorner((at,), slopes))
    return tuple(found)


def _exact(x: Any) -> float | Fraction:
    """A number of any kind as one that can stand in a term."""
    return Fraction(x) if isinstance(x, (Rational, Decimal)) else float(x)


def _is_finite(x: Any) -> bool:
    """A number that is one: no text, no NaN, no infinity, no answer to a question; SymPy's count."""
    if isinstance(x, bool):
        return False
    if isinstance(x, (Real, Decimal)):
        return math.isfinite(x)
    return bool(getattr(x, "is_number", False)) and bool(x.is_finite)


def point_of(given: Any, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise UsageError(f'point: {given!r} names no inputs: write {{"{names[0]}": 0.7}}')
    for name in given:
        if name not in names:
            raise UsageError(f"point: {name!r} is no input{nearest(name, names)}")
    missing = [name for name in names if name not in given]
    if missing:
        raise UsageError(f"point: {', '.join(missing)} has no value")
    return tuple((name, _float(given[name])) for name in names)


def _float(x: Any) -> float:
    try:
        return float.fromhex(x) if isinstance(x, str) and "0x" in x.lower() else float(Fraction(x))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f"point: {_short(x)} is no number: write 0.7, '7/10' or '0x1.6p-1'") from None
