"""The names that a subject's code meets among symbols: a `math`, a `numpy` and a `float` that know terms.

`private(kind)` is the subject's class over again with these in place of the real ones (see `verify.trace.lift`);
the class itself, its module and everybody else's `math` stay what they are.  Functions of plain numbers come out
exact, too: ``math.sqrt(2 / math.pi)`` in a rule is the number √(2/π), not a float beside it.
"""

from __future__ import annotations

import math
import numbers
import types
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from engine.node import Node
from verify.trace.lift import Lifter
from verify.trace.term import (
    BINARY,
    COMPARISONS,
    FALSE,
    PARAMETRIC,
    PI,
    TRUE,
    UNARY,
    Term,
    apply,
    compare,
    constant,
    term,
    where,
)

Function = Callable[..., Any]


@cache
def private(kind: type) -> type:
    """The class rebuilt for symbols; one derived from our Node knows terms already, and has its literals lifted."""
    if issubclass(kind, Node):
        return Lifter().twin(kind)  # type: ignore[no-any-return]
    numbers.Real.register(Term)  # `isinstance(x, numbers.Real)`: a term stands for a real number
    return Lifter(_replaced, {"float": Float}).twin(kind)  # type: ignore[no-any-return]


def symbolic(function: Function) -> Function:
    """The function rebuilt for symbols, its float literals exact."""
    return symbolic_together(function)[0]


def symbolic_together(*functions: Function) -> tuple[Function, ...]:
    """Functions rebuilt for symbols that share what they shared: two methods of one object keep that in common."""
    return tuple(map(Lifter(_replaced, {"float": Float}).twin, functions))


def _replaced(x: Any) -> Any:
    """What stands for a module, a function or a constant of mathematics; ``x`` itself for all else."""
    if isinstance(x, types.ModuleType):
        return _namespaces().get(x.__name__, x)
    if x is float:
        return Float
    if x is math.pi:
        return PI
    name = getattr(x, "__name__", None)
    if isinstance(x, types.BuiltinFunctionType) and x.__module__ == "math":
        return getattr(MATHEMATICS, x.__name__)
    if name in FUNCTIONS and type(x).__name__ == "ufunc":
        return _function(name, x)
    if getattr(x, "__module__", None) == "numpy" and callable(x) and not isinstance(x, type):
        from verify.subjects.arrays import NUMPY

        return getattr(NUMPY, name or "", x)
    return x


def _namespaces() -> dict[str, Any]:
    import sys

    found: dict[str, Any] = {"math": MATHEMATICS}
    if "numpy" in sys.modules:  # else no subject has it
        from verify.subjects.arrays import NUMPY, SPECIAL

        found |= {"numpy": NUMPY, "scipy.special": SPECIAL}
    return found


class _TakesTerms(type):
    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, (float, Term))

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, (float, Term))


class Float(metaclass=_TakesTerms):
    """`float`, for code that asks ``isinstance(x, float)`` or converts with ``float(x)``: a term is a number."""

    def __new__(cls, x: Any = 0.0) -> Any:
        if isinstance(x, Term):
            return x
        item = getattr(x, "item", None)
        if item is not None and getattr(x, "size", 0) == 1 and isinstance(item(), Term):
            return item()
        return float(x)

    fromhex = float.fromhex


# ------------------------------------------------------------------------------------------------- the functions


def _sign(x: Any) -> Term:
    return where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0))


def _log(x: Any, base: Any = None) -> Term:
    return apply("log", x) if base is None else apply("log", x) / apply("log", base)


def _copysign(size: Any, sign: Any) -> Term:
    return where(compare("ge", sign, 0), apply("abs", size), -apply("abs", size))


def _clip(x: Any, low: Any = None, high: Any = None) -> Term:
    x = x if low is None else apply("maximum", x, low)
    return x if high is None else apply("minimum", x, high)


def _truncated(x: Any) -> Term:
    return where(compare("ge", x, 0), apply("floor", x), apply("ceil", x))


