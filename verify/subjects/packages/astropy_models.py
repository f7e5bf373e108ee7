"""Models of astropy: ``evaluate`` and ``fit_deriv``, the partial derivatives by the parameters.

A parameter's bounds are those that the model states, and a part of the line near its default, where the model has a
value.  The coordinates vary, and are not differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed, number

_FAR = 4.0
_DEGREE = 2
_COORDINATES = (0.25, 4.0)  # positive, as energies and wavelengths are, and on both sides of x_0 = 1


def recognises(kind: type) -> bool:
    """A model with derivatives by its parameters."""
    of_astropy = any(str(base.__module__).startswith("astropy.modeling") for base in kind.__mro__)
    return of_astropy and callable(getattr(kind, "evaluate", None)) and hasattr(kind, "fit_deriv")


def made(kind: type) -> Any:
    """A polynomial of degree two; None for the models that are made without arguments."""
    if not any(base.__name__ == "PolynomialBase" for base in kind.__mro__):
        return None
    inputs = getattr(kind, "n_inputs", 1)
    if isinstance(inputs, property):
        return None
    degrees = (_DEGREE,) if inputs == 1 or kind.__name__ == "Polynomial2D" else (_DEGREE, _DEGREE)
    return kind(*degrees)


def pairs(model: Any) -> Iterator[Pair]:
    """The partial derivatives, in the order of the parameters."""
    if model.fit_deriv is None:
        return
    coordinates, parameters = tuple(model.inputs), tuple(model.param_names)
    bounds = dict.fromkeys(coordinates, _COORDINATES) | {name: _near(model, name) for name in parameters}
    columns = getattr(model, "col_fit_deriv", True)
    more = {
        "names": (*coordinates, *parameters),
        "wrt": parameters,
        "bounds": bounds,
        "layout": "partials" if columns else "rows",
    }
    names = tuple(f"{name}_at" for name in coordinates)  # the entry x_0 of x is a parameter's name, too
    arrays = {
        **more,
        "names": (*names, *parameters),
        "shapes": dict.fromkeys(names, (1,)),  # code that asks an array for its shape, or writes into it
        "bounds": dict.fromkeys(names, _COORDINATES) | {name: bounds[name] for name in parameters},
    }

    @followed(model.evaluate)
    def evaluate(*data: Any) -> Any:
        return model.evaluate(*map(number, data))

    @followed(model.fit_deriv)
    def fit_deriv(*data: Any) -> Any:
        found = model.fit_deriv(*map(number, data))
        if columns or not isinstance(found, list):
            return found
        return np.reshape(np.stack(found), (1, len(parameters)))

    other = Pair("fit_deriv", evaluate, {"jac": fit_deriv}, arrays)
    yield Pair("fit_deriv", model.evaluate, {"jac": model.fit_deriv}, more, others=(other,))


def _near(model: Any, name: str) -> tuple[float, float]:
    """Bounds of a parameter: around its value, inside of what the model allows."""
    at = float(np.ravel(getattr(model, name).value)[0])
    low, high = model.bounds.get(name, (None, None))
    low = -math.inf if low is None else float(low)
    high = math.inf if high is None else float(high)
    if at > 0:  # scales, widths, exponents: the sign stays
        return max(low, at / _FAR), min(high, at * _FAR)
    if at < 0:
        return max(low, at * _FAR), min(high, at / _FAR)
    return max(low, -1.0), min(high, 1.0)
