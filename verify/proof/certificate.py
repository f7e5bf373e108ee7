"""The evidence of a proof as JSON, for `checker` to go through without the prover.

For every cell: the box and what is given, a sampled point, the generators with what they are functions of, and
for every node of the trace that is no plain arithmetic a claim that binds it to the generators:

    exp, power with a varying exponent    the value, and the factors whose logarithms add up to the exponent
    log, asinh, acosh, atanh              the factors of the argument
    root, power                           the value (and the exponent)
    sin, cos, tan                         the generators' angles, and how often each is taken
    erf, atan, asin, acos, atan2          the generator, how often it is taken, and a side of a triangle
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from verify.proof import algebra, functions
from verify.proof.algebra import CONSTANT_ONE, GENS, Element, Polynomial
from verify.proof.cells import Cell
from verify.proof.field import Field, Generator, Restart
from verify.proof.interpret import HALF, Interpreter
from verify.proof.obligation import Obligation
from verify.proof.prove import MOST_RESTARTS
from verify.proof.result import Proof, Status
from verify.proof.samples import sample_point
from verify.proof.signs import learn
from verify.trace.term import PARAMETRIC, SPECIAL, Condition, Term, topological

FORMAT = "backproof certificate 1"


class Uncertifiable(Exception):
    """A proof that the certificate's format has no words for."""


def write(proof: Proof, path: str | Path) -> None:
    """Write the certificate of a proof to a file; raises Uncertifiable."""
    Path(path).write_text(certificate(proof), encoding="utf-8")


