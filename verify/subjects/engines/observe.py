"""Infers the conventions of a user-defined engine from its nodes: no attribute name is required.

A leaf is made of a number; the attribute that then holds the number is the data.  An operation is applied; the
attribute that then holds the leaf is where the node keeps its operands.  Ways to propagate a gradient are tried in
turn: a rule on each node, a pass that takes the upstream gradient, or a pass alone.  What is a node's rule and what is
a pass is found by what it does: a rule gives the operands their gradients and nobody else, a pass gives the leaves two
levels below theirs.
"""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import product
from typing import Any

from backproof.verify.mirror.table import MIRROR
from backproof.verify.subjects.boundary import SubjectCode, subject_code
from backproof.verify.subjects.engines.conventions import (
    Conventions,
    WorkedForm,
    attributes,
    module_of,
    nodes_in,
    number,
    takes,
)
from backproof.verify.support.errors import SubjectError, SubjectStopped, UsageError, in_a_line
from backproof.verify.tracing.rewriting import parts

DATA_NAMES = ("data", "value", "val", "_data", "_value", "v", "x", "num", "item")
GRAD_NAMES = ("grad", "_grad", "gradient", "derivative", "adjoint", "g", "d", "dx")
HOOK_NAMES = ("_backward", "_backward_fn", "backward_fn", "_grad_fn", "grad_fn", "_back", "_bw", "backprop")
PASS_NAMES = ("backward", "backprop", "backpropagate", "back_propagate", "back_prop", "run_backward", "autodiff")
CLASS_NAMES = ("Value", "Scalar", "Node", "Variable", "Tensor", "Var", "Num", "Number", "Dual", "Expr", "Array")
UNARY_PROBES = ("exp", "tanh", "relu", "sigmoid", "sin", "log", "sqrt")
_HINTS = ("back", "grad", "prop", "deriv", "diff", "adjoint", "vjp", "chain")
"""Parts of the names of what propagates gradients, which is tried first."""

NO_OPERATIONS = frozenset(
    {
        *("backward", "backprop", "zero_grad", "item", "detach", "numpy", "tolist", "clone", "copy", "deepcopy"),
        *("draw", "draw_dot", "show", "plot", "print", "dump", "save", "load", "visualize", "graph", "trace"),
        *("to", "cpu", "cuda", "train", "eval", "step", "parameters", "topo", "topological_sort", "build_topo"),
        *("sum", "mean", "var", "std", "dot", "matmul", "transpose", "reshape", "flatten", "squeeze", "norm"),
        *("argmax", "argmin", "softmax", "log_softmax", *PASS_NAMES),
    }
)
"""Methods that are not functions of scalars."""

Tried = Callable[[str], AbstractContextManager[None]]
"""Wraps each call of a subject's code: reports what is tried, and limits its time."""

Probe = Callable[[Any, Any], Any]


def observed(kind: type, avoid: frozenset[str] = frozenset(), tried: Tried = SubjectCode) -> Conventions:
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
                out = probe(x, y)
                held = next((n for n in attributes(out) if any(v is x for v in _below(found, out, n))), "")
                unordered = isinstance(getattr(out, held, None), (set, frozenset))
            seen = _Propagation(replace(found, children=held, unordered=unordered), kind, probe, avoid, tried).seen(out)
        except SubjectError as error:
            reasons.append(f"{name}: {in_a_line(error)}")
            continue
        if seen is None:
            reasons.append(f"{name}: its operands receive no gradient")
            continue
        if seen.worked_form in (WorkedForm.SEEDED, WorkedForm.SCALED):
            with tried(name):
                seen = replace(seen, resets=_resets(seen, kind, avoid))
        return seen
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
        found = Conventions(data, grad, "", "", arrays=arrays, tracked=tracked, own_pass="")
        return replace(found, single=found.read(found.leaf(kind, _DOUBLE)) != _DOUBLE)
    assert error is not None  # both ways of making a leaf failed
    why = f"{kind.__name__}(1.5) does not work ({in_a_line(error)}); it must build a leaf from a number"
    raise UsageError(f"{kind.__name__} is not an engine: {why}") from error


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


