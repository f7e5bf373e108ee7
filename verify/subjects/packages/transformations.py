"""Small tables: derivatives of uncertainties' functions, lmfit's bounded parameters, GPy's transformations.

| package       | object                          | derivatives                                                       |
|---------------|---------------------------------|-------------------------------------------------------------------|
| uncertainties | `umath_core.fixed_derivatives`  | of each function of `math`, one by each argument                  |
| lmfit         | `Parameter`                     | `scale_gradient`, the derivative of `from_internal`               |
| GPy           | link functions                  | `dtransf_df`, `d2transf_df2`, `d3transf_df3`                      |
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from backproof.verify.subjects.packages.pair import Pair, chains, has

TRANSFORMATIONS = (
    ("transf", "dtransf_df"),
    ("dtransf_df", "d2transf_df2"),
    ("d2transf_df2", "d3transf_df3"),
)

DOMAINS = {
    **dict.fromkeys(("acos", "asin", "atanh"), "x > -1 and x < 1"),
    "acosh": "x > 1",
    **dict.fromkeys(("log", "log10", "sqrt", "gamma", "lgamma"), "x > 0"),
    "log1p": "x > -1",
    "pow": "x > 0",
    **dict.fromkeys(("hypot", "atan2"), "x**2 + y**2 > 0"),
    "copysign": "y != 0",
}
"""Where a function of `math` is meant, if not everywhere."""

BOUNDS = {"tan": {"x": (-1.5, 1.5)}}
GPY_DOMAIN = "f > -30 and f < 30"  # beyond log(2**52) safe_exp clips its argument, whatever its derivative does
GPY_DOMAINS = {"Reciprocal": "f > 2**-20 and f < 2**20"}


def recognises(kind: type) -> bool:
    """A parameter of lmfit, or a transformation of GPy."""
    homes = [str(base.__module__) for base in kind.__mro__]
    if any(home.startswith("lmfit.") for home in homes):
        return has(kind, "setup_bounds", "scale_gradient")
    return any(home.startswith("GPy.") for home in homes) and has(kind, "transf", "dtransf_df")


def made(kind: type) -> Any:
    """A parameter between two bounds; None for all others."""
    return kind("p", value=0.5, min=-1.0, max=2.0) if has(kind, "scale_gradient") else None


def of_module(module: Any) -> Iterator[Pair]:
    """The table of uncertainties."""
    table = getattr(module, "fixed_derivatives", None)
    if not isinstance(table, dict):
        return
    for name, derivatives in table.items():
        function = getattr(math, name, None)
        if function is None:
            continue
        names = ("x", "y")[: len(derivatives)]
        if name == "log":  # of one argument; the base is another function
            names, derivatives = ("x",), derivatives[:1]
        more: dict[str, Any] = {"names": names}
        if name in DOMAINS:
            more["domain"] = DOMAINS[name]
        if name in BOUNDS:
            more["bounds"] = BOUNDS[name]
        for k, derivative in enumerate(derivatives):
            label = f"{name} by {names[k]}" if len(names) > 1 else name
            yield Pair(label, function, {"jac": derivative}, {**more, "wrt": names[k]})


def pairs(target: Any) -> Iterator[Pair]:
    """The derivatives of one of these objects."""
    if has(target, "scale_gradient"):
        target.setup_bounds()
        yield Pair("scale_gradient", target.from_internal, {"fprime": target.scale_gradient}, {"names": ("val",)})
        return
    more: dict[str, Any] = {"names": ("f",)}
    more["domain"] = GPY_DOMAINS.get(type(target).__name__, GPY_DOMAIN)
    for _, name, value, derivative in chains(target, TRANSFORMATIONS):
        yield Pair(name, value, {"fprime": derivative}, more)
