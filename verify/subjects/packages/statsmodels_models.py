"""Models of statsmodels: ``loglike``, ``score``, ``hessian`` by the parameters, and the two by observations.

A class is made with a small sample: endogenous values that fit it, and a constant with one regressor.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed, has

_X = np.array([[1.0, 0.5], [1.0, -1.0], [1.0, 0.25], [1.0, 2.0], [1.0, -0.5], [1.0, 1.5]])
_BINARY = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
_COUNTS = np.array([1.0, 0.0, 3.0, 2.0, 0.0, 5.0])
_CLASSES = np.array([0, 1, 2, 1, 0, 2])
_REAL = np.array([0.5, -1.0, 0.75, 2.0, 0.25, 1.0])

ENDOGENOUS = {
    **dict.fromkeys(("Logit", "Probit"), _BINARY),
    **dict.fromkeys(("Poisson", "GeneralizedPoisson", "NegativeBinomial", "NegativeBinomialP"), _COUNTS),
    **dict.fromkeys(
        ("ZeroInflatedPoisson", "ZeroInflatedGeneralizedPoisson", "ZeroInflatedNegativeBinomialP"), _COUNTS
    ),
    "MNLogit": _CLASSES,
    "OLS": _REAL,
    "WLS": _REAL,
    "GLM": _REAL,
    "BetaModel": np.array([0.25, 0.5, 0.75, 0.4, 0.6, 0.3]),
    **dict.fromkeys(("TruncatedLFPoisson", "TruncatedLFNegativeBinomialP"), _COUNTS + 1),
}
"""Values for classes that can only be made with data."""

NEAR = 0.5
"""How far the parameters lie from the start."""


def recognises(kind: type) -> bool:
    """A model with a likelihood and its derivative."""
    of_it = any(str(base.__module__).startswith("statsmodels.") for base in kind.__mro__)
    return of_it and has(kind, "loglike", "score")


def made(kind: type) -> Any:
    """A model of the small sample; None for a class that is not known."""
    endogenous = ENDOGENOUS.get(kind.__name__)
    return None if endogenous is None else kind(endogenous, _X)


def pairs(model: Any) -> Iterator[Pair]:
    """Score and Hessian, near the start of the parameters."""
    start = _start(model)
    at = {"names": ("params",), "shapes": {"params": start.shape}}
    low, high = float(start.min()) - NEAR, float(start.max()) + NEAR
    if (start > 0).all():
        low = float(start.min()) / 2
    more = {**at, "bounds": {"params": (low, high)}, "domain": f"params > {low!r} and params < {high!r}"}
    yield Pair("score", model.loglike, {"jac": model.score}, more)
    if has(model, "loglikeobs", "score_obs"):

        @followed(model.loglikeobs)
        def observations(params: Any) -> Any:
            found = model.loglikeobs(params)
            return found.sum(axis=1) if np.ndim(found) > 1 else found  # one number a class

        yield Pair("score_obs", observations, {"jac": model.score_obs}, {**more, "layout": "rows"})
    if has(model, "hessian"):
        second = model.hessian
        if "observed" in inspect.signature(second).parameters:  # else it may be the expected information
            @followed(second)
            def second(params: Any) -> Any:
                return model.hessian(params, observed=True)

        yield Pair("hessian", model.score, {"jac": second}, more)


def _start(model: Any) -> np.ndarray[Any, Any]:
    """Parameters to begin at: the model's own; else small ones, as many as it has."""
    given = getattr(model, "start_params", None)
    if given is not None and not callable(given) and np.ndim(given) == 1 and np.isfinite(given).all():
        return np.asarray(given, dtype=float)
    columns = int(np.shape(model.exog)[1])
    count = columns * int(getattr(model, "J", 2) - 1) if hasattr(model, "J") else columns
    count += int(getattr(model, "k_extra", 0) or 0)
    return np.full(count, 0.25)
