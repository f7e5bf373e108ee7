"""Converts a torch.fx graph to terms: the primitive operations of PyTorch on scalars, one node after the other.

Values are real numbers: x != x never holds, and a comparison with infinity is decided.  A node without a term is an
error only if the result needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from backproof.verify.subjects.frameworks.base import Untraceable
from backproof.verify.subjects.frameworks.reals import (
    both,
    chosen,
    compared,
    either,
    larger,
    named,
    neither,
    rounded,
    smaller,
    truncated,
    truth,
    whole_power,
)
from backproof.verify.terms.ops import by_name
from backproof.verify.terms.term import FALSE, TERMS, TRUE, Condition, Term, apply, constant, term

NAN, HALF = constant(float("nan")), constant(0.5)


def read(graph: Any, arguments: Sequence[Term]) -> tuple[Term, ...]:
    """The results of a graph (of scalars) for these arguments.

    Raises Untraceable naming an operation that has no term.
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
    """The term of another node or of a number; anything else is returned unchanged."""
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
    """The gradient of a shrinkage: 0 between -width and width, the upstream gradient beyond (has no decomposition)."""
    inside = both(compared("ge", x, -width), compared("le", x, width))
    return chosen(inside, constant(0), g)


def _exclusive(a: Term, b: Term) -> Condition:
    p, q = _condition(a), _condition(b)
    return either(both(p, neither(q)), both(neither(p), q))


def _comparison(name: str) -> Callable[..., Condition]:
    return lambda a, b: compared(name, a, b)


def _same(x: Term, *_: Any) -> Term:
    return x


_READINGS: dict[str, Callable[..., Term]] = {
    **{name: named(function) for name, function in by_name("numpy").items()},
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
    "rsqrt": lambda x: 1 / TERMS.sqrt(x),
    "erf_inv": named("erfinv"),
    "signbit": lambda x: compared("lt", x, 0),
    "round": rounded,
    **dict.fromkeys(("maximum", "fmax"), larger),
    **dict.fromkeys(("minimum", "fmin"), smaller),
    "where": lambda c, a, b: chosen(_condition(c), a, b),
    "bitwise_and": lambda a, b: both(_condition(a), _condition(b)),
    "bitwise_or": lambda a, b: either(_condition(a), _condition(b)),
    "bitwise_xor": _exclusive,
    "bitwise_not": lambda a: neither(_condition(a)),
    "polygamma": _polygamma,
    **{f"bessel_i{n}": partial(apply, "bessel_i", n) for n in (0, 1)},
    **{f"bessel_i{n}e": partial(apply, "bessel_ie", n) for n in (0, 1)},
    "hardshrink_backward": _shrunk,
    "softshrink_backward": _shrunk,
}
"""The term of each operation of the namespaces prims and aten, by its name."""
