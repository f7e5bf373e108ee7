"""Infers the conventions of a user-defined engine from its nodes: no attribute name is required.

A leaf is made of a number; the attribute that then holds the number is the data.  An operation is applied; the
attribute that then holds the leaf is where the node keeps its operands.  Ways to propagate a gradient are tried in
turn: a closure on each node, a `backward` that takes the upstream gradient, or a `backward` alone.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from typing import Any

from backproof.verify.subjects.boundary import SubjectCode, subject_code
from backproof.verify.subjects.engines.order import operands_first
from backproof.verify.support.errors import SubjectError, SubjectStopped, UsageError, in_a_line
from backproof.verify.terms.term import Term

DATA_NAMES = ("data", "value", "val", "_data", "_value", "v", "x", "num", "item")
GRAD_NAMES = ("grad", "_grad", "gradient", "derivative", "adjoint", "g", "d", "dx")
HOOK_NAMES = ("_backward", "_backward_fn", "backward_fn", "_grad_fn", "grad_fn", "_back", "backprop")
CLASS_NAMES = ("Value", "Scalar", "Node", "Variable", "Tensor", "Var", "Num", "Number", "Dual", "Expr", "Array")
UNARY_PROBES = ("exp", "tanh", "relu", "sigmoid", "sin", "log", "sqrt")


class WorkedForm(Enum):
    """How a gradient is sent back from the result of one operation."""

    HOOKS = "each node's own closure"
    SEEDED = "backward(upstream)"
    SCALED = "backward() of the upstream gradient times the result"


@dataclass(frozen=True)
class Conventions:
    """Which attributes a class uses, and how its gradients are propagated.

    data, grad, children, hook: names of attributes ("" for none)
    arrays: data are NumPy arrays, 0-d if ``pointed`` (a backward() may require that), otherwise 1-d
    tracked: a leaf must be made with requires_grad=True
    single: data are rounded to single precision
    boxed: a gradient is itself a node; resets: backward() clears the leaves' gradients first
    """

    data: str = "data"
    grad: str = "grad"
    children: str = "_prev"
    hook: str = "_backward"
    worked_form: WorkedForm = WorkedForm.HOOKS
    arrays: bool = False
    pointed: bool = False
    tracked: bool = False
    single: bool = False
    boxed: bool = False
    resets: bool = False

    def leaf(self, kind: type, value: Any) -> Any:
        """A node of a number, or of a term if ``kind`` supports terms."""
        value = self.boxes(value)
        return kind(value, requires_grad=True) if self.tracked else kind(value)

    def boxes(self, value: Any) -> Any:
        """The number as the engine holds numbers."""
        if not self.arrays:
            return value
        if isinstance(value, Term):
            from backproof.verify.tracing.arrays import terms

            return terms(value if self.pointed else [value])
        import numpy as np

        return np.array(value if self.pointed or np.ndim(value) else [value])

    def read(self, node: Any) -> Any:
        """The node's number."""
        return number(getattr(node, self.data))

    def gradient(self, node: Any) -> Any:
        """The node's gradient; 0 where there is none yet."""
        found = getattr(node, self.grad)
        if found is None:
            return 0.0
        return self.read(found) if isinstance(found, type(node)) else number(found)

    def set_gradient(self, node: Any, value: Any) -> None:
        """Set the node's gradient."""
        held = self.boxes(value)
        setattr(node, self.grad, type(node)(held) if self.boxed else held)

    def operands(self, node: Any) -> list[Any]:
        """The operands of this node."""
        return list(nodes_in(getattr(node, self.children, None), type(node)))

    def send_back(self, out: Any, upstream: Any) -> None:
        """Run the rules from ``out`` to the leaves, for this upstream gradient."""
        if self.worked_form is WorkedForm.HOOKS:
            self.set_gradient(out, upstream)
            for node in reversed(self.order(out)):
                hook = getattr(node, self.hook, None)
                if hook is not None:
                    hook()
        elif isinstance(upstream, (int, float)) and upstream == 1:
            out.backward()
        elif self.worked_form is WorkedForm.SEEDED:
            held = self.boxes(upstream)
            out.backward(type(out)(held) if self.boxed else held)
        else:
            (out * self.leaf(type(out), upstream)).backward()

    def order(self, root: Any) -> list[Any]:
        """The nodes below ``root``, operands first."""
        return operands_first(root, self.operands)


def nodes_in(held: Any, kind: type) -> Iterator[Any]:
    """The nodes in an attribute of a node: one node, or lists, sets, pairs of nodes."""
    if isinstance(held, kind):
        yield held
    elif isinstance(held, dict):
        yield from nodes_in([*held, *held.values()], kind)
    elif isinstance(held, (list, tuple, set, frozenset)):
        for part in held:
            yield from nodes_in(part, kind)


