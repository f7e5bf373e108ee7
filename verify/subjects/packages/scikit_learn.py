"""Kernels and losses of scikit-learn.

A kernel has its Jacobian by ``theta``, the logarithms of its hyperparameters that are not fixed, from
``eval_gradient=True``; it is verified on three points of the plane.  A loss has ``gradient`` and ``gradient_hessian``
by the raw predictions, entry by entry; it is compiled, and takes arrays of floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed, has

_POINTS = np.array([[0.0, 0.5], [1.0, -0.25], [0.75, 1.5]])
_NEAR = (-0.7, 0.7)  # logarithms: a factor of two around the kernel's own
_RAW = (-3.0, 3.0)


def recognises(kind: type) -> bool:
    """A kernel or a loss."""
    if not any(str(base.__module__).startswith("sklearn.") for base in kind.__mro__):
        return False
    return has(kind, "clone_with_theta", "diag") or has(kind, "loss", "gradient_hessian", "in_y_true_range")


def made(kind: type) -> Any:
    """A kernel of kernels is made of two plain ones; None for all that is made without arguments."""
    names = {base.__name__: base for base in kind.__mro__}
    if "KernelOperator" in names or kind.__name__ == "Exponentiation":
        from importlib import import_module

        kernels = import_module("sklearn.gaussian_process.kernels")
        one, other = kernels.RBF(), kernels.RationalQuadratic()
        return kind(one, other) if "KernelOperator" in names else kind(one, 2.0)
    if "ArrayAPILossMixin" in names:
        return kind(xp=np)
    return None


def pairs(target: Any) -> Iterator[Pair]:
    """The derivatives of a kernel, or of a loss."""
    if has(target, "clone_with_theta"):
        yield from _of_kernel(target)
    else:
        yield from _of_loss(target)


def _of_kernel(kernel: Any) -> Iterator[Pair]:
    theta = np.asarray(kernel.theta, dtype=float)
    if not theta.size:
        return

    def called(at: Any) -> Any:
        @followed(type(kernel).__call__)
        def value(theta: Any) -> Any:
            return at(theta)(_POINTS)

        @followed(type(kernel).__call__)
        def jacobian(theta: Any) -> Any:
            return at(theta)(_POINTS, eval_gradient=True)[1]

        return value, jacobian

    @followed(None)
    def clone(theta: Any) -> Any:
        return kernel.clone_with_theta(theta)

    @followed(None)
    def filled(theta: Any) -> Any:
        return _filled(kernel, list(theta))

    low, high = float(theta.min()) + _NEAR[0], float(theta.max()) + _NEAR[1]
    more = {"shapes": {"theta": theta.shape}, "bounds": {"theta": (low, high)}, "layout": "rows"}
    ways = []
    for at in (filled, clone):
        value, jacobian = called(at)
        ways.append(Pair("eval_gradient", value, {"jac": jacobian}, more))
    yield replace(ways[0], others=(ways[1],))


@followed(None)
def _filled(kernel: Any, theta: list[Any]) -> Any:
    """A copy with these hyperparameters, taken from the front of a list of their logarithms.

    As `clone_with_theta` makes it, without looking into signatures, from which a trace could learn anything.
    """
    made = object.__new__(type(kernel))
    made.__dict__.update(kernel.__dict__)
    for name in ("k1", "k2", "kernel"):
        if name in made.__dict__:
            made.__dict__.update({name: _filled(made.__dict__[name], theta)})
    names = [name for name in made.__dict__ if name.endswith("_bounds")]
    for name in sorted(names):
        if isinstance(made.__dict__[name], str):  # fixed
            continue
        value = made.__dict__[name.removesuffix("_bounds")]
        found = np.array([np.exp(theta.pop(0)) for _ in value]) if np.ndim(value) else np.exp(theta.pop(0))
        made.__dict__.update({name.removesuffix("_bounds"): found})
    return made


def _of_loss(loss: Any) -> Iterator[Pair]:
    true = _valid(loss)
    classes = getattr(loss, "n_classes", None)
    several = bool(classes and getattr(loss, "is_multiclass", False))
    shape = (len(true), int(classes or 1)) if several else (len(true),)

    def raw(x: Any) -> Any:
        return np.ascontiguousarray(x, dtype=np.float64)

    @followed(loss.loss)
    def value(raw_prediction: Any) -> Any:
        return loss.loss(true, raw(raw_prediction)).sum() if several else loss.loss(true, raw(raw_prediction))

    @followed(loss.gradient)
    def gradient(raw_prediction: Any) -> Any:
        return loss.gradient(true, raw(raw_prediction))

    @followed(loss.gradient_hessian)
    def hessian(raw_prediction: Any) -> Any:
        return loss.gradient_hessian(true, raw(raw_prediction))[1]

    low = 0.25 if loss.interval_y_pred.low == 0 and type(loss.link).__name__ == "IdentityLink" else _RAW[0]
    more: dict[str, Any] = {"shapes": {"raw_prediction": shape}, "bounds": {"raw_prediction": (low, _RAW[1])}}
    more["layout"] = "rows" if several else "elementwise"
    yield Pair("gradient", value, {"jac": gradient}, more)
    if not several and not loss.approx_hessian:
        yield Pair("gradient_hessian", gradient, {"jac": hessian}, more)


def _valid(loss: Any) -> Any:
    """True values in the loss's own interval."""
    if getattr(loss, "is_multiclass", False):
        return np.array([0.0, 2.0, 1.0])
    low, high = loss.interval_y_true.low, loss.interval_y_true.high
    if np.isfinite(low) and np.isfinite(high):
        return np.array([low, high, low], dtype=float)
    return np.array([0.5, 2.0, 1.0])
