"""Links, variance functions, robust norms and copulas of statsmodels: tables of (function, derivative).

| kind              | derivatives                                                       | where                      |
|-------------------|-------------------------------------------------------------------|----------------------------|
| link              | `deriv`, `deriv2`, `inverse_deriv`, `inverse_deriv2`              | the image of the inverse   |
| variance function | `deriv`                                                           | mu > 0, of a binomial to n |
| robust norm       | `psi`, `psi_deriv`                                                | everywhere                 |
| copula generator  | `deriv`, `deriv2`, `deriv_inverse`, `deriv2_inverse` to the fourth | 0 < t < 1, phi > 0, theta  |

A family has those of its link and of its variance function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backproof.verify.subjects.packages.intervals import domain, image
from backproof.verify.subjects.packages.pair import Pair, chains, has

LINKS = (
    ("__call__", "deriv"),
    ("deriv", "deriv2"),
    ("inverse", "inverse_deriv"),
    ("inverse_deriv", "inverse_deriv2"),
)
NORMS = (("rho", "psi"), ("psi", "psi_deriv"))
GENERATORS = (("evaluate", "deriv"), ("deriv", "deriv2"))
INVERSES = (
    ("inverse", "deriv_inverse"),
    ("deriv_inverse", "deriv2_inverse"),
    ("deriv2_inverse", "deriv3_inverse"),
    ("deriv3_inverse", "deriv4_inverse"),
)
_OF_INVERSE = frozenset(("inverse", "inverse_deriv"))

THETA = {"TransfFrank": (0.5, 8.0), "TransfClayton": (0.25, 5.0), "TransfGumbel": (1.25, 6.0)}
"""Parameters of copulas that are valid for their generators."""


def recognises(kind: type) -> bool:
    """A class with one of the tables' pairs."""
    home = next((str(b.__module__) for b in kind.__mro__ if str(b.__module__).startswith("statsmodels.")), "")
    if home.endswith("families.family"):
        return any(base.__name__ == "Family" for base in kind.__mro__)
    if home.endswith(("families.links", "families.varfuncs")):
        return has(kind, "__call__", "deriv")
    if home.endswith("robust.norms"):
        return has(kind, "rho", "psi")
    return home.endswith("copula.transforms") and has(kind, "evaluate", "inverse", "deriv")


def pairs(target: Any) -> Iterator[Pair]:
    """The derivatives of one of these objects."""
    if has(target, "__call__", "inverse", "deriv"):
        yield from _of_link(target)
    elif has(target, "rho", "psi"):
        for _, name, value, derivative in chains(target, NORMS):
            more = {"names": ("z",)}
            arrays = Pair(name, value, {"fprime": derivative}, {**more, "shapes": {"z": (1,)}})
            yield Pair(name, value, {"fprime": derivative}, more, others=(arrays,))
    elif has(target, "evaluate", "inverse"):
        yield from _of_copula(target)
    elif has(target, "__call__", "deriv"):
        high = float(target.n) if type(target).__name__ == "Binomial" else float("inf")
        more = {"names": ("mu",), **domain("mu", 0.0, high)}
        given = {"fprime": target.deriv}
        arrays = Pair("deriv", target.__call__, given, {**more, "shapes": {"mu": (1,)}})
        yield Pair("deriv", target.__call__, given, more, others=(arrays,))
    else:  # a family
        for part in ("link", "variance"):
            for pair in pairs(getattr(target, part)):
                yield Pair(f"{part}.{pair.name}", pair.function, pair.given, pair.more, pair.domain_known)


def _of_link(link: Any) -> Iterator[Pair]:
    found = image(link, link.inverse)
    for function, name, value, derivative in chains(link, LINKS):
        of_inverse = function in _OF_INVERSE
        argument = "z" if of_inverse else "p"
        more: dict[str, Any] = {"names": (argument,)}
        if found is not None:
            more |= domain(argument, *found[of_inverse])
        yield Pair(name, value, {"fprime": derivative}, more, found is not None)


def _of_copula(generator: Any) -> Iterator[Pair]:
    theta = THETA.get(type(generator).__name__)
    known = theta is not None or type(generator).__name__ == "TransfIndep"
    parameters = {} if theta is None else {"theta": theta}
    tables = ((GENERATORS, "t", "t > 2**-50 and t < 1 - 2**-50"), (INVERSES, "phi", "phi > 2**-50"))
    for table, argument, where in tables:
        more = {"names": (argument, *parameters), "wrt": argument, "domain": where, "bounds": parameters}
        for _, name, value, derivative in chains(generator, table):
            yield Pair(name, value, {"jac": derivative}, more, known)
    if not has(generator, "deriv_inverse") and has(generator, "deriv2_inverse"):
        more = {"names": ("phi", *parameters), "wrt": "phi", "domain": "phi > 2**-50", "bounds": parameters}
        yield Pair("deriv2_inverse", generator.inverse, {"hess": generator.deriv2_inverse}, more, known)