def number(x: Any) -> Any:
    """``x``, or the one element of an array; all elements if there are many, for a batch of points.

    Raises ArithmeticError for a complex number: in Python (-8)**0.5 is one, and not a result in real numbers.
    """
    if callable(x):
        x = x()
    if hasattr(x, "dtype"):
        if getattr(x, "size", 1) not in (0, 1):
            return x
        x = x.reshape(-1)[0] if getattr(x, "ndim", 0) else x
        x = x.item() if hasattr(x, "item") else x
    if isinstance(x, complex):
        raise ArithmeticError(f"the result {x!r} is not real")
    return x


# -------------------------------------------------------------------------------------------------------- observe


Tried = Callable[[str], AbstractContextManager[None]]
"""Wraps each call of a subject's code: reports what is tried, and limits its time."""


def observed(
    kind: type, avoid: frozenset[str] = frozenset(), tried: Tried = SubjectCode
) -> Conventions:
    """The conventions of a class.

    avoid: probes (`__add__`, `exp`) that must not be called.
    Raises UsageError, naming what the class lacks.
    """
    with tried("__init__"):
        found = _of_leaf(kind)
    reasons: list[str] = []
    for name, probe in _probes(kind, avoid):
        try:
            with tried(name):
                x, y = found.leaf(kind, 1.5), found.leaf(kind, 2.5)
                seen = _with_worked_form(found, kind, probe(x, y), x, probe)
                if seen is not None and seen.worked_form is not WorkedForm.HOOKS:
                    seen = replace(seen, resets=_resets(seen, kind, avoid))
        except SubjectError as error:
            reasons.append(f"{name}: {in_a_line(error)}")
            continue
        if seen is not None:
            return seen
        reasons.append(f"{name}: its operands receive no gradient")
    why = "; ".join(reasons[:2]) or "it has neither + nor * nor exp"
    raise UsageError(
        f"{kind.__name__} is not an engine: {why}; it needs a `_backward` on each node, or a backward()"
    )


def _of_leaf(kind: type) -> Conventions:
    """The conventions that a leaf shows: data and gradient."""
    try:
        tracked = "requires_grad" in inspect.signature(kind).parameters
    except (TypeError, ValueError):
        tracked = False
    error: SubjectError | None = None
    for arrays in (False, True):
        try:
            with SubjectCode("__init__"):
                leaf = Conventions(arrays=arrays, tracked=tracked).leaf(kind, 1.5)
        except SubjectStopped:
            raise
        except SubjectError as problem:
            error = error or problem
            continue
        data = next((n for n in (*DATA_NAMES, *attributes(leaf)) if _holds(leaf, n, 1.5)), "")
        grad = next((n for n in (*GRAD_NAMES, *_named_like(leaf, "grad")) if _may_hold(leaf, n)), "")
        if not data:
            raise UsageError(f"{kind.__name__} is not an engine: no attribute of a leaf of 1.5 holds that number")
        if not grad:
            raise UsageError(f"{kind.__name__} is not an engine: a leaf has no gradient (grad, gradient, ...)")
        arrays = any(base.__name__ == "ndarray" for base in type(getattr(leaf, data)).__mro__)
        found = Conventions(data, grad, "", "", arrays=arrays, tracked=tracked)
        return replace(found, single=found.read(found.leaf(kind, _DOUBLE)) != _DOUBLE)
    assert error is not None  # both ways of making a leaf failed
    why = f"{kind.__name__}(1.5) does not work ({in_a_line(error)}); it must build a leaf from a number"
    raise UsageError(f"{kind.__name__} is not an engine: {why}") from error


def attributes(node: Any) -> list[str]:
    """The names of a node's attributes, slots included."""
    names = dict.fromkeys(getattr(node, "__dict__", ()))
    for base in type(node).__mro__:
        slots = vars(base).get("__slots__", ())
        names |= dict.fromkeys((slots,) if isinstance(slots, str) else slots)
    return [name for name in names if name != "__weakref__" and hasattr(node, name)]


def _holds(node: Any, name: str, value: float) -> bool:
    try:
        with subject_code:  # a property may raise anything
            return bool(number(getattr(node, name)) == value)
    except SubjectError:
        return False


def _named_like(node: Any, part: str) -> list[str]:
    return [n for n in attributes(node) if part in n.lower() and not isinstance(getattr(node, n), bool)]


