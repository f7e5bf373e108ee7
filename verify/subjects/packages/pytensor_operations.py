"""Scalar operations of PyTensor: ``impl``, and the graph of derivatives that ``pullback`` (or ``grad``) builds.

The graph is evaluated by the operations' own ``impl``, from the inputs on: no compiler is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from backproof.verify.subjects.packages.pair import Pair, followed, has

_NAMES = ("x", "y", "z", "w")

DOMAINS = {
    **dict.fromkeys(("Log", "Log2", "Log10", "Sqrt", "Gamma", "GammaLn", "Psi", "TriGamma"), "x > 0"),
    "Log1p": "x > -1",
    **dict.fromkeys(("ArcSin", "ArcCos", "ArcTanh", "Erfinv"), "x > -1 and x < 1"),
    "Erfcinv": "x > 0 and x < 2",
    "ArcCosh": "x > 1",
    "Reciprocal": "x != 0",
    "TrueDiv": "y != 0",
    "Pow": "x > 0",
    "Log1mexp": "x < 0",
    "Clip": "y < z",
}
"""Where an operation is meant, if not everywhere."""

BOUNDS = {
    "Tan": {"x": (-1.5, 1.5)},
    **dict.fromkeys(("GammaInc", "GammaIncC", "Jv", "Ive", "Kve"), {"x": (0.5, 5.0), "y": (0.5, 5.0)}),
    "BetaInc": {"x": (0.5, 5.0), "y": (0.5, 5.0), "z": (0.1, 0.9)},
    "Mod": {"x": (0.1, 9.0), "y": (0.5, 4.0)},
}
"""One period of those that have poles, and where series converge."""

_CONSTANT = frozenset(
    ("Sign", "Ceil", "Floor", "Trunc", "RoundHalfToEven", "RoundHalfAwayFromZero", "IntDiv", "Cast", "Composite", "Switch")
)
_COMPLEX = frozenset(("Real", "Imag", "Angle", "Complex", "Conj", "ComplexFromPolar"))


def recognises(kind: type) -> bool:
    """A scalar operation of real numbers."""
    return any(str(b.__module__).startswith("pytensor.scalar") and b.__name__ == "ScalarOp" for b in kind.__mro__)


def pairs(op: Any) -> Iterator[Pair]:
    """The derivative by each input, in one."""
    name = type(op).__name__
    count = op.nin if op.nin > 0 else 2
    discrete = {"LogicalComparison", "FixedLogicalComparison", "UnaryBitOp", "BinaryBitOp"}
    kinds = {base.__name__ for base in type(op).__mro__}
    if name in _CONSTANT | _COMPLEX or kinds & discrete or count > len(_NAMES) or not has(op, "impl"):
        return
    scalar = import_module("pytensor.scalar.basic")
    names = _NAMES[:count]
    inputs = [scalar.float64(one) for one in names]
    node = op.make_node(*inputs)
    upstream = scalar.float64("g")
    graph = _pulled_back(op, inputs, node.outputs, upstream)
    if graph is None:
        return
    steps, outputs = _steps(graph, [*inputs, upstream])
    rule = getattr(type(op), "pullback", None) or getattr(type(op), "L_op", None) or type(op).grad

    @followed(rule)
    def evaluated(values: Sequence[Any]) -> Any:
        known = list(values)
        for impl, places, constants in steps:
            known.append(impl(*(known[k] if k >= 0 else constants[-1 - k] for k in places)))
        found = [known[k] if k >= 0 else 0.0 for k in outputs]
        return tuple(found) if len(found) > 1 else found[0]

    forward, backward = _CALLS[count](op.impl, evaluated, rule)
    more: dict[str, Any] = {"names": names}
    if name in DOMAINS:
        more["domain"] = DOMAINS[name]
    if name in BOUNDS:
        more["bounds"] = BOUNDS[name]
    yield Pair("pullback", forward, {"backward": backward}, more)


def _one(impl: Any, evaluated: Any, rule: Any) -> Any:
    @followed(impl)
    def forward(x: Any) -> Any:
        return impl(x)

    @followed(rule)
    def backward(x: Any, g: Any) -> Any:
        return evaluated((x, g))

    return forward, backward


def _two(impl: Any, evaluated: Any, rule: Any) -> Any:
    @followed(impl)
    def forward(x: Any, y: Any) -> Any:
        return impl(x, y)

    @followed(rule)
    def backward(x: Any, y: Any, g: Any) -> Any:
        return evaluated((x, y, g))

    return forward, backward


def _three(impl: Any, evaluated: Any, rule: Any) -> Any:
    @followed(impl)
    def forward(x: Any, y: Any, z: Any) -> Any:
        return impl(x, y, z)

    @followed(rule)
    def backward(x: Any, y: Any, z: Any, g: Any) -> Any:
        return evaluated((x, y, z, g))

    return forward, backward


_CALLS = {1: _one, 2: _two, 3: _three}


def _pulled_back(op: Any, inputs: list[Any], outputs: list[Any], upstream: Any) -> list[Any] | None:
    """The graph of each input's derivative; None where the operation says that it has none."""
    for call in (
        lambda: op.pullback(inputs, outputs, [upstream]),
        lambda: op.L_op(inputs, outputs, [upstream]),
        lambda: op.grad(inputs, [upstream]),
    ):
        try:
            return list(call())
        except AttributeError:
            continue
        except NotImplementedError:  # and what PyTensor raises for a rule that is missing
            return None
    return None


def _steps(graph: list[Any], known: list[Any]) -> tuple[list[tuple[Any, tuple[int, ...], tuple[Any, ...]]], list[int]]:
    """A graph as a program: each step an ``impl``, the places of its arguments (-1, -2, ... for constants)."""
    places = {id(variable): k for k, variable in enumerate(known)}
    steps: list[tuple[Any, tuple[int, ...], tuple[Any, ...]]] = []
    kept: list[Any] = []

    def place(variable: Any) -> int:
        if id(variable) in places:
            return places[id(variable)]
        kept.append(variable)
        node = variable.owner
        arguments: list[int] = []
        constants: list[Any] = []
        for one in node.inputs:
            if one.owner is None and id(one) not in places:
                constants.append(float(one.data))
                arguments.append(-len(constants))
            else:
                arguments.append(place(one))
        impl = _unchanged if type(node.op).__name__ in ("Cast", "Identity") else node.op.impl
        steps.append((impl, tuple(arguments), tuple(constants)))
        places[id(variable)] = len(places)
        return places[id(variable)]

    outputs = []
    for variable in graph:
        if getattr(variable, "owner", None) is None and id(variable) not in places:
            value = getattr(variable, "data", 0.0)  # a constant, or disconnected
            steps.append((_unchanged, (-1,), (float(value),)))
            outputs.append(len(places))
            places[id(variable)] = len(places)
            kept.append(variable)
        else:
            outputs.append(place(variable))
    return steps, outputs


@followed(None)
def _unchanged(x: Any) -> Any:
    return x
