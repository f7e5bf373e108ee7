"""Converts a user's arguments about a pair of functions to terms: a definition, a domain, kinks, a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from numbers import Rational, Real
from operator import and_
from types import MappingProxyType
from typing import Any

from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.evaluate.formulas import Formula
from backproof.verify.mirror.table import Kink, Spec
from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.numerics.points import points
from backproof.verify.numerics.working_range import Bounds, bounded
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.functions.formulas import FormulaKink, formula_spec
from backproof.verify.subjects.functions.pairs import TracedPair
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, in_a_line
from backproof.verify.support.limits import OutOfTime, time_limit
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.parser import ExpressionError, condition, expression, nearest
from backproof.verify.terms.term import (
    FALSE,
    TRUE,
    Condition,
    Term,
    apply,
    constant,
    substitute,
    symbol,
    symbols_of,
    term,
)

SHOWN = 80  # characters of an argument in a message

Kinks = Mapping[str, Any] | Iterable[Any]


def beside_spec(
    operation: TracedPair,
    definition: Any = None,
    domain: Any = None,
    kinks: Kinks = (),
    seconds: float = 20.0,
    bounds: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[TracedPair, Spec]:
    """A pair of functions on scalars or small arrays, with the spec of its definition.  Raises UsageError."""
    names = operation.inputs
    bends = kinks_of(kinks, names)
    operation.bounds = bounds_of(bounds, operation.bounded_names())
    operation.keeps_policy = any(kink.returns for kink in bends)
    operation.own_definition = definition is None
    meant, where = constant(0), TRUE
    if domain is not None:
        where = as_condition(domain, names, operation.bounded_names())
        operation.stay_within(where)
    try:
        with time_limit(seconds):
            operation.problem = operation.complaint()
            if definition is None:
                meant = _own_trace(operation, operation)
            elif is_function(definition):
                meant = _own_trace(operation, operation.with_forward(definition))
            else:
                meant = as_term("definition", definition, names, False)
            if domain is None:
                where = reduce(and_, operation.assumed, natural_domain(meant))
            if definition is None and not operation.problem:
                if where is FALSE:
                    operation.unread = "on symbols it has no value anywhere"
                elif operation.leaked and _is_another(operation, meant, where):
                    operation.unread = "on symbols it computes something else than on floats"
    except OutOfTime:
        operation.problem = f"the functions did not end within {seconds:g} s when they were run for the first time"
        operation.stopped = True
    except RecursionError:
        operation.problem = "the definition is nested too deeply to be read: a loop with too many iterations?"
    return operation, formula_spec(operation.name, meant, names, where, bends, operation.held)


def _is_another(operation: TracedPair, meant: Term, where: Condition) -> bool:
    """Whether the forward on floats is not its own trace, which leaks: at a point of ordinary size, by far."""
    program = compile_floats([meant], operation.inputs)
    region = domain_of(reduce(and_, bounded(operation.bounds), where), operation.inputs)
    for point in points(operation.name, region, (), _COMPARED):
        if any(x and not _SMALL < abs(x) < 1 / _SMALL for x in point):
            continue
        try:
            ours, traced = number(operation.forward(*point)), float(program(*point)[0])
        except (SubjectError, ArithmeticError):
            continue
        if math.isfinite(ours) and not abs(ours - traced) <= _FAR_OFF * max(abs(ours), abs(traced), _SMALL):
            return True
    return False


_COMPARED, _SMALL, _FAR_OFF = 300, 2.0**-20, 1e-6


def value_of(operation: TracedPair, given: Any) -> Callable[..., Any]:
    """A definition or surrogate, as a function of any kind of number.  Raises UsageError for a text that is none."""
    if is_function(given):
        return operation.with_forward(given).forward
    return Formula(as_term("surrogate", given, operation.inputs, False), operation.inputs)


def is_function(definition: Any) -> bool:
    """Whether a definition is a function rather than a formula."""
    return callable(definition) and not hasattr(definition, "free_symbols")


def _own_trace(operation: TracedPair, meant: TracedPair) -> Term:
    """The forward of ``meant`` on symbols; sets the operation's problem if it does not run on them.

    Raises UsageError if the pair should be verified in another way.
    """
    try:
        return meant.value()
    except NO_TRACE as error:
        reason = in_a_line(error)
        way_out = 'say what it computes: definition="..." of verify.check, or (forward, backward, "...")'
        if not operation.problem:
            operation.problem = f"the forward does not run on symbols ({reason}); {way_out}"
            operation.unread = reason
        return constant(0)


def as_condition(
    given: Any, names: Sequence[str], arrays: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Condition:
    """A domain as the user gives it.

    arrays: the entries of each array; a condition on an array by its name is one on each of its entries, and several
        arrays in one condition are taken entry by entry

    Raises UsageError.
    """
    found = as_term("domain", given, [*names, *(one for one in arrays if one not in names)], True)
    assert isinstance(found, Condition)
    whole = [one for one in symbols_of(found) if one in arrays and one not in names]
    if not whole:
        return found
    sizes = {one: len(arrays[one]) for one in whole}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{one} has {count}" for one, count in sizes.items())
        raise UsageError(f"domain {_short(given)}: entry by entry, but of entries {counts}")
    entries = zip(*(arrays[one] for one in whole), strict=True)
    each = [substitute((found,), {symbol(a): symbol(b) for a, b in zip(whole, row, strict=True)})[0] for row in entries]
    return reduce(and_, (c for c in each if isinstance(c, Condition)))


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
        raise UsageError(f"{what} {_short(given)} is not a formula: write it as text, {example}, or in SymPy")
    try:
        found = condition_from_sympy(given) if condition_wanted else from_sympy(given)
    except (TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{what} {_short(given)}: {error}; write it as text, or as a SymPy expression") from None
    for unknown in symbols_of(found):
        if unknown not in names:
            raise UsageError(f"{what} {given}: {unknown!r} is not an input{nearest(unknown, names)}")
    return found


def _short(given: Any) -> str:
    """The argument as passed, shortened for a message."""
    shown = repr(given)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."


def kinks_of(given: Kinks, names: Sequence[str]) -> tuple[Kink, ...]:
    """Kinks that a user declares, each an expression that is 0 there, or a number for the one input."""
    if isinstance(given, (str, int, float)):
        given = (given,)
    if not isinstance(given, Iterable):
        raise UsageError(f"kinks: {given!r} is neither a list of places nor a mapping of places to derivatives")
    pairs = given.items() if isinstance(given, Mapping) else ((place, None) for place in given)
    found = []
    for place, returns in pairs:
        if isinstance(place, (Real, Decimal)):
            if len(names) != 1:
                raise UsageError(f"kinks: {place} is a place for one input, but the inputs are {', '.join(names)}")
            if not _is_finite(place):
                raise UsageError(f"kinks: {place!r} is not a place: write a number")
            at: Term = symbol(names[0]) if place == 0 else apply("sub", symbol(names[0]), _exact(place))
        else:
            at = as_term("kinks", place, names, False)
        partials = () if returns is None else tuple(returns) if isinstance(returns, (tuple, list)) else (returns,)
        if returns is not None and len(partials) != len(names):
            raise UsageError(f"kinks: {place} needs one derivative per input, not {len(partials)}")
        for partial in partials:
            if not _is_finite(partial):
                raise UsageError(f"kinks: the derivative {partial!r} at {place} is not a number")
        found.append(FormulaKink((at,), partials))
    return tuple(found)


def bounds_of(given: Any, entries: Mapping[str, Sequence[str]]) -> Bounds:
    """The bounds that a user states: input -> (low, high), both included; an infinite bound leaves that side open.

    entries: the names that each input stands for: its own, or those of the entries of an array

    Raises UsageError.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f'bounds: {_short(given)} names no inputs: write {{"x": (0, 10)}}')
    found: dict[str, tuple[float, float]] = {}
    for name, pair in given.items():
        if name not in entries:
            raise UsageError(f"bounds: {name!r} is not an input{nearest(str(name), list(entries))}")
        if isinstance(pair, (tuple, list)) and len(pair) == 2:  # SciPy writes None for an open end
            pair = tuple(end if x is None else x for x, end in zip(pair, (-math.inf, math.inf), strict=True))
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(_is_real, pair))):
            raise UsageError(f"bounds: {_short(pair)} for {name}: two numbers are needed, the smallest and the largest")
        low, high = map(float, pair)
        if not low < high:
            raise UsageError(f"bounds: {name} from {low!r} to {high!r} leaves no room")
        found |= dict.fromkeys(entries[name], (low, high))
    return found


