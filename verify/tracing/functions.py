"""Maps the functions of NumPy, SciPy and `math` to functions of terms."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from backproof.verify.terms import ops
from backproof.verify.terms.definitions import build
from backproof.verify.terms.ledger import guard, leak
from backproof.verify.terms.ops import ARITY, COMPARISONS, PARTIAL, by_name
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, apply, compare, constant, term, topological, where

Function = Callable[..., Any]


def _named(name: str, *x: Any) -> Term:
    """A function from the table of primitives."""
    if len(x) != ARITY[name]:
        raise TypeError(f"{name} takes {ARITY[name]} arguments, and {len(x)} were given")
    return build(name)(*x)  # type: ignore[no-any-return]


def _log(x: Any, base: Any = None) -> Term:
    return apply("log", x) if base is None else apply("log", x) / apply("log", base)


def _clip(x: Any, low: Any = None, high: Any = None) -> Term:
    x = x if low is None else apply("maximum", x, low)
    return x if high is None else apply("minimum", x, high)


def _nearest_remainder(a: Any, b: Any) -> Term:
    """a minus the nearest integer multiple of b, ties to even: the remainder of IEEE 754."""
    low = apply("floor", a / b)
    beyond = a / b - low
    even = compare("eq", low, 2 * apply("floor", low / 2))
    up = compare("gt", beyond, Fraction(1, 2)) | (compare("eq", beyond, Fraction(1, 2)) & ~even)
    return term(a - b * (low + where(up, 1, 0)))


def _length(*x: Any) -> Term:
    """math.hypot, of any number of coordinates."""
    if len(x) == 2:
        return apply("hypot", *x)
    return apply("sqrt", sum((v * v for v in x), constant(0)))


def is_close(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    """math.isclose: the tolerance is of the larger of the two."""
    if not (isinstance(a, Term) or isinstance(b, Term)):
        return math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    size = apply("maximum", apply("abs", a), apply("abs", b))
    return compare("le", apply("abs", a - b), apply("maximum", rel_tol * size, abs_tol))


def _is_partial(node: Term) -> bool:
    """Whether a function has no value somewhere; a power with a whole exponent from 0 on has one everywhere."""
    exponent = node.args[1] if node.op == "pow" else None
    if exponent is not None and exponent.op == "const" and exponent.value.denominator == 1 and exponent.value >= 0:
        return False
    return node.op in PARTIAL


def _event(name: str, answer: Condition, x: Any) -> Condition:
    """What holds of every real number; floats may overflow.  What has no value in real numbers is a leak."""
    if any(_is_partial(node) for node in topological(term(x))):
        leak(f"{name} of what has no value everywhere")
    guard(name, term(x))
    return answer


FUNCTIONS: dict[str, Function] = {
    **{name: partial(_named, function) for name, function in by_name().items()},
    **{name: partial(compare, op) for name, op in zip(
        ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), COMPARISONS, strict=True
    )},
    **dict.fromkeys(("positive", "conjugate"), lambda x: x),
    "hypot": _length,
    "log": _log,
    "clip": _clip,
    "math.remainder": _nearest_remainder,
    **{name: partial(_event, name, FALSE) for name in ("isnan", "isinf", "isneginf", "isposinf")},
    "isfinite": partial(_event, "isfinite", TRUE),
}
"""By name; if modules disagree about a name, by module and name."""

SEVERAL: dict[str, tuple[Function, ...]] = {
    name: tuple(partial(_named, result) for result in results) for name, results in ops.SEVERAL.items()
}
"""Functions with several results: a function for each result."""

WHOLE = frozenset({"floor", "ceil", "isnan", "isinf", "isfinite", "sign", "trunc"})
"""Functions that are exact on floats."""


def known(function: Any, name: str) -> str:
    """The name in `FUNCTIONS` of a module's function; "" if it is not listed."""
    own = f"{getattr(function, '__module__', None)}.{name}"
    return own if own in FUNCTIONS else name if name in FUNCTIONS or name in SEVERAL else ""


def holds_terms(x: Any) -> bool:
    """Whether it is a term, or an array or nested list that contains one."""
    if isinstance(x, Term):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(holds_terms, x))
    return getattr(getattr(x, "dtype", None), "kind", "") == "O"
