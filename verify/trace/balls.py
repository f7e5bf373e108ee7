"""Terms on balls: a list of terms compiled once to straight-line Python over python-flint's `arb`.

Every result contains the true value.  A condition has three answers; where it is undecided a `where` is the
union of both branches.  Precision is a matter of the moment (``flint.ctx.prec``), constants follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from types import CodeType
from typing import Any

import flint
from flint import arb

from verify.kinds import balls, special_balls
from verify.trace.term import PARAMETRIC, Condition, Term, topological

Program = Callable[..., tuple[arb, ...]]
"""Balls in, one for each input; balls out, one for each term (a condition gives True, False or None)."""

SOURCE = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "pow": "{} ** {}",
    "neg": "-{}",
    "abs": "abs({})",
    "and": "False if {0} is False or {1} is False else True if {0} and {1} else None",
    "or": "True if {0} or {1} else False if {0} is False and {1} is False else None",
    "not": "None if {0} is None else not {0}",
    "lt": "True if {0} < {1} else False if {0} >= {1} else None",
    "le": "True if {0} <= {1} else False if {0} > {1} else None",
    "gt": "True if {0} > {1} else False if {0} <= {1} else None",
    "ge": "True if {0} >= {1} else False if {0} < {1} else None",
    "eq": "True if {0} == {1} else False if {0} != {1} else None",
    "ne": "True if {0} != {1} else False if {0} == {1} else None",
    "where": "{1} if {0} else {2} if {0} is False else {1}.union({2})",
    **{name: f"{name}({{}})" for name in ("cbrt", "erfc", "erfinv", "lgamma", "trigamma", "expi", "spence")},
    **{name: f"{name}({{}}, {{}})" for name in ("hypot", "atan2", "maximum", "minimum")},
    **{name: f"{name}({', '.join(['{}'] * count)})" for name, count in PARAMETRIC.items()},
}
"""The Python expression of each op; what is missing here is a method of arb with the op's name."""

_OF_ITSELF = {"lt": "False", "gt": "False", "ne": "False", "le": "True", "ge": "True", "eq": "True"}
"""A comparison of a term with itself, which balls alone could not decide."""

HELPERS = {
    "cbrt": balls.cbrt,
    "erfc": balls.erfc,
    "lgamma": balls.lgamma,
    "trigamma": balls.trigamma,
    "hypot": balls.hypot,
    "maximum": balls.maximum,
    "minimum": balls.minimum,
    "atan2": arb.atan2,
    **special_balls.FUNCTIONS,
}


class BallProgram:
    """Terms as a function of balls.

    Calling it runs at the precision of the moment; ``at(prec)`` is the bare function for callers that hold
    one precision over many points: run it within ``flint.ctx.workprec(prec)``.
    """

    def __init__(self, terms: Iterable[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)
        self._constants: dict[str, Term] = {}
        self._code = self._compiled()
        self._programs: dict[int, Program] = {}

    def __call__(self, *x: arb) -> tuple[arb, ...]:
        return self.at(flint.ctx.prec)(*x)

    def at(self, prec: int) -> Program:
        """The function with its constants at ``prec`` bits."""
        program = self._programs.get(prec)
        if program is None:
            with flint.ctx.workprec(prec):
                constants = {name: constant_ball(t) for name, t in self._constants.items()}
                names: dict[str, Any] = {**HELPERS, **constants}
                exec(self._code, names)  # our own source: numbered names and the ops above
            program = self._programs[prec] = names["program"]
        return program

    def _compiled(self) -> CodeType:
        """One assignment a term, v7 = v3 * v5; what holds no symbol is computed once, before the function."""
        names: dict[Term, str] = {}
        once: list[str] = []
        lines: list[str] = []
        arguments = {name: f"x{i}" for i, name in enumerate(self.inputs)}
        moving: set[Term] = set()
        for t in topological(*self.terms):
            if t.op == "symbol":
                names[t] = self._argument(t, arguments)
                moving.add(t)
            elif t.op in ("true", "false"):
                names[t] = t.op.title()
            elif t.op in ("const", "special", "pi"):
                names[t] = f"c{len(self._constants)}"
                self._constants[names[t]] = t
            else:
                names[t] = f"v{len(names)}"
                assignment = f"{names[t]} = {_expression(t, [names[a] for a in t.args])}"
                if moving.isdisjoint(t.args):
                    once.append(assignment)
                else:
                    moving.add(t)
                    lines.append(f"    {assignment}")
        answers = "".join(f"{names[t]}, " for t in self.terms)
        header = f"def program({', '.join(arguments.values())}):"
        return compile("\n".join([*once, header, *lines, f"    return ({answers})"]), "<balls>", "exec")

    def _argument(self, t: Term, arguments: Mapping[str, str]) -> str:
        if t.value not in arguments:
            raise KeyError(f"the term needs {t.value!r}, the inputs are {', '.join(self.inputs) or 'none'}")
        return arguments[t.value]


def _expression(t: Term, args: list[str]) -> str:
    if t.op == "pow" and (whole := _whole(t.args[1])) is not None:
        return f"{args[0]} * {args[0]}" if whole == 2 else f"{args[0]} ** {whole}"
    if t.op in _OF_ITSELF and t.args[0] is t.args[1]:
        return _OF_ITSELF[t.op]
    source = SOURCE.get(t.op)
    return source.format(*args) if source else f"{args[0]}.{t.op}()"


def _whole(exponent: Term) -> int | None:
    """A constant exponent that is a whole number."""
    if exponent.op == "const" and exponent.value.denominator == 1:
        return int(exponent.value)
    return None


def constant_ball(t: Term) -> arb:
    """The ball of a constant at the precision of the moment; exact where it is a binary fraction."""
    if t.op == "pi":
        return arb.pi()
    if t.op == "special":
        return arb(t.value)
    value: Fraction = t.value
    if value.denominator & (value.denominator - 1) == 0:
        return arb((value.numerator, 1 - value.denominator.bit_length()))
    return balls.ratio(value.numerator, value.denominator)


def compile_balls(terms: Iterable[Term], inputs: Sequence[str]) -> BallProgram:
    """``terms`` as a function of balls for ``inputs``, in that order.

    Raises KeyError for a term with a symbol that is no input.
    """
    return BallProgram(terms, inputs)


@lru_cache(maxsize=128)
def _program(term: Term, inputs: tuple[str, ...]) -> BallProgram:
    return BallProgram((term,), inputs)


def evaluate(term: Term, at: Mapping[str, arb], prec: int = 128) -> arb:
    """The ball of one term at ``at``, computed with ``prec`` bits."""
    program = _program(term, tuple(at))
    with flint.ctx.workprec(prec):
        return program(*at.values())[0]


def holds(condition: Condition, at: Mapping[str, arb], prec: int = 128) -> bool | None:
    """Whether the condition holds at ``at``: None where the balls cannot tell."""
    answer: Any = evaluate(condition, at, prec)
    return answer if answer is None else bool(answer)
