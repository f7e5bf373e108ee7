"""What the tests of errors share: functions that raise, a pair, a case, code compiled into a module of ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.mirror.table import MIRROR
from backproof.verify.subjects.engines.own import own_engine

FEW = Options(points=200)


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_: Any) -> Any:
        raise error

    return raises


def square(x: Any) -> Any:
    return x * x


def partial(x: Any, g: Any) -> Any:
    return 2 * x * g


def compiled_in(module: str, text: str) -> Callable[..., Any]:
    """A function as if it were in a module of ours: with an error that is not raised on purpose."""
    scope = vars(importlib.import_module(f"backproof.verify.{module}"))
    found: dict[str, Any] = {}
    exec(compile(text, f"{module}.py", "exec"), scope, found)
    return next(iter(found.values()))


def case_of_relu6() -> Case:
    (operation,) = (operation for operation, _ in own_engine().operations() if operation.name == "relu6")
    return Case(operation, MIRROR["relu6"][0], FEW)