def _below(c: Conventions, out: Any, name: str) -> Iterator[Any]:
    return nodes_in(getattr(out, name), c.is_node)


# -------------------------------------------------------------------------------------- how gradients are propagated


class _Propagation:
    """The search for what propagates a gradient from the result of one probe."""

    def __init__(
        self, found: Conventions, kind: type, probe: Probe, avoid: frozenset[str], tried: Tried
    ) -> None:
        self.found, self.kind, self.probe, self.avoid, self.tried = found, kind, probe, avoid, tried

    def seen(self, out: Any) -> Conventions | None:
        """The conventions completed by the first way that gives the operand its gradient."""
        methods = list(self._methods(out))
        rules = self._rules(out, methods) if self.found.children else []
        for name, given in rules:
            for seen in self._kept(replace(self.found, hook=name, given=given, worked_form=WorkedForm.HOOKS)):
                if self._holds(name, seen, _arrives) and self._holds(name, seen, _is_local):
                    return self._with_pass(seen, methods)
        for name, free in self._passes_of(methods, ""):
            c = replace(self.found, own_pass=name, free=free)
            ways = [WorkedForm.SEEDED] if self._takes_upstream(c, out) else []
            for way in (*ways, WorkedForm.SCALED):
                for seen in self._kept(replace(c, worked_form=way)):
                    if self._holds(name, seen, _arrives):
                        return seen
        pulled = replace(self.found, worked_form=WorkedForm.PULLED, resets=True)
        for name in methods:
            if takes(getattr(out, name, None)) == 0 and self._holds(name, replace(pulled, own_pass=name), _arrives):
                return replace(pulled, own_pass=name)
        return None

    def _kept(self, c: Conventions) -> Iterator[Conventions]:
        """The ways in which gradients may be kept: as nodes or as numbers, which a leaf's first gradient shows."""
        first = getattr(c.leaf(self.kind, 1.5), c.grad)
        ways = (False, True) if first is None else (c.is_node(first),)
        for boxed, pointed in product(ways, (False, True) if c.arrays else (False,)):
            yield replace(c, boxed=boxed, pointed=pointed)

    def _holds(self, name: str, c: Conventions, shown: Callable[[Conventions, type, Probe], bool]) -> bool:
        try:
            with self.tried(name):
                return shown(c, self.kind, self.probe)
        except SubjectError:  # not this way, then
            return False

    def _methods(self, out: Any) -> Iterator[str]:
        """The methods that may propagate a gradient, the likeliest first; of an operation's own class, too."""
        functions = {n: inspect.getattr_static(type(out), n, None) for n in dir(type(out)) if not n.startswith("__")}
        left_out = {*self.avoid, *MIRROR}
        plain = {n: f for n, f in functions.items() if isinstance(f, types.FunctionType) and n not in left_out}
        yield from _likeliest(plain, lambda f: self._mentions(f, ()))

    def _rules(self, out: Any, methods: Sequence[str]) -> list[tuple[str, bool]]:
        """What may be the node's own rule, and whether it is given the gradient: closures first, then methods."""
        held = [n for n in attributes(out) if n not in self.avoid and takes(getattr(out, n)) is not None]
        names = dict.fromkeys((*_likeliest(dict.fromkeys(held), lambda _: True), *methods))
        known = [n for n in HOOK_NAMES if n not in self.avoid and hasattr(out, n)]  # as a property, too
        counted = [(n, takes(getattr(out, n, None))) for n in dict.fromkeys((*known, *names))]
        return [(n, count == 1) for n, count in counted if count in (0, 1)]

    def _passes_of(self, methods: Iterable[str], hook: str) -> Iterator[tuple[str, bool]]:
        """What may be the pass: methods, then functions of the module."""
        for name in methods:
            if name != hook:
                yield name, False
        module = self.kind.__module__
        functions = {
            name: value
            for name, value in module_of(self.kind).items()
            if isinstance(value, types.FunctionType) and value.__module__ == module and name not in self.avoid
        }
        for name in _likeliest(functions, lambda f: self._mentions(f, (hook,))):
            if takes(functions[name]) in (1, 2):
                yield name, True

    def _with_pass(self, seen: Conventions, methods: Sequence[str]) -> Conventions:
        """The conventions with the engine's own pass; one by its name that does not work is told by the checks."""
        for name, free in self._passes_of(methods, seen.hook):
            c = replace(seen, own_pass=name, free=free)
            if self._holds(name, c, _reaches_the_leaves):
                return c
        named = next((n for n in PASS_NAMES if n in methods and n != seen.hook), "")
        return replace(seen, own_pass=named)

    def _mentions(self, function: Any, more: Iterable[str]) -> bool:
        """Whether its code speaks of gradients, or of the nodes' rules."""
        words = {self.found.grad, *more}
        return any(words & set(part.co_names) for part in parts(function.__code__))

    def _takes_upstream(self, c: Conventions, out: Any) -> bool:
        """Whether the first argument of the pass, beside its node, is a gradient."""
        function = module_of(self.kind)[c.own_pass] if c.free else getattr(out, c.own_pass)
        try:
            first = list(inspect.signature(function).parameters.values())[c.free :][:1]
        except (TypeError, ValueError):
            return False
        words = ("grad", "upstream", "seed", "dout", "delta", "cotangent")
        return any(
            (p.name in ("g", "d", "dy") or any(w in p.name for w in words)) and not isinstance(p.default, bool)
            for p in first
        )


