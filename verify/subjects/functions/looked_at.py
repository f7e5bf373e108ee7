"""What is looked at of a function or an object that is called: its name, parameters and source.

An object of a user may run any code when it is asked, and raise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from backproof.verify.results.findings import Source
from backproof.verify.tracing.classes import told
from backproof.verify.tracing.source_code import shown_path


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The parameters of a function, of an object's `__call__` if the object cannot be asked; None if unknown."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    except Exception:  # `inspect` compares the object and asks it for attributes, which run its code
        return list(inspect.signature(type(function).__call__).parameters.values())[1:]


def is_asynchronous(function: Any) -> bool:
    try:
        return inspect.iscoroutinefunction(function)
    except Exception:  # an object of a user may do anything when it is looked at
        return False


def name_of(function: Callable[..., Any], nameless: str = "pair") -> str:
    """The name of a function; a lambda has none."""
    name = told(function, "__name__", type(function).__name__)
    return nameless if name == "<lambda>" else str(name)


def source_of(function: Callable[..., Any]) -> Source:
    """The file and line of a function, and the line that returns its result."""
    code = told(_unwrapped(function), "__code__")
    if code is None:
        home = told(function, "__module__")
        return Source(home if isinstance(home, str) and home else name_of(function), 0, name_of(function))
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        return Source(shown_path(code.co_filename), code.co_firstlineno)
    below = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("@")), 0)  # its decorators
    at = next((i for i, line in enumerate(lines) if line.lstrip().startswith("return")), below)
    return Source(shown_path(code.co_filename), max(first, 1) + at, lines[at].strip().rstrip(","))


def _unwrapped(function: Any) -> Any:
    try:
        return inspect.unwrap(function)
    except Exception:  # an object of a user may do anything when it is looked at
        return function
