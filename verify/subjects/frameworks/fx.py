"""A graph of torch.fx read as terms: the primitive operations of PyTorch on scalars, one node after the other.

Real numbers are meant: x != x never holds, and a comparison with infinity is decided.  A node that no term stands
for is an error only if the result needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from verify.subjects.frameworks.base import Untraceable
from verify.subjects.frameworks.reals import (
    both,
    chosen,
    compared,
    either,
    larger,
    neither,
    rounded,
    sign,
    smaller,
    truncated,
    truth,
    whole_power,
)
from verify.trace.term import FALSE, TERMS, TRUE, Condition, Term, apply, constant, term

NAN, HALF = constant(float("nan")), constant(0.5)


def read(graph: Any, arguments: Sequence[Term]) -> tuple[Term, ...]:
    """The results of a graph (of scalars) for these arguments.

    Raises Untraceable naming an operation that no term stands for.
    """
    known: dict[Any, Any] = {}
    waiting = iter(arguments)
    for node in graph.nodes:
        if node.op == "placeholder":
            known[node] = next(waiting)
        elif node.op == "call_function":
            known[node] = _result(node, known)
            if _name(node) == "copy_":  # in place: the first argument is the second from here on
                known[node.args[0]] = known[node]
        elif node.op == "output":
            found = node.args[0] if isinstance(node.args[0], (tuple, list)) else node.args
            return tuple(_needed(known.get(result, result)) for result in found)
        else:
            known[node] = Untraceable(f"a constant of the graph, {node.target}")
    raise Untraceable("a graph without an output")


def _name(node: Any) -> str:
    """The operation without its namespace and overload: prims.mul.default is mul."""
    parts = str(node.target).split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def _result(node: Any, known: dict[Any, Any]) -> Term | Untraceable:
    name = _name(node)
    reading = _READINGS.get(name)
    if reading is None:
        return Untraceable(f"there is no term for {node.target}")
    shape = getattr(node.meta.get("val"), "shape", ())
    if len(shape):
        return Untraceable(f"{node.target} makes an array of shape {tuple(shape)}")
    try:
        return reading(*(_argument(a, known) for a in node.args))
    except Untraceable as reason:
        return reason


def _argument(x: Any, known: dict[Any, Any]) -> Any:
    """The term of another node or of a number; what is neither stays what it is."""
    if hasattr(x, "meta") and x in known:
        return _needed(known[x])
    if isinstance(x, bool):
        return TRUE if x else FALSE
    return constant(x) if isinstance(x, (int, float)) else x


def _needed(x: Any) -> Term:
    if isinstance(x, Untraceable):
        raise x
    if x is None:  # an input that the result does not depend on
        return constant(0)
    return term(x)


# -------------------------------------------------------------------------------------------------- operations


def _condition(x: Term) -> Condition:
    return truth(x)


def _converted(x: Term, to: Any) -> Term:
    name = str(to)
    if name == "torch.bool":
        return _condition(x)
    if "int" in name and not isinstance(x, Condition):
        return truncated(x)
    return term(x)


def _power(x: Term, n: Term) -> Term:
    if n.op == "const" and n.value.denominator == 1:
        whole = int(n.value)
        return whole_power(x, whole) if whole else constant(1)
    if n is HALF:
        return apply("sqrt", x)
    return apply("pow", x, n)


def _polygamma(order: Term, x: Term) -> Term:
    name = {constant(0): "digamma", constant(1): "trigamma"}.get(order)
    return apply("polygamma", order, x) if name is None else apply(name, x)


def _shrunk(g: Term, x: Term, width: Term) -> Term:
    """The gradient of a shrinkage: none between -width and width, the upstream beyond (there is no decomposition)."""
    inside = both(compared("ge", x, -width), compared("le", x, width))
    return chosen(inside, constant(0), g)


def _exclusive(a: Term, b: Term) -> Condition:
    p, q = _condition(a), _condition(b)
    return either(both(p, neither(q)), both(neither(p), q))


def _named(name: str) -> Callable[..., Term]:
    return lambda *x: apply(name, *x)


def _comparison(name: str) -> Callable[..., Condition]:
    return lambda a, b: compared(name, a, b)


def _same(x: Term, *_: Any) -> Term:
    return x


_SAME_NAME = (
    *("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"),
    *("tanh", "asinh", "acosh", "atanh", "erf", "erfc", "abs", "neg", "floor", "ceil", "lgamma", "digamma"),
    *("add", "sub", "mul", "div", "atan2", "hypot"),
)

_READINGS: dict[str, Callable[..., Term]] = {
    **{name: _named(name) for name in _SAME_NAME},
    **{name: _comparison(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    **dict.fromkeys(("view_of", "clone", "alias", "detach", "scalar_tensor", "expand", "view", "squeeze"), _same),
    **dict.fromkeys(("empty_strided", "empty_permuted", "empty_like", "empty"), lambda *_: NAN),
    **dict.fromkeys(("zeros_like", "zeros", "new_zeros"), lambda *_: constant(0)),
    **dict.fromkeys(("ones_like", "ones"), lambda *_: constant(1)),
    "full_like": lambda _, value, *__: value,
    "full": lambda _, value, *__: value,
    "copy_": lambda _, source, *__: source,
    "convert_element_type": _converted,
    "_to_copy": _same,
    "pow": _power,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / TERMS.sqrt(x),
    "exp2": lambda x: apply("pow", 2, x),
    "log2": lambda x: TERMS.log(x) / TERMS.log(constant(2)),
    "log10": lambda x: TERMS.log(x) / TERMS.log(constant(10)),
    "erf_inv": _named("erfinv"),
    "erfcx": lambda x: TERMS.exp(x * x) * TERMS.erfc(x),
    "sign": sign,
    "signbit": lambda x: compared("lt", x, 0),
    "trunc": truncated,
    "round": rounded,
    "fmod": lambda x, y: x - y * truncated(x / y),
    "remainder": lambda x, y: x - y * apply("floor", x / y),
    **dict.fromkeys(("maximum", "fmax"), larger),
    **dict.fromkeys(("minimum", "fmin"), smaller),
    "where": lambda c, a, b: chosen(_condition(c), a, b),
    "bitwise_and": lambda a, b: both(_condition(a), _condition(b)),
    "bitwise_or": lambda a, b: either(_condition(a), _condition(b)),
    "bitwise_xor": _exclusive,
    "bitwise_not": lambda a: neither(_condition(a)),
    "polygamma": _polygamma,
    "ndtri": lambda p: TERMS.sqrt(constant(2)) * apply("erfinv", 2 * p - 1),
    **{f"bessel_i{n}": partial(apply, "bessel_i", n) for n in (0, 1)},
    **{f"bessel_i{n}e": partial(apply, "bessel_ie", n) for n in (0, 1)},
    "hardshrink_backward": _shrunk,
    "softshrink_backward": _shrunk,
}
"""The term of each operation of the namespaces prims and aten, by its name."""
