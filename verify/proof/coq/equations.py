"""Equations that bring the functions of a proof to those of its normal form, each with the tactics that show it.

On a cell the prover writes every function as a rational expression of few ones, which it calls generators (`Field`):
exp(-x) is 1 / exp(x), sqrt(8 / pi) is 2 * sqrt 2 / sqrt pi, exp(2 * log(1 + exp x)) is (1 + exp x)^2.  Each of these
is written down here as an equation, to be shown by Coq; with them what is left to show is an identity of polynomials.
A wrong equation, or one that Coq does not manage, is passed over by the script: it may cost the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from backproof.verify.evaluate.stepwise import At
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.coq.core import in_core, root
from backproof.verify.proof.coq.points import HARD, known
from backproof.verify.proof.coq.printer import expression, operand
from backproof.verify.proof.field import functions
from backproof.verify.proof.field.algebra import Element, TooHard
from backproof.verify.proof.field.differential_field import Field, Generator, Restart
from backproof.verify.proof.prove import MOST_RESTARTS
from backproof.verify.terms.term import PI, Term, apply, constant, topological

IDENTITY = "<identity>"
"""In tactics: where an identity is to be shown by the equations that are known then."""

KNOWN = "<known>"
"""In tactics: where these equations are used without more."""

MOST_SUMMANDS = 24

_FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "atan", "erf")


@dataclass(frozen=True)
class Equation:
    """left = right, and the tactics that show it once the equations before it are known."""

    left: str
    right: str
    tactics: str


@dataclass
class Equations:
    """The equations of one theorem, those of inner functions first, and the relations of the generators.

    relations: (statement, tactics), such as cos x ^ 2 = 1 - sin x ^ 2
    """

    found: list[Equation] = field(default_factory=list)
    relations: list[tuple[str, str]] = field(default_factory=list)


def equations(cell: Cell, at: At, terms: Iterable[Term]) -> Equations:
    """Those for the functions in the terms, which have no branches and no other functions than `core`'s.

    Empty where the prover has no normal forms on the cell any more.
    """
    terms = tuple(terms)
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return _Writer(Field(cell, hints), at).equations(terms)
        except Restart as finer:
            hints[finer.name] = finer.grain
        except HARD:
            break
    return Equations()


class _Writer:
    def __init__(self, field: Field, at: At) -> None:
        self.field = field
        self.at = at
        self.reader = known(field)

    def equations(self, terms: tuple[Term, ...]) -> Equations:
        nodes = [node for node in topological(*_with_derivatives(terms)) if node.op in _FUNCTIONS]
        found = Equations()
        for node in nodes:
            try:
                equation = self._equation(node)
            except HARD:
                continue  # it stays as it is
            if equation is not None:
                found.found.append(equation)
        found.relations = list(self._relations())
        return found

    def _equation(self, node: Term) -> Equation | None:
        """None where the function is one of the normal form."""
        left, right = expression(node), self._text(self.reader.element(node))
        if left == right:
            return None
        return Equation(left, right, self._tactics(node, right))

    def _text(self, u: Element) -> str:
        return expression(in_core(self.field.term(u), self.at))

    def _relations(self) -> Iterator[tuple[str, str]]:
        for g in list(self.field.generators.values()):  # to print one may deal another
            if g.kind == "sqrt_pi":
                yield "sqrt PI ^ 2 = PI", "apply root_square; positive"
            elif g.kind == "cos":
                angle = self._text(g.argument)
                yield f"cos ({angle}) ^ 2 = 1 - sin ({angle}) ^ 2", "apply cos_square"
            elif g.kind == "root":
                base = in_core(self.field.term(g.argument), self.at)
                of = expression(apply("pow", root(base, g.order), constant(g.order)))
                inside = expression(base)
                shown = "apply root_square" if g.order == 2 else f"apply (root_pow _ _ {g.order - 1}); [simpl; ring |]"
                yield f"{of} = {inside}", f"{shown}; facts; positive"

    # ------------------------------------------------------------------------------------------------ one function

    def _tactics(self, node: Term, right: str) -> str:
        inner = self.field.canonical(self.reader.element(node.args[0]))
        match node.op:
            case "exp":
                total, logarithms = self._exponent(inner)
                return f"transitivity (exp ({total})); [apply f_equal; {IDENTITY} | {_powers(logarithms)}]"
            case "log":
                total, logarithms = self._exponent(self.reader.element(node))
                return (
                    f"transitivity (ln (exp ({right}))); [apply f_equal | apply ln_exp]; symmetry; "
                    f"transitivity (exp ({total})); [apply f_equal; {IDENTITY} | {_powers(logarithms)}]"
                )
            case "sqrt":
                return f"apply sqrt_lem_1; [side | side | {IDENTITY}]"
            case "sin" | "cos":
                total = self._angle(inner)
                return (
                    f"transitivity ({node.op} ({total})); [apply f_equal; {IDENTITY} | "
                    f"rewrite ?sin_plus, ?cos_plus, ?sin_neg, ?cos_neg, ?sin_0, ?cos_0; {IDENTITY}]"
                )
        if right.startswith("(- "):
            generator = next(
                g for g in self.field.generators.values() if g.kind == node.op and g.index in self._in(node)
            )
            inside = self._text(generator.argument)
            return f"transitivity ({node.op} (- ({inside}))); [apply f_equal; {IDENTITY} | apply {node.op}_opp]"
        return f"apply f_equal; {IDENTITY}"

    def _in(self, node: Term) -> list[int]:
        return self.reader.element(node).indices()

    def _exponent(self, u: Element) -> tuple[str, list[tuple[Term, int]]]:
        """u as a sum of arguments of exponentials, and of logarithms divided by the order of a root.

        Second, these logarithms: what they are of, and the order.  Raises TooHard for a sum that is too long.
        """
        parts: list[str] = []
        logarithms: list[tuple[Term, int]] = []
        for c, part in functions.summands(u):
            g = functions.single(self.field, part, "log")
            if g is None:
                base, times = functions.grain_of(self.field, "exp", part, c)
                text = self._text(part.scaled(base))
            else:
                argument = in_core(self.field.term(g.argument), self.at)
                if self.at.of(argument) < 0:
                    argument = -argument
                order = self._order(g, c.denominator)
                times = int(c * order)
                logarithm = apply("log", argument)
                text = expression(logarithm if order == 1 else logarithm / order)
                logarithms.append((argument, order))
            parts += [f"({text})" if times > 0 else f"(- ({text}))"] * abs(times)
        if len(parts) > MOST_SUMMANDS:
            raise TooHard("too many summands")
        return " + ".join(parts) or "0", logarithms

    def _order(self, logarithm: Generator, order: int) -> int:
        """The order of the root that is in use for a number, a multiple of ``order``."""
        for g in self.field.generators.values():
            same = g.kind == "root" and g.argument in (logarithm.argument, -logarithm.argument)
            if same and order > 1 and g.order % order == 0:
                return g.order
        return order

    def _angle(self, u: Element) -> str:
        parts: list[str] = []
        for c, part in functions.summands(u):
            base, times = functions.grain_of(self.field, "sin", part, c)
            text = self._text(part.scaled(base))
            parts += [f"({text})" if times > 0 else f"(- ({text}))"] * abs(times)
        if len(parts) > MOST_SUMMANDS:
            raise TooHard("too many summands")
        return " + ".join(parts) or "0"


def _powers(logarithms: list[tuple[Term, int]]) -> str:
    """exp of a sum as a product, where a logarithm is in it as a power or a root."""
    steps = [KNOWN, "rewrite ?exp_plus, ?exp_Ropp, ?exp_0"]
    for argument, order in logarithms:
        inside = operand(argument)
        if order == 1:
            steps.append(f"rewrite ?(exp_ln {inside}) by (facts; positive)")
        elif order == 2:
            steps.append(f"rewrite <- ?(sqrt_is_exp {inside}) by (facts; positive)")
    return "; ".join([*steps, IDENTITY])


def _with_derivatives(terms: tuple[Term, ...]) -> list[Term]:
    """The terms, and the further functions in their derivatives as the tactic `derive` writes them."""
    found = list(terms)
    for node in topological(*terms):
        if node.op in ("sin", "cos"):
            found.append(apply("cos" if node.op == "sin" else "sin", *node.args))
        elif node.op == "erf":
            (u,) = node.args
            found += [apply("exp", -(u * u)), apply("sqrt", PI)]
    return found
