"""The conventions of a user-defined engine: which attributes it uses, and how its gradients are propagated."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from backproof.verify.subjects.engines.order import operands_first
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.term import Term


class WorkedForm(Enum):
    """How a gradient is sent back from the result of one operation."""

    HOOKS = "each node's own closure"
    SEEDED = "backward(upstream)"
    SCALED = "backward() of the upstream gradient times the result"
    PULLED = "the gradient of the result is set, and an operand's is asked for"


@dataclass(frozen=True)
class Conventions:
    """Which attributes a class uses, and how its gradients are propagated.

    data, grad, children, hook: names of attributes ("" for none)
    given: a hook takes the node's gradient
    own_pass: the graph pass: a method of the node, or a function of its module if ``free``; "" if there is none; where
        gradients are pulled, the method that returns a node's
    arrays: data are NumPy arrays, 0-d if ``pointed`` (a backward() may require that), otherwise 1-d
    tracked: a leaf must be made with requires_grad=True
    single: data are rounded to single precision
    boxed: a gradient is itself a node; resets: the pass clears the leaves' gradients first
    unordered: operands are kept in a set
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
    given: bool = False
    own_pass: str = "backward"
    free: bool = False
    unordered: bool = False

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

    def is_node(self, x: Any) -> bool:
        """Whether it is a node, of whatever class: an engine may have one for each operation."""
        try:
            return not isinstance(x, type) and hasattr(x, self.data) and hasattr(x, self.grad)
        except Exception:  # an object of a user may do anything when it is asked for an attribute
            return False

    def gradient(self, node: Any) -> Any:
        """The node's gradient; 0 where there is none yet."""
        found = getattr(node, self.own_pass)() if self.worked_form is WorkedForm.PULLED else getattr(node, self.grad)
        if found is None:
            return 0.0
        return self.read(found) if self.is_node(found) else number(found)

    def set_gradient(self, node: Any, value: Any) -> None:
        """Set the node's gradient."""
        setattr(node, self.grad, self._gradient_of(node, value))

    def _gradient_of(self, node: Any, value: Any) -> Any:
        """A gradient as the engine keeps it at this node."""
        held = self.boxes(value)
        return self._like(node, lambda kind: kind(held)) if self.boxed else held

    @staticmethod
    def _like(node: Any, make: Callable[[type], Any]) -> Any:
        """What the class of the node makes, or that which it is derived from: of an operation it takes no number."""
        *kinds, last = type(node).__mro__[:-1]
        for kind in kinds:
            try:
                return make(kind)
            except TypeError:
                continue
        return make(last)

    def operands(self, node: Any) -> list[Any]:
        """The operands of this node."""
        return list(nodes_in(getattr(node, self.children, None), self.is_node))

    def send_back(self, out: Any, upstream: Any) -> None:
        """Run the rules from ``out`` to the leaves, for this upstream gradient."""
        if self.worked_form is WorkedForm.PULLED:
            self.set_gradient(out, upstream)
        elif self.worked_form is WorkedForm.HOOKS:
            self.set_gradient(out, upstream)
            for node in reversed(self.order(out)):
                self.run_hook(node)
        elif isinstance(upstream, (int, float)) and upstream == 1:
            self.run_pass(out)
        elif self.worked_form is WorkedForm.SEEDED:
            self.run_pass(out, self._gradient_of(out, upstream))
        else:
            self.run_pass(out * self._like(out, lambda kind: self.leaf(kind, upstream)))

    def run_hook(self, node: Any) -> None:
        """The node's own rule, from its gradient to those of its operands."""
        hook = getattr(node, self.hook, None)
        if hook is None:
            return
        if self.given:
            hook(getattr(node, self.grad))
        else:
            hook()

    def run_pass(self, out: Any, *upstream: Any) -> None:
        """The engine's own pass from this node: it sets the node's gradient to one, unless it is given one."""
        if self.worked_form is WorkedForm.PULLED:
            self.set_gradient(out, 1.0)
            return
        own_pass = self.pass_of(out)
        if upstream or not _required(own_pass):
            own_pass(*upstream)
        else:
            own_pass(self._gradient_of(out, 1.0))

    def pass_of(self, out: Any) -> Callable[..., Any]:
        """The engine's own pass from this node, as a function of at most the upstream gradient."""
        if not self.free:
            return getattr(out, self.own_pass)  # type: ignore[no-any-return]
        from backproof.verify.tracing.symbolic import beside

        scopes = map(module_of, type(out).__mro__)  # an operation's class may be written elsewhere
        function = next(scope[self.own_pass] for scope in scopes if self.own_pass in scope)
        return partial(beside(type(out), function), out)

    def order(self, root: Any) -> list[Any]:
        """The nodes below ``root``, operands first."""
        return operands_first(root, self.operands)


def _required(function: Any) -> int:
    """How many arguments it must be given; raises SubjectError where that is not known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise SubjectError("it has no signature", error) from None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is inspect.Parameter.empty and p.kind in plain for p in parameters)


def takes(function: Any) -> int | None:
    """How many arguments a function of a subject must be given; None where it is none, or that is not known."""
    if not callable(function) or isinstance(function, type):
        return None
    try:
        return _required(function)
    except SubjectError:
        return None


def module_of(kind: type) -> dict[str, Any]:
    """The names of the module in which the class is written; if it is not loaded, those that its functions see."""
    if kind.__module__ in sys.modules:
        return vars(sys.modules[kind.__module__])
    functions = (value for value in vars(kind).values() if isinstance(value, types.FunctionType))
    return next((function.__globals__ for function in functions), {})


def nodes_in(held: Any, is_node: Callable[[Any], bool]) -> Iterator[Any]:
    """The nodes in an attribute of a node: one node, or lists, sets, pairs of nodes."""
    if is_node(held):
        yield held
    elif isinstance(held, dict):
        yield from nodes_in([*held, *held.values()], is_node)
    elif isinstance(held, (list, tuple, set, frozenset)):
        for part in held:
            yield from nodes_in(part, is_node)


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


def attributes(node: Any) -> list[str]:
    """The names of a node's attributes, slots included."""
    names = dict.fromkeys(getattr(node, "__dict__", ()))
    for base in type(node).__mro__:
        slots = vars(base).get("__slots__", ())
        names |= dict.fromkeys((slots,) if isinstance(slots, str) else slots)
    return [name for name in names if name != "__weakref__" and hasattr(node, name)]
