"""Terms that are polynomials in symbols, written out: monomial -> coefficient."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.terms.term import Term, constant, symbol, topological

Monomial = tuple[tuple[str, int], ...]
"""Symbols with their exponents, by name."""

Polynomial = dict[Monomial, Fraction]

MOST_MONOMIALS = 1000
_HIGHEST = 16


def polynomial(root: Term) -> Polynomial | None:
    """The term written out; None for one that is no polynomial, or a long one."""
    found: dict[Term, Polynomial] = {}
    for node in topological(root):
        made = _of_node(node, found)
        if made is None or len(made) > MOST_MONOMIALS:
            return None
        found[node] = made
    return found[root]


def _of_node(node: Term, found: dict[Term, Polynomial]) -> Polynomial | None:
    parts = [found[argument] for argument in node.args]
    match node.op:
        case "const":
            return {(): node.value} if node.value else {}
        case "symbol":
            return {((node.value, 1),): Fraction(1)}
        case "add":
            return _sum(parts[0], parts[1], Fraction(1))
        case "sub":
            return _sum(parts[0], parts[1], Fraction(-1))
        case "neg":
            return _sum({}, parts[0], Fraction(-1))
        case "mul":
            return _product(parts[0], parts[1])
        case "div" if set(parts[1]) == {()}:
            return _product(parts[0], {(): 1 / parts[1][()]})
        case "pow" if set(parts[1]) <= {()}:
            exponent = parts[1].get((), Fraction(0))
            if exponent.denominator != 1 or not 0 <= exponent <= _HIGHEST:
                return None
            power: Polynomial = {(): Fraction(1)}
            for _ in range(int(exponent)):
                power = _product(power, parts[0])
                if len(power) > MOST_MONOMIALS:
                    return None
            return power
    return None


def _sum(a: Polynomial, b: Polynomial, factor: Fraction) -> Polynomial:
    found = dict(a)
    for monomial, c in b.items():
        found[monomial] = found.get(monomial, Fraction(0)) + factor * c
    return {monomial: c for monomial, c in found.items() if c}


def _product(a: Polynomial, b: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for left, c in a.items():
        for right, d in b.items():
            exponents = dict(left)
            for name, exponent in right:
                exponents[name] = exponents.get(name, 0) + exponent
            monomial = tuple(sorted(exponents.items()))
            found[monomial] = found.get(monomial, Fraction(0)) + c * d
    return {monomial: c for monomial, c in found.items() if c}


def term_of(p: Polynomial) -> Term:
    """The polynomial as a term."""
    parts = [(c < 0, _product_of(monomial, abs(c))) for monomial, c in p.items()]
    if not parts:
        return constant(0)
    negative, first = parts[0]
    found = -first if negative else first
    for negative, part in parts[1:]:
        found = found - part if negative else found + part
    return found


def _product_of(monomial: Monomial, c: Fraction) -> Term:
    found = constant(c) if c != 1 or not monomial else None
    for name, exponent in monomial:
        power = symbol(name) if exponent == 1 else symbol(name) ** exponent
        found = power if found is None else found * power
    assert found is not None
    return found
