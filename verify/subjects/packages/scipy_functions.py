"""SciPy's own derivatives: test functions of its optimisers, losses of least squares, densities of distributions.

| module                           | derivatives                                                                  |
|----------------------------------|------------------------------------------------------------------------------|
| `scipy.optimize`                 | `rosen_der`, `rosen_hess`, `rosen_hess_prod`                                 |
| `scipy.optimize._lsq.least_squares` | rho' and rho'' of each loss                                               |
| `scipy.stats`                    | `pdf`, the derivative of `cdf`, and minus it that of `sf`, inside of the support |
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed, standing_for

_SIZES = {"shapes": {"x": 3}, "names": ("x",)}


INSTANCES = True
"""A class is not made: the module holds an object of each."""


def recognises(kind: type) -> bool:
    """A distribution on the reals."""
    homes = any(str(base.__module__).startswith("scipy.stats") for base in kind.__mro__)
    return homes and any(base.__name__ == "rv_continuous" for base in kind.__mro__)


def of_module(module: Any) -> Iterator[Pair]:
    """Functions whose derivatives stand beside them."""
    if hasattr(module, "rosen_der"):
        yield Pair("rosen_der", module.rosen, {"jac": module.rosen_der}, _SIZES)
        yield Pair("rosen_hess", module.rosen, {"jac": module.rosen_der, "hess": module.rosen_hess}, _SIZES)
        given = {"jac": module.rosen_der, "hessp": module.rosen_hess_prod}
        yield Pair("rosen_hess_prod", module.rosen, given, _SIZES)
    losses = getattr(module, "IMPLEMENTED_LOSSES", None)
    if isinstance(losses, dict):
        for name, loss in losses.items():
            if callable(loss):
                yield from _of_loss(name, loss)


def _of_loss(name: str, loss: Any) -> Iterator[Pair]:
    def row(k: int) -> Any:
        @standing_for(loss)
        def of_rho(z: Any) -> Any:
            rho = np.empty((3, 1))
            loss(np.atleast_1d(np.asarray(z, dtype=float)), rho, False)
            return float(rho[k, 0])

        return of_rho

    more = {"names": ("z",), "bounds": {"z": (2.0**-20, 2.0**10)}}
    yield Pair(f"{name}'", row(0), {"fprime": row(1)}, more)
    yield Pair(f"{name}''", row(1), {"fprime": row(2)}, more)


def pairs(distribution: Any) -> Iterator[Pair]:
    """The density as the derivative of the distribution function, at parameters that SciPy's own tests use."""
    arguments = _arguments(distribution)
    if arguments is None:
        return
    middle = (float(distribution.ppf(0.02, *arguments)), float(distribution.ppf(0.98, *arguments)))
    if not all(map(math.isfinite, middle)):
        return
    where = {"names": ("x",), "bounds": {"x": middle}}

    @followed(distribution.cdf)
    def cdf(x: Any) -> Any:
        return distribution.cdf(x, *arguments)

    @followed(distribution.sf)
    def sf(x: Any) -> Any:
        return distribution.sf(x, *arguments)

    @followed(distribution.pdf)
    def pdf(x: Any) -> Any:
        return distribution.pdf(x, *arguments)

    @followed(distribution.pdf)
    def minus(x: Any) -> Any:
        return -distribution.pdf(x, *arguments)

    yield Pair("pdf", cdf, {"fprime": pdf}, where)
    yield Pair("-pdf", sf, {"fprime": minus}, where)


def _arguments(distribution: Any) -> tuple[float, ...] | None:
    """Parameters by the distribution's name; None where they are not known."""
    distcont = import_module("scipy.stats._distr_params").distcont
    known = {name if isinstance(name, str) else name.name: tuple(values) for name, values in distcont}
    if distribution.name in known:
        return known[distribution.name]
    return None if distribution.numargs else ()
