"""A region of the domain as the certificate has it: its generators, its facts, and a claim for every function.

The claim relates the function's value to the generators; `region` verifies it without the prover:

    exp, power with a varying exponent    the value, and the factors whose logarithms add up to the exponent
    log, asinh, acosh, atanh              the factors of the argument
    root, power                           the value (and the exponent)
    sin, cos, tan                         the generators' angles, and how often each is taken
    erf, atan, asin, acos, atan2          the generator, how often it is taken, and a side of a triangle
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backproof.verify.proof.cell import Cell, Interval
from backproof.verify.proof.field import algebra, functions
from backproof.verify.proof.field.algebra import CONSTANT_ONE, GENS, Element, Polynomial, number
from backproof.verify.proof.field.differential_field import Field, Generator
from backproof.verify.proof.field.interpret import HALF, Interpreter
from backproof.verify.proof.field.limits import Transfer
from backproof.verify.proof.field.signs import known_sign, learn, sign
from backproof.verify.terms.ops import PARAMETRIC, SPECIAL
from backproof.verify.terms.term import Condition, Term

ZERO = "="
RELATIONS = {"<": -1, ">": 1}


class Uncertifiable(Exception):
    """A proof that the certificate's format cannot express."""


@dataclass(frozen=True)
class Part:
    """A part of the domain, by the splits on the way: see `region.Path`, which is made from what is written of it."""

    box: tuple[tuple[str, Fraction | None, Fraction | None], ...]
    where: tuple[tuple[str, Term], ...] = ()
    facts: tuple[tuple[Term, Fraction, str], ...] = ()

    def interval(self, name: str) -> Interval:
        """The open interval of a free symbol."""
        return next((lo, hi) for n, lo, hi in self.box if n == name)

    def within(self, name: str, lo: Fraction | None, hi: Fraction | None) -> Part:
        """The part with another interval for a symbol."""
        box = tuple((n, lo, hi) if n == name else (n, a, b) for n, a, b in self.box)
        return Part(box, self.where, self.facts)

    def given(self, term: Term, relation: str) -> Part:
        """The part where a term has this relation to 0."""
        return Part(self.box, self.where, (*self.facts, (term, Fraction(0), relation)))

    def bound(self, name: str, value: Term, *, inside: bool = False) -> Part:
        """The part where a symbol has this value; ``inside``: a number that is known to lie between its ends."""
        facts = self.facts
        if not inside:
            ends = zip(self.interval(name), "><", strict=True)
            facts = (*facts, *((value, end, relation) for end, relation in ends if end is not None))
        box = tuple(side for side in self.box if side[0] != name)
        return Part(box, (*self.where, (name, value)), facts)


