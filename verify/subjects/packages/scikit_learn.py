"""Kernels and losses of scikit-learn.

A kernel has its Jacobian by ``theta``, the logarithms of its hyperparameters that are not fixed, from
``eval_gradient=True``; it is verified on three points of the plane.  A loss has ``gradient`` and ``gradient_hessian``, by
the raw predictions, entry by entry; it is compiled, and takes arrays of floats.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    return has(kind, "clone_with_theta", "diag") or has(kind, "loss", "gradient", "gradient_hessian")


def made(kind: type) -> Any:
    """A kernel of kernels is made of two plain ones; None for all that is made without arguments."""
    names = {base.__name__: base for base in kind.__mro__}
    if "KernelOperator" in names or kind.__name__ == "Exponentiation":
        from importlib import import_module

        kernels = import_module("sklearn.gaussian_process.kernels")
        one, other = kernels.RBF(), kernels.RationalQuadratic()
        return kind(one, other) if "KernelOperator" in names else kind(one, 2.0)
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

    @followed(type(kernel).__call__)
    def value(theta: Any) -> Any:
        return kernel.clone_with_theta(theta)(_POINTS)

    @followed(type(kernel).__call__)
    def jacobian(theta: Any) -> Any:
        return kernel.clone_with_theta(theta)(_POINTS, eval_gradient=True)[1]

    low, high = float(theta.min()) + _NEAR[0], float(theta.max()) + _NEAR[1]
    more = {"shapes": {"theta": theta.shape}, "bounds": {"theta": (low, high)}, "layout": "rows"}
    yield Pair("eval_gradient", value, {"jac": jacobian}, more)


def _of_loss(loss: Any) -> Iterator[Pair]:
    true = _valid(loss)
    classes = getattr(loss, "n_classes", None)
    several = getattr(loss, "is_multiclass", False) and classes
    shape = (len(true), int(classes)) if several else (len(true),)

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
        return np.array([low, high, low])
    return np.array([0.5, 2.0, 1.0])
