"""Scalar operations of PyTensor: ``impl``, and the graph of derivatives that ``pullback`` (or ``grad``) builds.

The graph is evaluated by the operations' own ``impl``, from the inputs on: no compiler is used.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any

from backproof.verify.subjects.packages.pair import Pair, followed, has, on_floats

_NAMES = ("x", "y", "z", "w")

DOMAINS = {
    **dict.fromkeys(("Log", "Log2", "Log10", "Sqrt"), "x > 0"),
    **dict.fromkeys(("Gamma", "GammaLn", "Psi", "TriGamma"), "x > 2**-64"),
    "Log1p": "x > -1",
    **dict.fromkeys(("ArcSin", "ArcCos", "ArcTanh", "Erfinv"), "x > -1 and x < 1"),
    "Erfcinv": "x > 0 and x < 2",
    "ArcCosh": "x > 1",
    "Reciprocal": "x != 0",
    "TrueDiv": "y != 0",
    "Pow": "x > 0",
    "Log1mexp": "x < 0",
    "Softplus": "x > -37 and x < 18",  # beyond, its forward is an approximation that no float tells from it
    "Clip": "y < z",
}
"""Where an operation is meant, if not everywhere."""

BOUNDS = {
    "Tan": {"x": (-1.5, 1.5)},
    **{name: {"x": (0.5, 5.0), "y": (0.5, 5.0)} for name in ("GammaInc", "GammaIncC", "Jv", "Ive", "Kve")},
    "BetaInc": {"x": (0.5, 5.0), "y": (0.5, 5.0), "z": (0.1, 0.9)},
    **{name: {"x": (-700.0, 700.0)} for name in ("I0", "I1")},  # SciPy's overflow before the function does
    "Mod": {"x": (0.1, 9.0), "y": (0.5, 4.0)},
}
"""One period of those that have poles, and where series converge."""

_OF_SERIES = frozenset(("GammaInc", "GammaIncC", "BetaInc"))
"""Their derivatives by some inputs are loops, and no primitive functions."""

_CONSTANT = frozenset(
    (
        *("Sign", "Ceil", "Floor", "Trunc", "RoundHalfToEven", "RoundHalfAwayFromZero"),
        *("IntDiv", "Cast", "Composite", "Switch"),
    )
)
_COMPLEX = frozenset(("Real", "Imag", "Angle", "Complex", "Conj", "ComplexFromPolar"))


INSTANCES = True
"""A class is not made: the module holds an object of each."""


def recognises(kind: type) -> bool:
    """A scalar operation of real numbers; a class by itself states no types."""
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
    known = [k for k, one in enumerate(graph) if type(one.type).__name__ not in ("NullType", "DisconnectedType")]
    if not known:
        return
    steps, outputs = _steps([graph[k] for k in known], [*inputs, upstream])
    rule = getattr(type(op), "pullback", None) or getattr(type(op), "L_op", None) or type(op).grad

    @followed(rule)
    def evaluated(values: Sequence[Any]) -> Any:
        at = list(values)
        for impl, places, constants in steps:
            at.append(impl(*(at[k] if k >= 0 else constants[-1 - k] for k in places)))
        found = [at[k] for k in outputs]
        return tuple(found) if len(found) > 1 else found[0]

    forward, backward = _CALLS[count](_alone(op.impl), evaluated, rule)
    more: dict[str, Any] = {"names": names}
    if name in DOMAINS:
        more["domain"] = DOMAINS[name]
    if name in BOUNDS:
        more["bounds"] = BOUNDS[name]
    if len(known) < count:  # by the others there is no rule

        @followed(rule)
        def jacobian(*data: Any) -> Any:
            return evaluated((*data, 1.0))

        yield Pair("pullback", forward, {"jac": jacobian}, {**more, "wrt": tuple(names[k] for k in known)})
        return
    pair = Pair("pullback", forward, {"backward": backward}, more)
    yield on_floats(pair) if name in _OF_SERIES else pair


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


_CALLS: dict[int, Any] = {1: _one, 2: _two, 3: _three}


def _pulled_back(op: Any, inputs: list[Any], outputs: list[Any], upstream: Any) -> list[Any] | None:
    """The graph of each input's derivative; None where the operation says that it has none."""
    for call in (
        lambda: op.pullback(inputs, outputs, [upstream]),
        lambda: op.L_op(inputs, outputs, [upstream]),
        lambda: op.grad(inputs, [upstream]),
    ):
        try:
            return list(call())  # type: ignore[no-untyped-call]
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
                constants.append(one.data.item())
                arguments.append(-len(constants))
            else:
                arguments.append(place(one))
        impl = _unchanged if type(node.op).__name__ in ("Cast", "Identity") else _alone(node.op.impl)
        if len(node.outputs) > 1:
            impl = _picked(impl, node.outputs.index(variable))
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


def _alone(impl: Any) -> Any:
    """A method that does not use its object, without it and what else its module holds: a trace follows all of it."""
    function = getattr(impl, "__func__", None)
    if function is None:
        return impl
    me = function.__code__.co_varnames[0]
    steps = list(dis.get_instructions(function))
    if any(step.argval == me for step in steps if step.opname == "LOAD_FAST"):
        return impl
    names = {"__name__", "__builtins__", *_globals(function.__code__)}  # `np.exp` is not the module's `exp`
    scope = {name: _real(name, x) for name, x in function.__globals__.items() if name in names}
    alone = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    return partial(alone, None)


def _picked(impl: Any, which: int) -> Any:
    return lambda *data: impl(*data)[which]


def _globals(code: CodeType) -> Iterator[str]:
    """The globals that a code reads, and those inside of it."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def _real(name: str, x: Any) -> Any:
    """The module that PyTensor's stand-in imports at its first use."""
    return import_module(f"scipy.{name}") if type(x).__name__.startswith("_LazyScipy") else x


@followed(None)
def _unchanged(x: Any) -> Any:
    return x