def _nearest_remainder(a: Any, b: Any) -> Term:
    """a less the whole multiple of b that is nearest, the even one of two: the remainder of IEEE 754."""
    low = apply("floor", a / b)
    beyond = a / b - low
    even = compare("eq", low, 2 * apply("floor", low / 2))
    up = compare("gt", beyond, Fraction(1, 2)) | (compare("eq", beyond, Fraction(1, 2)) & ~even)
    return term(a - b * (low + where(up, 1, 0)))


def _length(*x: Any) -> Term:
    """math.hypot, of as many coordinates as there are."""
    if len(x) == 2:
        return apply("hypot", *x)
    return apply("sqrt", sum((v * v for v in x), constant(0)))


def is_close(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    """math.isclose: the tolerance is of the larger of the two."""
    if not (isinstance(a, Term) or isinstance(b, Term)):
        return math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    size = apply("maximum", apply("abs", a), apply("abs", b))
    return compare("le", apply("abs", a - b), apply("maximum", rel_tol * size, abs_tol))


def _of(op: str) -> Function:
    count = PARAMETRIC.get(op, 2 if op in BINARY else 1)

    def function(*x: Any) -> Term:
        if len(x) != count:
            raise TypeError(f"{op} takes {count} arguments, and {len(x)} were given")
        return apply(op, *x)

    return function


FUNCTIONS: dict[str, Function] = {
    **{name: _of(name) for name in (*UNARY, "erfinv", "gamma", "digamma", "expi", "spence", "polygamma")},
    "psi": _of("digamma"),
    **{name: _of(name) for name in ("gammainc", "gammaincc", "betainc")},
    "lgamma": _of("lgamma"),
    "gammaln": _of("lgamma"),
    "rgamma": lambda x: 1 / apply("gamma", x),
    "beta": lambda a, b: apply("gamma", a) * apply("gamma", b) / apply("gamma", a + b),
    **{f"{kind}{n}": (lambda x, _kind=kind, _n=n: apply(f"bessel_{_kind}", _n, x)) for kind in "jyik" for n in (0, 1)},
    **{f"i{n}e": (lambda x, _n=n: apply("bessel_ie", _n, x)) for n in (0, 1)},
    **{name: _of(f"bessel_{kind}") for name, kind in (("jv", "j"), ("jn", "j"), ("yv", "y"), ("yn", "y"))},
    **{name: _of(f"bessel_{kind}") for name, kind in (("iv", "i"), ("ive", "ie"), ("kv", "k"), ("kn", "k"))},
    "ndtri": lambda p: apply("sqrt", 2) * apply("erfinv", 2 * p - 1),
    "log_ndtr": lambda x: apply("log", apply("erfc", -apply("div", x, apply("sqrt", 2))) / 2),
    "erfcx": lambda x: apply("exp", x * x) * apply("erfc", x),
    "erfcinv": lambda x: apply("erfinv", 1 - x),
    "logit": lambda x: _log(x / (1 - x)),
    "betaln": lambda a, b: apply("lgamma", a) + apply("lgamma", b) - apply("lgamma", a + b),
    **{f"arc{f}": _of(f"a{f}") for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
    **{name: _of(op) for name, op in (("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("divide", "div"))},
    **{name: _of(op) for name, op in (("power", "pow"), ("float_power", "pow"), ("pow", "pow"), ("atan2", "atan2"))},
    **{name: _of(op) for name, op in (("fabs", "abs"), ("absolute", "abs"), ("negative", "neg"))},
    "hypot": _length,
    **{name: _of(op) for name, op in (("maximum", "maximum"), ("fmax", "maximum"))},
    **{name: _of(op) for name, op in (("minimum", "minimum"), ("fmin", "minimum"))},
    **{name: (lambda a, b, _op=op: compare(_op, a, b)) for name, op in zip(
        ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), COMPARISONS, strict=True
    )},
    "true_divide": _of("div"),
    **dict.fromkeys(("positive", "conjugate"), lambda x: x),
    "square": lambda x: apply("mul", x, x),
    "reciprocal": lambda x: apply("div", 1, x),
    "log": _log,
    "log2": lambda x: _log(x, 2),
    "log10": lambda x: _log(x, 10),
    "exp2": lambda x: apply("pow", 2, x),
    "logaddexp": lambda a, b: apply("log", apply("exp", a) + apply("exp", b)),
    "logaddexp2": lambda a, b: _log(apply("pow", 2, a) + apply("pow", 2, b), 2),
    **dict.fromkeys(("remainder", "mod"), lambda a, b: a - b * apply("floor", a / b)),
    "floor_divide": lambda a, b: apply("floor", a / b),
    "fmod": lambda a, b: a - b * _truncated(a / b),
    "remainder of math": _nearest_remainder,  # by the same name there
    **dict.fromkeys(("trunc", "fix"), _truncated),
    "expit": lambda x: 1 / (1 + apply("exp", apply("neg", x))),
    "ndtr": lambda x: apply("erfc", -apply("div", x, apply("sqrt", 2))) / 2,
    "radians": lambda x: apply("mul", x, PI) / 180,
    "degrees": lambda x: apply("mul", x, 180) / PI,
    "rad2deg": lambda x: apply("mul", x, 180) / PI,
    "deg2rad": lambda x: apply("mul", x, PI) / 180,
    "sign": _sign,
    "heaviside": lambda x, middle: where(compare("gt", x, 0), 1, where(compare("lt", x, 0), 0, middle)),
    "copysign": _copysign,
    "clip": _clip,
    "isnan": lambda _: FALSE,
    "isinf": lambda _: FALSE,
    "isfinite": lambda _: TRUE,
}
"""What NumPy, SciPy and `math` call the functions of terms."""

_WHOLE = frozenset({"floor", "ceil", "isnan", "isinf", "isfinite", "sign", "trunc"})  # exact on floats anyway


@cache
def _function(name: str, real: Function) -> Function:
    """The function among symbols: of a term a term, of plain numbers the exact value, of all else what it was."""
    of_terms = FUNCTIONS[name]

    def function(*x: Any, **options: Any) -> Any:
        if options:
            return real(*x, **options)
        if name in _WHOLE and all(isinstance(v, Term) and v.op == "const" for v in x):
            return real(*map(float, x))
        if any(isinstance(v, Term) for v in x) and all(isinstance(v, (int, float, Term)) for v in x):
            return of_terms(*x)
        if any(holds_terms(v) for v in x):
            from verify.subjects.arrays import elementwise

            return elementwise(of_terms, *x)
        value = real(*x)  # an error is the subject's own
        if name in _WHOLE or not all(type(v) in (int, float) for v in x) or not math.isfinite(value):
            return value
        return of_terms(*x)

    for method in ("accumulate", "at", "outer", "reduce", "reduceat"):  # those of a ufunc work on arrays of terms
        if hasattr(real, method):
            setattr(function, method, getattr(real, method))
    return function


def holds_terms(x: Any) -> bool:
    """Whether it is a term, or an array or nested lists with some."""
    if isinstance(x, Term):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(holds_terms, x))
    return getattr(getattr(x, "dtype", None), "kind", "") == "O"


class Namespace:
    """A module among symbols: its own functions where it has any, those of terms where they are known.

    module: the real one; more: what it calls otherwise, or needs another way
    """

    def __init__(self, module: types.ModuleType, **more: Any) -> None:
        self._module = module
        vars(self).update(more)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if name in FUNCTIONS and callable(found):
            return _function(name, found)
        return found

    def __repr__(self) -> str:
        return f"<{self._module.__name__}, for symbols>"


MATHEMATICS = Namespace(
    math,
    pi=PI,
    tau=apply("mul", 2, PI),
    e=apply("exp", constant(1)),
    isclose=is_close,
    remainder=_function("remainder of math", math.remainder),
)
"""`math`."""