def _likeliest(named: dict[str, Any], speaks: Callable[[Any], bool]) -> Iterator[str]:
    """The names of passes, names like those, then what speaks of gradients; nothing else is called."""
    known = [n for n in PASS_NAMES if n in named]
    hinted = [n for n in named if any(hint in n.lower() for hint in _HINTS)]
    others = [n for n, value in named.items() if n not in NO_OPERATIONS and speaks(value)]
    yield from dict.fromkeys(n for n in (*known, *hinted, *others) if "zero" not in n)


def _arrives(c: Conventions, kind: type, probe: Probe) -> bool:
    """Whether the operand's gradient follows the upstream one."""
    once, thrice = [_sent(c, kind, probe, upstream) for upstream in (1.0, 3.0)]
    return once != 0 and thrice != once


def _sent(c: Conventions, kind: type, probe: Probe, upstream: float, before: float | None = None) -> float:
    x, y = c.leaf(kind, 1.5), c.leaf(kind, 2.5)
    out = probe(x, y)
    if before is not None:
        c.set_gradient(x, before)
    c.send_back(out, upstream)
    if c.is_node(getattr(x, c.grad)) is not c.boxed:
        raise TypeError("gradients are kept the other way")
    return float(c.gradient(x))


def _tower(c: Conventions, kind: type, probe: Probe) -> tuple[Any, Any]:
    """A leaf, and a node two levels above it."""
    x, y, z = c.leaf(kind, 1.5), c.leaf(kind, 2.5), c.leaf(kind, 0.5)
    return x, probe(probe(x, y), z)


def _is_local(c: Conventions, kind: type, probe: Probe) -> bool:
    """Whether a rule gives the operands their gradients and nobody else: it is not the whole pass."""
    x, out = _tower(c, kind, probe)
    c.set_gradient(out, 1.0)
    c.run_hook(out)
    return bool(c.gradient(x) == 0)


def _reaches_the_leaves(c: Conventions, kind: type, probe: Probe) -> bool:
    x, out = _tower(c, kind, probe)
    c.run_pass(out)
    return bool(c.gradient(x) != 0)


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
