"""Layers and operations of thinc.

A layer's forward returns a callback, which gets the gradient of the output and returns that of the input.  An `Ops` has
``backprop_*`` beside its activations: they take the gradient, then the input, the output, or both.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed, has

_WIDTH = 3
_NEAR = (-3.0, 3.0)
_ROWS = 2
OF_ANOTHER_LOSS = frozenset(("softmax", "softmax_v2"))
"""Layers whose callback gets, by convention, the gradient of a loss by what goes into the last function."""


def recognises(kind: type) -> bool:
    """A layer, or the operations of a device."""
    if not any(str(base.__module__).startswith("thinc.") for base in kind.__mro__):
        return False
    names = {base.__name__ for base in kind.__mro__}
    return ("Model" in names and hasattr(kind, "initialize")) or has(kind, "backprop_sigmoid", "sigmoid")


def of_module(module: Any) -> Iterator[Pair]:
    """The layer that a module of thinc's makes, named as the module is."""
    name = module.__name__.rpartition(".")[2].replace("_", "")
    for maker, function in list(vars(module).items()):
        if maker.lower() == name and inspect.isfunction(function) and function.__module__ == module.__name__:
            for pair in pairs(_initialized(function)):
                yield Pair(f"{maker}.{pair.name}", pair.function, pair.given, pair.more, pair.domain_known)


def pairs(target: Any) -> Iterator[Pair]:
    """The derivatives of a layer, or of all activations."""
    if has(target, "backprop_sigmoid"):
        yield from _of_operations(target)
    else:
        yield from _of_layer(target)


def _of_operations(ops: Any) -> Iterator[Pair]:
    for name in sorted(dir(type(ops))):
        activation = name.removeprefix("backprop_")
        if activation == name or not has(ops, activation, name):
            continue
        forward, backward = getattr(ops, activation), getattr(ops, name)
        takes = [p.name for p in inspect.signature(backward).parameters.values() if p.default is p.empty]
        needs = [p.name for p in inspect.signature(forward).parameters.values() if p.default is p.empty]
        if len(needs) != 1 or not set(takes[1:]) <= {"X", "Y"} or len(takes) < 2:
            continue
        yield _activation(forward, backward, tuple(takes[1:]), name)


def _activation(forward: Any, backward: Any, takes: tuple[str, ...], name: str) -> Pair:
    @followed(forward)
    def value(X: Any) -> Any:
        return forward(X)

    @followed(backward)
    def product(X: Any, g: Any) -> Any:
        given = {"X": X, "Y": forward(X)}
        return backward(g, *(given[one] for one in takes))

    return Pair(name, value, {"backward": product}, {"shapes": {"X": (1, 2)}, "bounds": {"X": _NEAR}})


def _of_layer(layer: Any) -> Iterator[Pair]:
    if layer.name in OF_ANOTHER_LOSS:
        return
    width = layer.get_dim("nI") if layer.has_dim("nI") else _WIDTH
    forward = layer._func  # what thinc itself calls, without the copies and checks around it

    @followed(forward)
    def value(X: Any) -> Any:
        return forward(layer, X, False)[0]

    @followed(forward)
    def product(X: Any, g: Any) -> Any:
        return forward(layer, X, True)[1](g)

    shapes = {"X": (_ROWS, int(width))}
    yield Pair("backprop", value, {"backward": product}, {"shapes": shapes, "bounds": {"X": _NEAR}})


def _initialized(maker: Any) -> Any:
    """A layer of the smallest sizes."""
    sizes = {"nO": _WIDTH, "nI": _WIDTH}
    taken = inspect.signature(maker).parameters
    layer = maker(**{name: size for name, size in sizes.items() if name in taken})
    X = np.linspace(-1.0, 1.0, _ROWS * _WIDTH).reshape(_ROWS, _WIDTH)
    layer.initialize(X=X)
    for name in layer.param_names:
        values = np.asarray(layer.get_param(name), dtype=np.float64)
        layer.set_param(name, np.linspace(-0.5, 0.75, values.size).reshape(values.shape))
    return layer
