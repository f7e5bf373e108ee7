"""How each function of NumPy is read: tables that the modules of this folder fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Reading = Callable[..., Any]

READINGS: dict[Any, Reading] = {}
"""A function of NumPy -> what stands for it where an argument is traced, with the same parameters."""

ALWAYS: dict[Any, Reading] = {}
"""The same, also where what is traced is constant: functions that write into an argument, or leave entries unset."""

UFUNCS: dict[str, Reading] = {}
"""The name of a ufunc -> what stands for it, called with traced arguments."""

METHODS: dict[tuple[str, str], Reading] = {}
"""The name of a ufunc and of a method of it, as `reduce` -> what stands for that."""


def package_of(x: Any) -> str:
    """The package that a function says it is of; "" if it says nothing."""
    home = getattr(x, "__module__", None)
    return home.partition(".")[0] if isinstance(home, str) else ""


def function_of_numpy(name: str) -> Any:
    """A function by its name, as "linalg.inv"; None where this version of NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def reads(*names: str) -> Callable[[Reading], Reading]:
    """Enter a function as the reading of these functions of NumPy."""

    def enter(reading: Reading) -> Reading:
        READINGS.update({f: reading for name in names if (f := function_of_numpy(name)) is not None})
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
