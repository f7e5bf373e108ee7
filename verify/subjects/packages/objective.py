"""Any object with ``fun`` and ``jac``, as SciPy's optimisers take them: also ``hess``, ``hessp``, ``x0``, ``bounds``.

    class Problem:
        x0 = [1.0, 2.0]
        def fun(self, x): return x[0]**2 * x[1]
        def jac(self, x): return [2*x[0]*x[1], x[0]**2]

    verify.check(Problem())

``jac = True`` says that ``fun`` returns (value, gradient).  An `OptimizeResult` has arrays there and is data, as are
SciPy's constraints of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair

_BESIDE = ("hess", "hessp")


def recognises(kind: type, target: Any = None) -> bool:
    """Whether an object has the methods; a class by itself says nothing of its objects."""
    if target is None or isinstance(target, type):
        return False
    jac = getattr(target, "jac", None)
    return callable(getattr(target, "fun", None)) and (callable(jac) or jac is True)


def pairs(target: Any) -> Iterator[Pair]:
    """Gradient or Jacobian, Hessian, and the Hessian's product."""
    more, jac = _where(target), target.jac
    yield Pair("jac", target.fun, {"jac": jac}, more)
    if hasattr(target, "lb") and hasattr(target, "ub"):  # of a constraint it is hess(x, v), of all components at once
        return
    for name in _BESIDE:
        second = getattr(target, name, None)
        if callable(second):
            first = {} if jac is True else {"jac": jac}
            yield Pair(name, target.fun, {**first, name: second}, more)


def _where(target: Any) -> dict[str, Any]:
    """Shapes and bounds, from ``x0``, ``bounds`` and ``args``."""
    more: dict[str, Any] = {}
    args = getattr(target, "args", None)
    if isinstance(args, tuple) and args:
        more["args"] = args
    start = getattr(target, "x0", None)
    if start is None or callable(start):
        return more
    more["names"] = ("x",)
    shape = np.shape(start)
    if shape:
        more["shapes"] = {"x": shape}
    bounds = getattr(target, "bounds", None)
    if (found := _bounds(bounds)) is not None:
        more["bounds"] = {"x": found}
    return more


def _bounds(bounds: Any) -> tuple[float, float] | None:
    """One pair for all entries: the part that all have in common, where there is one."""
    if bounds is None or callable(bounds):
        return None
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        lows, highs = np.ravel(bounds.lb), np.ravel(bounds.ub)
    else:
        given = [(-math.inf if low is None else low, math.inf if high is None else high) for low, high in bounds]
        lows, highs = np.array([low for low, _ in given]), np.array([high for _, high in given])
    low, high = float(np.max(lows)), float(np.min(highs))
    return (low, high) if low < high and (math.isfinite(low) or math.isfinite(high)) else None
