"""Functions of numbers, entry by entry: arithmetic, the table of primitives, and what their definitions choose.

Where a function switches (abs, floor, x·log y at 0), its definition in `verify.terms.ops` is carried out on traced
arrays: what that compares is a choice of the path, like a comparison in the code of the rule.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from backproof.verify.arrays.functions import NoNodes, applied, power
from backproof.verify.arrays.program import PI, Node, Program
from backproof.verify.subjects.tensors.numpy.arrays import (
    TracedNumber,
    constant,
    is_constant,
    node_of,
    the_tape,
    value_of,
    wrapped,
)
from backproof.verify.subjects.tensors.numpy.registry import UFUNCS, reads_ufunc
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.terms.definitions import build, definition
from backproof.verify.terms.ops import ARITY, PRIMITIVES, by_name, inside
from backproof.verify.terms.term import Term, symbol, topological

_ARITHMETIC: dict[str, Callable[..., Node]] = {
    "add": Program.add,
    "subtract": Program.subtract,
    "multiply": Program.multiply,
    "divide": Program.divide,
    "negative": Program.negative,
    "positive": lambda program, a: a,
    "conjugate": lambda program, a: a,
    "square": lambda program, a: program.power(a, 2),
    "reciprocal": lambda program, a: program.power(a, -1),
    "sqrt": lambda program, a: program.power(a, Fraction(1, 2)),
}
"""Ufuncs that are a node or two."""

_NAMES = by_name("numpy")

_CHOOSING = inside("kink", "steps", "cut", "tip")


def entrywise(tape: Tape, ufunc: np.ufunc, inputs: Sequence[Any]) -> Any:
    """A ufunc, called.  Raises Unread for one that has no reading."""
    value = ufunc(*map(value_of, inputs))
    if all(map(is_constant, inputs)):
        return plain_or_constant(tape, value)
    name = ufunc.__name__
    if name in UFUNCS:
        return UFUNCS[name](*inputs)
    if name in _ARITHMETIC:
        node = _ARITHMETIC[name](tape.program, *(node_of(tape, x) for x in inputs))
    else:
        node = node_of(tape, of_table(tape, name, inputs))
    return wrapped(tape, value, tape.program.broadcast(node, np.shape(value)))


def plain_or_constant(tape: Tape, value: Any) -> Any:
    """What NumPy computed from constants: floats as constants of the program, other types as they are."""
    if isinstance(value, (tuple, list)):
        return type(value)(plain_or_constant(tape, part) for part in value)
    return constant(tape, value) if is_of_floats(value) else value


def is_of_floats(value: Any) -> bool:
    """Whether it is a plain array, or a number of NumPy's, of float64."""
    return isinstance(value, (np.ndarray, np.float64)) and value.dtype.char == "d"


@reads_ufunc("power", "float_power")
def _power(base: Any, exponent: Any) -> Any:
    """For each exponent that is a constant the power; with others e**(exponent·log base)."""
    tape = the_tape(base, exponent)
    value = np.power(value_of(base), value_of(exponent))
    program, shape = tape.program, np.shape(value)
    node = program.broadcast(node_of(tape, base), shape)
    if not is_constant(exponent):
        return wrapped(tape, value, power(program, node, program.broadcast(node_of(tape, exponent), shape)))
    exponents, which = np.unique(np.broadcast_to(value_of(exponent), shape), return_inverse=True)
    powers = [power(program, node, program.number(float(one))) for one in exponents]
    if len(powers) == 1:
        return wrapped(tape, value, powers[0])
    numbers = np.arange(node.size).reshape(shape) + which.reshape(shape) * node.size
    return wrapped(tape, value, tape.gathered(powers, numbers))


# -------------------------------------------------------------------------------------------- the table of primitives


def of_table(tape: Tape, name: str, inputs: Sequence[Any]) -> Any:
    """A function of the tables of `verify.terms.ops`, by its name there, in NumPy, in SciPy or in `math`.

    Raises Unread for one that they do not hold.
    """
    known = _NAMES.get(name)
    if known is None or ARITY[known] != len(inputs):
        raise tape.refuse(f"no reading of {f'numpy.{name}' if hasattr(np, name) else name}")
    return _built(tape, build(known), inputs)


def _built(tape: Tape, builder: Callable[..., Term], inputs: Sequence[Any]) -> Any:
    """What a definition in symbols gives for traced inputs."""
    found = {symbol(f"x{k}"): x for k, x in enumerate(inputs)}
    root = builder(*found)
    for term in topological(root):
        if term not in found:
            found[term] = _of_one(tape, term, [found[a] for a in term.args])
    return found[root]


def _of_one(tape: Tape, term: Term, args: Sequence[Any]) -> Any:
    match term.op:
        case "const":
            return TracedNumber(float(term.value), tape.program.number(Fraction(term.value)), tape)
        case "pi":
            return TracedNumber(math.pi, tape.program.number(PI), tape)
    if term.op in _CALLED:
        return _CALLED[term.op](*args)
    chooses = term.op in _CHOOSING or "where(" in PRIMITIVES[term.op].definition
    by_others = definition(term.op) if chooses else None
    return _primitive(tape, term.op, args) if by_others is None else _built(tape, by_others, args)


_CALLED: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "pow": np.power,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": np.arctan2,
    "where": np.where,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}
"""What stands in terms, as NumPy has it."""


def _primitive(tape: Tape, name: str, args: Sequence[Any]) -> Any:
    """A primitive that does not choose."""
    value = _on_floats(name)(*map(value_of, args))
    try:
        node = applied(tape.program, name, *(node_of(tape, x) for x in args))
    except NoNodes as error:
        raise tape.refuse(f"no reading of {name}: {error}") from None
    return wrapped(tape, value, tape.program.broadcast(node, np.shape(value)))


@cache
def _on_floats(name: str) -> Callable[..., Any]:
    """The function of NumPy, of SciPy if that is there, or of the standard library, entry by entry."""
    names = (name, *PRIMITIVES[name].names)
    for module in (np, _special(), math):
        for one in names:
            if hasattr(module, one):
                found: Callable[..., Any] = getattr(module, one)
                return np.vectorize(found, otypes=[float]) if module is math else found
    raise TypeError(f"no function {name} on floats")


@cache
def _special() -> Any:
    try:
        return importlib.import_module("scipy.special")
    except ImportError:
        return None