def _may_hold(node: Any, name: str) -> bool:
    """Whether the attribute can hold a gradient: it exists, and is not a method or a flag."""
    try:
        with subject_code:  # a property may raise anything
            held = getattr(node, name)
    except SubjectError:
        return False
    return not callable(held) and not isinstance(held, (bool, str))


_DOUBLE = 1 + 2.0**-40
"""A number that single precision cannot represent."""

Probe = Callable[[Any, Any], Any]


def _probes(kind: type, avoid: frozenset[str]) -> Iterator[tuple[str, Probe]]:
    """Operations whose result is examined."""
    for name, function in (("__mul__", operator.mul), ("__add__", operator.add), ("__sub__", operator.sub)):
        if hasattr(kind, name) and name not in avoid:
            yield name, function
    for name in UNARY_PROBES:
        if callable(getattr(kind, name, None)) and name not in avoid:
            yield name, _method(name)


def _method(name: str) -> Probe:
    return lambda x, _: getattr(x, name)()


def _with_worked_form(found: Conventions, kind: type, out: Any, x: Any, probe: Probe) -> Conventions | None:
    """The conventions completed by the first way of propagation that gives the operand ``x`` a gradient."""
    children = next((n for n in attributes(out) if any(v is x for v in nodes_in(getattr(out, n), kind))), "")
    found = replace(found, children=children)
    candidates = [replace(found, hook=n, worked_form=WorkedForm.HOOKS) for n in _hooks(out)] if children else []
    if callable(getattr(out, "backward", None)):
        if _takes_upstream(out.backward):
            candidates.append(replace(found, worked_form=WorkedForm.SEEDED))
        candidates.append(replace(found, worked_form=WorkedForm.SCALED))
    for plain in candidates:
        for boxed, pointed in product((False, True), (False, True) if plain.arrays else (False,)):
            candidate = replace(plain, boxed=boxed, pointed=pointed)
            if _arrives(candidate, kind, probe):
                return candidate
    return None


def _hooks(out: Any) -> list[str]:
    """Attributes that may be the node's own closure: callable without arguments."""
    names = dict.fromkeys((*HOOK_NAMES, *(n for n in attributes(out) if "back" in n.lower() or "grad" in n.lower())))
    return [n for n in names if n != "backward" and _asks_for_nothing(getattr(out, n, None))]


def _asks_for_nothing(hook: Any) -> bool:
    if not callable(hook):
        return False
    try:
        inspect.signature(hook).bind()
    except (TypeError, ValueError):
        return False
    return True


def _takes_upstream(backward: Any) -> bool:
    """Whether the first argument of `backward` is a gradient."""
    try:
        first = next(iter(inspect.signature(backward).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    words = ("grad", "upstream", "seed", "dout", "delta", "cotangent")
    return first is not None and (first.name in ("g", "d", "dy") or any(w in first.name for w in words)) and not (
        isinstance(first.default, bool)
    )


def _arrives(c: Conventions, kind: type, probe: Probe) -> bool:
    """Whether the operand's gradient follows the upstream one."""
    try:
        with subject_code:
            once, thrice = [_sent(c, kind, probe, upstream) for upstream in (1.0, 3.0)]
    except SubjectStopped:
        raise
    except SubjectError:  # not this way, then
        return False
    return once != 0 and thrice != once


def _sent(c: Conventions, kind: type, probe: Probe, upstream: float, before: float | None = None) -> float:
    x, y = c.leaf(kind, 1.5), c.leaf(kind, 2.5)
    out = probe(x, y)
    if before is not None:
        c.set_gradient(x, before)
    c.send_back(out, upstream)
    if isinstance(getattr(x, c.grad), kind) is not c.boxed:
        raise TypeError("gradients are kept the other way")
    return float(c.gradient(x))


def _resets(c: Conventions, kind: type, avoid: frozenset[str]) -> bool:
    """Whether backward() clears the leaves' gradients first, whatever the operation."""
    results = []
    for _, probe in _probes(kind, avoid):
        try:
            with subject_code:
                results.append(_sent(c, kind, probe, 1.0, 5.0) == _sent(c, kind, probe, 1.0))
        except SubjectStopped:
            raise
        except SubjectError:  # a probe that this engine does not have
            continue
    return len(results) > 1 and all(results)


def candidates(classes: Sequence[type]) -> list[type]:
    """The classes that may be engines, the likeliest first."""
    likely = [c for c in classes if any(hasattr(c, n) for n in ("__add__", "__mul__", "backward", "_backward"))]
    order = {name: place for place, name in enumerate(CLASS_NAMES)}
    return sorted(likely, key=lambda c: order.get(c.__name__, len(order)))
