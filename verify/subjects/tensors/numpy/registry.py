"""How each function of NumPy is read: tables that the modules of this folder fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Reading = Callable[..., Any]

READINGS: dict[Any, Reading] = {}
"""A function of NumPy -> what stands for it where an argument is traced, with the same parameters."""

IN_PLACE: dict[Any, Reading] = {}
"""The same for functions that write into their first argument."""

UFUNCS: dict[str, Reading] = {}
"""The name of a ufunc -> what stands for it, called with traced arguments."""

METHODS: dict[tuple[str, str], Reading] = {}
"""The name of a ufunc and of a method of it, as `reduce` -> what stands for that."""


def function_of_numpy(name: str) -> Any:
    """A function by its name, as "linalg.inv"; None where this version of NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def reads(*names: str) -> Callable[[Reading], Reading]:
    """Enter a function as the reading of these functions of NumPy."""

    def enter(reading: Reading) -> Reading:
        READINGS.update({function_of_numpy(name): reading for name in names})
        return reading

    return enter


def reads_ufunc(*names: str) -> Callable[[Reading], Reading]:
    """Enter a function as the reading of these ufuncs."""

    def enter(reading: Reading) -> Reading:
        UFUNCS.update(dict.fromkeys(names, reading))
        return reading

    return enter


def reads_method(method: str, *ufuncs: str) -> Callable[[Reading], Reading]:
    """Enter a function as the reading of a method of these ufuncs."""

    def enter(reading: Reading) -> Reading:
        METHODS.update({(ufunc, method): reading for ufunc in ufuncs})
        return reading

    return enter
