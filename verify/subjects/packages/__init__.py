"""Objects of packages that bring their own derivatives, each package by an adapter: what, and where.

An object is recognised by the names of the modules that its classes come from, so that no package is imported which
the user has not imported.  An adapter is a module here with

    recognises(kind)     whether objects of this class are its own
    pairs(target)        the derivatives of such an object: a function of the object and its derivative, each a `Pair`

and, where it has more to say, ``made(kind)``, an object of a class that cannot be made without arguments,
``of_module(module)``, the derivatives that a module holds as functions or in tables, and ``INSTANCES``, true where a
class by itself is none of its own.

An adapter that does not know where a function is meant says so (`Pair.domain_known`): then nothing is refuted.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.packages.pair import Pair
from backproof.verify.support.errors import SubjectError

ADAPTERS = {
    "astropy": ("astropy_models",),
    "GPy": ("transformations",),
    "lmfit": ("transformations",),
    "mygrad": ("mygrad_operations",),
    "openmdao": ("openmdao_components",),
    "pytensor": ("pytensor_operations",),
    "scipy": ("scipy_functions",),
    "sklearn": ("scikit_learn",),
    "statsmodels": ("statsmodels_links", "statsmodels_models"),
    "thinc": ("thinc_layers",),
    "uncertainties": ("transformations",),
}
"""The modules here by the first word of the module that a class comes from."""


def _adapters(module: Any) -> Iterator[ModuleType]:
    root = module.partition(".")[0] if isinstance(module, str) else ""  # Cython's functions have a descriptor there
    for name in ADAPTERS.get(root, ()):
        yield import_module(f"backproof.verify.subjects.packages.{name}")


def adapter_of(kind: type) -> ModuleType | None:
    """The adapter whose objects those of a class are; None for all others."""
    for base in kind.__mro__:
        for adapter in _adapters(base.__module__):
            if adapter.recognises(kind):
                return adapter
    return None


def brings_derivatives(target: Any) -> bool:
    """Whether there is an adapter for an object, or for a class."""
    if isinstance(target, type):
        adapter = adapter_of(target)
        return adapter is not None and not getattr(adapter, "INSTANCES", False)
    return adapter_of(type(target)) is not None or _by_protocol().recognises(type(target), target)


def pairs_of(target: Any) -> list[Pair]:
    """The derivatives of an object.  Raises SubjectError for what the object's own code raises."""
    with subject_code:
        adapter = adapter_of(type(target)) or _by_protocol()
        return list(adapter.pairs(target))


def made(kind: type) -> Any:
    """An object of a class: without arguments, or with those that the adapter knows.

    Raises SubjectError for what the class raises.
    """
    adapter = adapter_of(kind)
    known = getattr(adapter, "made", None)
    with subject_code:
        if known is not None and (found := known(kind)) is not None:
            return found
        return kind()


def pairs_in(module: ModuleType) -> list[Pair]:
    """The derivatives that a module holds as functions, or in tables."""
    found: list[Pair] = []
    for adapter in _adapters(module.__name__):
        if hasattr(adapter, "of_module"):
            try:
                with subject_code:
                    found += adapter.of_module(module)
            except SubjectError:  # it is not the module that the adapter took it for
                continue
    return found


def _by_protocol() -> ModuleType:
    """The adapter of objects that are known by their methods, whatever package they come from."""
    return import_module("backproof.verify.subjects.packages.objective")