def certificate(proof: Proof) -> str:
    """The certificate of every cell inside the domain; raises Uncertifiable for a proof that is not one."""
    if proof.status is not Status.PROVED:
        raise Uncertifiable("; ".join(proof.reasons) or "it is not proved")
    obligation = proof.obligation
    cells = [result.cell for result in proof.cells if not result.outside]
    given = [term for cell in cells for term, _ in cell.signs]
    nodes = topological(obligation.definition, obligation.forward, *obligation.gradients, *given)
    index = {node: i for i, node in enumerate(nodes)}
    document = {
        "format": FORMAT,
        "op": obligation.op,
        "inputs": obligation.inputs,
        "nodes": [_node(node, index) for node in nodes],
        "definition": index[obligation.definition],
        "forward": index[obligation.forward],
        "gradients": [index[gradient] for gradient in obligation.gradients],
        "cells": [_cell(obligation, cell, index) for cell in cells],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def _node(node: Term, index: dict[Term, int]) -> list[Any]:
    if node.op in ("const", "symbol", "special"):
        return [node.op, str(node.value)]
    return [node.op, *(index[a] for a in node.args)]


def _cell(obligation: Obligation, cell: Cell, index: dict[Term, int]) -> dict[str, Any]:
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return _Claims(Field(cell, hints), index).cell(obligation)
        except Restart as finer:
            hints[finer.name] = finer.grain
    raise Uncertifiable(f"more than {MOST_RESTARTS} refinements")


class _Claims:
    """One cell, read once more, claims taken down on the way."""

    def __init__(self, field: Field, index: dict[Term, int]) -> None:
        self.field = field
        self.index = index
        self.reader = Interpreter(field, trusting=True)
        self.claims: dict[int, Any] = {}
        self.visited: set[Term] = set()

    def cell(self, obligation: Obligation) -> dict[str, Any]:
        for name, _, _ in self.field.cell.box:
            self.field.symbol(name)
        for term, known in self.field.cell.signs:
            learn(self.field, self.reader.element(term), known)
        for term in (*(t for t, _ in self.field.cell.signs), obligation.definition, obligation.forward):
            self.visit(term)
        for gradient in obligation.gradients:
            self.visit(gradient)
        bells = {g.index: self._bell(g) for g in list(self.field.generators.values()) if g.kind == "erf"}
        point = sample_point(self.field)
        if point is None:
            raise Uncertifiable("no point of the cell was found")
        self.position = {i: k for k, i in enumerate(self.field.generators)}
        return {
            "box": {name: [_end(lo), _end(hi)] for name, lo, hi in self.field.cell.box},
            "point": {name: str(value) for name, value in point.items()},
            "generators": [self._generator(g, bells) for g in self.field.generators.values()],
            "signs": [[self.index[t], s, self._told(self.reader.element(t))] for t, s in self.field.cell.signs],
            "claims": {str(i): self._told(claim) for i, claim in self.claims.items()},
        }

    # --------------------------------------------------------------------------------------- the nodes

    def visit(self, node: Term) -> None:
        """Take down the claims of a node and of what it needs, along the branches taken on this cell."""
        if node in self.visited:
            return
        self.visited.add(node)
        if node.op == "where":
            self.visit(node.args[0])
            self.visit(node.args[1] if self.reader.holds(node.args[0]) else node.args[2])
            return
        for child in node.args:
            self.visit(child)
        if isinstance(node, Condition):
            return
        if node.op in SPECIAL or node.op in PARAMETRIC:
            raise Uncertifiable(f"the format has no words for {node.op}")
        self.reader.element(node)  # so that the generators it needs are there
        if node.op in CLAIMS:
            self.claims[self.index[node]] = CLAIMS[node.op](self, node, *map(self.reader.element, node.args))

    def product(self, u: Element) -> list[list[Any]]:
        """Factors of u, up to its sign, whose logarithms are generators or known."""
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
        found = u.indices()
        c = u.num.leading_coefficient() if u else 0
        if len(found) != 1 or not u.den.is_one() or u.num != GENS[found[0]] * c:
            raise Uncertifiable(f"an angle that is known: {self.field.term(u)!r}")
        return {"generator": found[0], "times": str(c)}

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

    # ---------------------------------------------------------------------------------------- as JSON

    def _generator(self, g: Generator, bells: dict[int, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": g.kind}
        if g.kind not in ("symbol", "sqrt_pi"):
            told["argument"] = self._told(g.argument)
        if g.kind == "symbol":
            told["name"] = g.term.value
        if g.kind == "root":
            told["order"] = g.order
        if g.kind == "erf":
            told["bell"] = self._told(bells[g.index])
        return told

    def _told(self, claim: Any) -> Any:
        """A claim with its elements as lists, its generators by their position."""
        if isinstance(claim, Element):
            return [self._polynomial(claim.num), self._polynomial(claim.den)]
        if isinstance(claim, dict):
            told = {key: self._told(value) for key, value in claim.items()}
            if "generator" in told:
                told["generator"] = self.position[claim["generator"]]
            if "pairs" in told:
                told["pairs"] = [[self.position[i], k] for i, k in claim["pairs"]]
            for key in ("product", "base"):
                if key in told:
                    told[key] = [[self._polynomial(f.num), e] for f, e in claim[key]]
            return told
        return claim

    def _polynomial(self, p: Polynomial) -> list[Any]:
        return [
            [str(algebra.fraction(c)), sorted([self.position[i], int(m[i])] for i in self.position if m[i])]
            for m, c in zip(p.monoms(), p.coeffs(), strict=True)
        ]


def _end(end: Fraction | None) -> str | None:
    return None if end is None else str(end)


def _atanh(claims: _Claims, u: Element) -> dict[str, Any]:
    return {"product": claims.product((CONSTANT_ONE + u) / (CONSTANT_ONE - u))}


CLAIMS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh"), lambda c, n, u: c.exponential(u)),
    **dict.fromkeys(("sqrt", "cbrt"), lambda c, n, u: {"value": c.reader.element(n)}),
    **dict.fromkeys(("sin", "cos", "tan"), lambda c, n, u: c.turns(u)),
    **dict.fromkeys(("erf", "atan"), lambda c, n, u: c.inverse(c.reader.element(n))),
    **dict.fromkeys(("asin", "acos"), lambda c, n, u: c.of_triangle(functions.asin(c.field, u), CONSTANT_ONE - u * u)),
    **dict.fromkeys(("asinh", "acosh"), _Claims.area),
    "hypot": lambda c, n, u, v: {"value": c.reader.element(n)},
    "tanh": lambda c, n, u: c.exponential(u.scaled(2)),
    "log": lambda c, n, u: {"product": c.product(u)},
    "log1p": lambda c, n, u: {"product": c.product(CONSTANT_ONE + u)},
    "atanh": lambda c, n, u: _atanh(c, u),
    "erfc": lambda c, n, u: c.inverse(functions.erf(c.field, u)),
    "atan2": lambda c, n, u, v: c.of_triangle(c.reader.element(n), u * u + v * v),
    "pow": _Claims.power,
}