class Reading:
    """One region, read with the claims recorded.

    reader: divides by anything, as a definition does; written: raises Split at a divisor that may be 0, as a rule must
    """

    def __init__(self, part: Part, hints: dict[str, Fraction]) -> None:
        self.part = part
        self.field = Field(Cell(part.box), hints)
        self.claims: dict[Term, Any] = {}
        self.visited: set[Term] = set()
        self.images: dict[str, Element] = {}
        self.bells: dict[int, Any] = {}
        for name, _, _ in part.box:
            self.field.symbol(name)
        for name, value in reversed(part.where):  # an earlier one may hold a symbol that is bound later
            self.images[name] = Interpreter(self.field, self.images).element(value)
        self.reader = Interpreter(self.field, self.images, trusting=True)
        self.written = Interpreter(self.field, self.images)
        self.facts = list[Element | None]()
        for _, value in reversed(part.where):
            self.visit(value, self.written)

    def learn(self) -> None:
        """Read what is given about the region; raises Empty where it contradicts itself."""
        for term, end, relation in self.part.facts:
            self.visit(term, self.written)
            u = self.written.element(term) - number(end)
            self.facts.append(u)
            if relation != ZERO:
                learn(self.field, u, RELATIONS[relation])

    def element(self, term: Term, reader: Interpreter) -> Element:
        """The term read, with the claims of its nodes."""
        self.visit(term, reader)
        return self.field.reduced(reader.element(term))

    def complete(self) -> None:
        """Read what the derivatives of the generators need; it makes the last generators."""
        erfs = (g for g in list(self.field.generators.values()) if g.kind == "erf")
        self.bells |= {g.index: self._bell(g) for g in erfs if g.index not in self.bells}

    def as_json(self, index: dict[Term, int]) -> dict[str, Any]:
        """The region as it is written; complete once everything has been read."""
        self.complete()
        self.position = {i: k for k, i in enumerate(self.field.generators)}
        facts = [None if u is None else self.data(u) for u in self.facts]
        return {
            "generators": [self._generator(g) for g in self.field.generators.values()],
            "facts": facts + [None] * (len(self.part.facts) - len(facts)),
            "claims": {str(index[t]): self.data(claim) for t, claim in self.claims.items()},
        }

    # --------------------------------------------------------------------------------------- the nodes

    def visit(self, node: Term, reader: Interpreter) -> None:
        """Record the claims of a node and of its operands, along the branches taken on this region."""
        if node in self.visited:
            return
        if node.op == "where":
            self.visit(node.args[0], reader)
            self.visit(node.args[1] if reader.holds(node.args[0]) else node.args[2], reader)
            return
        for child in node.args:
            self.visit(child, reader)
        self.visited.add(node)
        if isinstance(node, Condition):
            return
        if node.op in SPECIAL or node.op in PARAMETRIC or node.op == "special":
            raise Uncertifiable(f"the format does not cover {node.op}")
        if node.op == "atan2" and known_sign(self.field, reader.element(node.args[1])) != 1:
            sign(self.field, reader.element(node.args[0]))  # raises Split: it jumps where this is 0
        reader.element(node)  # creates the generators it needs
        if node.op in CLAIMS:
            self.claims[node] = CLAIMS[node.op](self, node, *map(reader.element, node.args))

    def product(self, u: Element) -> list[list[Any]]:
        """Factors of u, up to its sign, whose logarithms are generators or known constants."""
        u = self.field.reduced(u)
        left, result = functions.log(self.field, u), []
        for p, direction in ((u.num, 1), (u.den, -1)):
            for f, multiplicity in self.field.factors(p)[1]:
                g = self._exponential(f)
                if g is not None:
                    result.append([Element(f), str(direction * multiplicity)])
                    left = left - g.argument.scaled(direction * multiplicity)
        for c, monomial in algebra.terms(self.field.reduced(left).num):
            (i,) = algebra.indices(monomial)
            g = self.field.generators[i]
            if g.kind != "log":
                raise Uncertifiable(f"the factors of {self.field.term(u)!r}")
            result.append([g.argument, str(c)])
        return result

    def _exponential(self, f: Polynomial) -> Generator | None:
        found = algebra.indices(f)
        g = self.field.generators[found[0]] if len(found) == 1 else None
        return g if g is not None and g.kind == "exp" and f == GENS[g.index] else None

    def exponential(self, a: Element) -> dict[str, Any]:
        """e**a, and its factors."""
        e = functions.exp(self.field, a)
        return {"value": e, "product": self.product(e)}

    def power(self, node: Term, a: Element, b: Element) -> dict[str, Any]:
        exponent = b.constant()
        if exponent is None:
            found = self.exponential(b * functions.log(self.field, a))
            return {**found, "base": self.product(a)}
        if exponent.denominator == 1:
            return {"exponent": str(exponent)}
        return {"exponent": str(exponent), "value": self.reader.element(node)}

    def turns(self, u: Element) -> dict[str, Any]:
        """The angles that add up to u."""
        pairs = []
        for c, part in functions.summands(self.field.canonical(u)):
            base, times = functions.grain_of(self.field, "sin", part, c)
            argument = part.scaled(base)
            known = self.field.generators.values()
            found = next((g for g in known if g.kind == "sin" and g.argument == argument), None)
            if found is None:
                raise Uncertifiable(f"an angle of {self.field.term(part)!r}")
            pairs.append([found.index, times])
        return {"pairs": pairs}

    def inverse(self, u: Element) -> dict[str, Any]:
        """The one generator that u is a multiple of."""
        if not u:
            return {"generator": 0, "times": 0}
        found = u.indices()
        c = u.num.leading_coefficient()
        if len(found) != 1 or not u.den.is_one() or u.num != GENS[found[0]] * c or c.q != 1:
            raise Uncertifiable(f"a constant angle: {self.field.term(u)!r}")
        return {"generator": found[0], "times": int(c)}

    def of_triangle(self, angle: Element, square: Element) -> dict[str, Any]:
        """An angle, and the side of its triangle whose square is given."""
        return {**self.inverse(angle), "side": functions.power(self.field, square, HALF)}

    def area(self, node: Term, u: Element) -> dict[str, Any]:
        """asinh, acosh: the number whose logarithm it is, and its factors."""
        step = CONSTANT_ONE if node.op == "asinh" else -CONSTANT_ONE
        p = u + functions.power(self.field, u * u + step, HALF)
        return {"value": p, "product": self.product(p)}

    def _bell(self, g: Generator) -> dict[str, Any]:
        return self.exponential(-(g.argument * g.argument))

    def limit(self, g: Generator, transfer: Transfer) -> dict[str, Any] | None:
        """The claim that a generator of a cell tends to the same function of the limit of its argument."""
        if g.kind in ("symbol", "sqrt_pi"):
            transfer.generator(g.index)
            return None
        a = transfer.polynomial(g.argument.num) / transfer.polynomial(g.argument.den)
        value = transfer.generator(g.index)
        if g.kind == "exp":
            return self.exponential(a)
        if g.kind == "log":
            return {"product": self.product(a)}
        if g.kind == "root":
            return {"value": value}
        return self.turns(a) if g.kind in ("sin", "cos") else self.inverse(value)

    # ---------------------------------------------------------------------------------------- as JSON

    def _generator(self, g: Generator) -> dict[str, Any]:
        data: dict[str, Any] = {"kind": g.kind}
        if g.kind not in ("symbol", "sqrt_pi"):
            data["argument"] = self.data(g.argument)
        if g.kind == "symbol":
            data["name"] = g.term.value
        if g.kind == "root":
            data["order"] = g.order
        if g.kind == "erf":
            data["bell"] = self.data(self.bells[g.index])
        return data

    def data(self, claim: Any) -> Any:
        """A claim with its elements as lists, its generators by their position."""
        if isinstance(claim, Element):
            return [self._polynomial(claim.num), self._polynomial(claim.den)]
        if isinstance(claim, dict):
            data = {key: self.data(value) for key, value in claim.items()}
            if "generator" in data and data["times"]:
                data["generator"] = self.position[claim["generator"]]
            if "pairs" in data:
                data["pairs"] = [[self.position[i], k] for i, k in claim["pairs"]]
            for key in ("product", "base"):
                if key in data:
                    data[key] = [[self._polynomial(f.num), e] for f, e in claim[key]]
            return data
        return claim

    def _polynomial(self, p: Polynomial) -> list[Any]:
        return [
            [str(algebra.fraction(c)), sorted([self.position[i], int(m[i])] for i in self.position if m[i])]
            for m, c in zip(p.monoms(), p.coeffs(), strict=True)
        ]


