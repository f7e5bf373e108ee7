"""How a function of whole arrays is called: ``module:name``, or ``module:name(x, (8,), w, eps=1e-5)`` with shapes.

In the parentheses stand names, which are the inputs, and numbers, texts, tuples, None, True and False, which are passed
as they are; an argument may have its keyword.  The text is parsed against a whitelist and never evaluated.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backproof.verify.support.errors import UsageError

_SHAPE = re.compile(r"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<sizes>\d+(?:x\d+)*|number)\s*")
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_RANGE = re.compile(rf"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})\s*")


@dataclass(frozen=True)
class Name:
    """An input among the arguments."""

    name: str


@dataclass(frozen=True)
class TensorCall:
    """One way to call a function of arrays.

    path: ``module:name``; arguments, keywords: what is passed, a `Name` for each input; none where the function's own
        parameters are the inputs
    """

    path: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(dict.fromkeys(_names((*self.arguments, *self.keywords.values()))))

    def bound(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of its inputs alone."""
        if not self.arguments and not self.keywords:
            return function
        called = getattr(function, "apply", function) if isinstance(function, type) else function

        def of_inputs(*inputs: Any) -> Any:
            given = dict(zip(self.operands, inputs, strict=True))
            arguments = [_filled(a, given) for a in self.arguments]
            return called(*arguments, **{key: _filled(a, given) for key, a in self.keywords.items()})

        for attribute in ("__module__", "__name__", "__qualname__"):
            setattr(of_inputs, attribute, getattr(called, attribute, self.path))
        by_place = inspect.Parameter.POSITIONAL_ONLY
        parameters = [inspect.Parameter(name, by_place) for name in self.operands]
        of_inputs.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return of_inputs


def _names(given: Any) -> list[str]:
    if isinstance(given, Name):
        return [given.name]
    return [name for one in given for name in _names(one)] if isinstance(given, (tuple, list)) else []


def _filled(given: Any, inputs: Mapping[str, Any]) -> Any:
    if isinstance(given, Name):
        return inputs[given.name]
    return type(given)(_filled(one, inputs) for one in given) if isinstance(given, (tuple, list)) else given


def parsed_call(target: str) -> TensorCall:
    """The call that a text describes.  Raises UsageError naming the part that is none of the above."""
    path, opened, _ = target.partition("(")
    if not opened:
        return TensorCall(target.strip())
    try:
        tree = ast.parse(f"f({target[len(path) + 1 :]}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        tree = None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise UsageError(f"{target!r} is not a call: write package.module:function(x, 2, eps=1e-5)")
    names = [one.arg for one in tree.keywords]
    if None in names or len(set(names)) < len(names):
        raise UsageError(f"{target!r}: each keyword needs a name of its own")
    arguments = tuple(_read(node, target) for node in tree.args)
    keywords = {str(one.arg): _read(one.value, target) for one in tree.keywords}
    found = TensorCall(path.strip(), arguments, keywords)
    if not found.operands:
        raise UsageError(f"{target!r} needs inputs: names in the parentheses, such as x")
    return found


def _read(node: ast.expr, target: str) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Tuple(elts=parts):
            return tuple(_read(part, target) for part in parts)
        case ast.List(elts=parts):
            return [_read(part, target) for part in parts]
    raise UsageError(f"{ast.unparse(node)!r} in {target!r} is neither the name of an input nor a number, text or tuple")


def parsed_shapes(text: str) -> dict[str, tuple[int, ...]]:
    """``x=64x768, w=768`` as a mapping of names to shapes; ``x=number`` for a number.  Raises UsageError."""
    found: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        one = _SHAPE.fullmatch(part)
        if one is None:
            raise UsageError(f"{part.strip()!r} is not the shape of an input: write x=64x768,w=768")
        if one["name"] in found:
            raise UsageError(f"{one['name']!r} has two shapes: {text}")
        found[one["name"]] = () if one["sizes"] == "number" else tuple(map(int, one["sizes"].split("x")))
    return found


def parsed_bounds(text: str) -> dict[str, tuple[float, float]]:
    """``t=0..9, p=0.1..0.9`` as a mapping of names to ends, both included.  Raises UsageError."""
    found: dict[str, tuple[float, float]] = {}
    for part in text.split(",") if text.strip() else ():
        one = _RANGE.fullmatch(part)
        if one is None or not float(one["low"]) < float(one["high"]):
            raise UsageError(f"{part.strip()!r} are not the bounds of an input: write t=0..9")
        found[one["name"]] = float(one["low"]), float(one["high"])
    return found