def _is_real(x: Any) -> bool:
    """Whether it is a real number, infinities included."""
    if isinstance(x, bool):
        return False
    return isinstance(x, (Real, Decimal)) and not math.isnan(x)


def _exact(x: Any) -> float | Fraction:
    """A number of any kind, converted to one that a term can contain."""
    return Fraction(x) if isinstance(x, (Rational, Decimal)) else float(x)


def _is_finite(x: Any) -> bool:
    """Whether it is a finite number: not text, NaN, infinity or a bool; SymPy's numbers count."""
    if isinstance(x, bool):
        return False
    if isinstance(x, (Real, Decimal)):
        return math.isfinite(x)
    return bool(getattr(x, "is_number", False)) and bool(x.is_finite)


def point_of(given: Any, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise UsageError(f'point: {given!r} does not name the inputs: write {{"{names[0]}": 0.7}}')
    for name in given:
        if name not in names:
            raise UsageError(f"point: {name!r} is not an input{nearest(name, names)}")
    missing = [name for name in names if name not in given]
    if missing:
        raise UsageError(f"point: {', '.join(missing)} has no value")
    return tuple((name, _float(given[name])) for name in names)


def _float(x: Any) -> float:
    try:
        return float.fromhex(x) if isinstance(x, str) and "0x" in x.lower() else float(Fraction(x))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f"point: {_short(x)} is not a number: write 0.7, '7/10' or '0x1.6p-1'") from None