def _atanh(claims: Reading, u: Element) -> dict[str, Any]:
    return {"product": claims.product((CONSTANT_ONE + u) / (CONSTANT_ONE - u))}


CLAIMS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh"), lambda c, n, u: c.exponential(u)),
    **dict.fromkeys(("sqrt", "cbrt"), lambda c, n, u: {"value": c.reader.element(n)}),
    **dict.fromkeys(("sin", "cos", "tan"), lambda c, n, u: c.turns(u)),
    **dict.fromkeys(("erf", "atan"), lambda c, n, u: c.inverse(c.reader.element(n))),
    **dict.fromkeys(("asin", "acos"), lambda c, n, u: c.of_triangle(functions.asin(c.field, u), CONSTANT_ONE - u * u)),
    **dict.fromkeys(("asinh", "acosh"), Reading.area),
    "hypot": lambda c, n, u, v: {"value": c.reader.element(n)},
    "tanh": lambda c, n, u: c.exponential(u.scaled(2)),
    "log": lambda c, n, u: {"product": c.product(u)},
    "log1p": lambda c, n, u: {"product": c.product(CONSTANT_ONE + u)},
    "atanh": lambda c, n, u: _atanh(c, u),
    "erfc": lambda c, n, u: c.inverse(functions.erf(c.field, u)),
    "atan2": lambda c, n, u, v: c.of_triangle(c.reader.element(n), u * u + v * v),
    "pow": Reading.power,
}
