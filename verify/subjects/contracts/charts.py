"""Sets given by equations, such as c**2 + s**2 == 1, as the images of charts: parametrisations of their points.

A derivative that is meant on such a set is judged along it: as the derivative of F(φ(u)) by the parameters u of a chart
φ, where what was handed over gives Σ J_i(φ(u))·∂φ_i/∂u.  A gradient that is right in the tangent directions only, as
(0, -2s) of c² on the circle is, is right there.

| equations                         | chart                                                                            |
|-----------------------------------|----------------------------------------------------------------------------------|
| a variable occurs linearly        | solved for it: the simplex, planes, graphs, x·y = 1                              |
| Σ a·x_i² = r                      | stereographic projection, from two poles (for r/a that is no square with a root) |
| QᵀQ = 1 for an array 2×2 or 3×3   | Cayley's (1 - S)·(1 + S)⁻¹·D with S antisymmetric, for each matrix of signs D    |

Every point of the set is in the image of one of the charts.  P.-A. Absil, R. Mahony, R. Sepulchre, "Optimization
Algorithms on Matrix Manifolds" (2008), 3.5; for the signs: every orthogonal Q has a D for which QD has no eigenvalue
-1 (P. Liebeck, A. Osborne, "The generation of all rational orthogonal matrices", Amer. Math. Monthly 98 (1991)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.subjects.operation import Shape
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.conditions import conjunction, conjuncts
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.polynomials import Monomial, Polynomial, polynomial, term_of
from backproof.verify.terms.term import Condition, Term, apply, compare, constant, substitute, symbol, symbols_of

REACH = 2.0
"""How far from 0 parameters of spheres and rotations lie: two poles, and all signs, cover the rest."""


@dataclass(frozen=True)
class Chart:
    """Points of a set by parameters.

    names: the parameters; images: the entries by them; condition: on the parameters, where the chart is meant
    rest: what the domain asks for beside the equations, of the entries
    near: parameters that need to be no larger than `REACH`; label: which chart it is, "" for the only one
    """

    names: tuple[str, ...]
    images: Mapping[str, Term]
    condition: Condition
    rest: Condition
    near: tuple[str, ...] = ()
    label: str = ""


Images = dict[str, Term]


def equations(condition: Condition | None) -> list[Condition]:
    """The equations among the conjuncts of a domain."""
    return [part for part in conjuncts(condition) if part.op == "eq"] if condition is not None else []


def charts(condition: Condition, shapes: Mapping[str, Shape], entries: Sequence[str]) -> list[Chart]:
    """Charts that cover the set.  Raises UsageError for equations for which none are known."""
    parts = list(conjuncts(condition))
    given = [part for part in parts if part.op == "eq"]
    rest = [part for part in parts if part.op != "eq"]
    forms = [_form(part) for part in given]
    prefix = "u_"
    while any(entry.startswith(prefix) for entry in entries):
        prefix = f"u{prefix}"
    found = list(_covers(forms, given, shapes, prefix))
    made = []
    for place, (images, near) in enumerate(found):
        whole = {name: images.get(name, symbol(name)) for name in entries}
        free = tuple(dict.fromkeys(symbols_of(*whole.values())))
        replaced = {symbol(name): image for name, image in whole.items()}
        moved = [part for part in substitute(tuple(rest), replaced) if isinstance(part, Condition)]
        needed = [part for image in whole.values() for part in conjuncts(natural_domain(image))]
        if not free:
            raise UsageError("domain: its equations leave no input free")
        label = f"chart {place + 1} of {len(found)}" if len(found) > 1 else ""
        inside = conjunction([*dict.fromkeys(needed), *moved])
        made.append(Chart(free, whole, inside, conjunction(rest), near, label))
    return made


def _form(equation: Condition) -> Polynomial:
    a, b = equation.args
    found = polynomial(a - b)
    if found is None:
        raise UsageError(f"domain {written(equation)}: only polynomial equations of the inputs are known; {_WAY}")
    return found


_WAY = "solve it for one of the inputs, or leave it out and state bounds="


def _covers(
    forms: Sequence[Polynomial], given: Sequence[Condition], shapes: Mapping[str, Shape], prefix: str
) -> Iterator[tuple[Images, tuple[str, ...]]]:
    """The images of the entries that the equations bind, chart by chart."""
    if (array := _orthogonal(forms, shapes)) is not None:
        yield from _rotations(*array, prefix)
        return
    if len(forms) > 1 and any(set(_names(a)) & set(_names(b)) for k, a in enumerate(forms) for b in forms[:k]):
        raise UsageError(f"domain: equations that share inputs are known for orthogonal matrices only; {_WAY}")
    options = []
    for form, equation in zip(forms, given, strict=True):
        one = list(_of_one(form, prefix))
        if not one:
            raise UsageError(f"domain {written(equation)}: no parametrisation of it is known; {_WAY}")
        options.append(one)
    for chosen in product(*options):
        images: Images = {}
        near: tuple[str, ...] = ()
        for part, names in chosen:
            images |= part
            near += names
        yield images, near


def _names(form: Polynomial) -> list[str]:
    return list(dict.fromkeys(name for monomial in form for name, _ in monomial))


def _of_one(form: Polynomial, prefix: str) -> Iterator[tuple[Images, tuple[str, ...]]]:
    """Charts of one equation; nothing where none is known."""
    solved = _explicit(form)
    if solved is not None:
        yield solved, ()
        return
    radius = _radius(form)
    if radius is None:
        return
    for side in (1, -1):
        yield _sphere(_names(form), radius, side, prefix)


def _explicit(form: Polynomial) -> Images | None:
    """A variable that occurs linearly, by the others; its coefficient is constant, or nowhere 0 on the set."""
    for constant_only in (True, False):
        for name in reversed(_names(form)):
            if any(dict(monomial).get(name, 0) > 1 for monomial in form):
                continue
            factor = {_without(m, name): c for m, c in form.items() if dict(m).get(name)}
            others = {m: -c for m, c in form.items() if not dict(m).get(name)}
            if set(factor) == {()}:
                return {name: term_of({m: c / factor[()] for m, c in others.items()})}
            if not constant_only and set(others) == {()}:  # factor·x = r, with r other than 0
                return {name: term_of(others) / term_of(factor)}
    return None


def _without(monomial: Monomial, name: str) -> Monomial:
    return tuple((n, k) for n, k in monomial if n != name)


def _radius(form: Polynomial) -> Term | None:
    """The radius of a sphere Σ a·x² = r; None for any other equation."""
    squares = {c for m, c in form.items() if len(m) == 1 and m[0][1] == 2}
    if len(squares) != 1 or any(m and not (len(m) == 1 and m[0][1] == 2) for m in form) or len(form) < 3:
        return None
    square = -form.get((), Fraction(0)) / squares.pop()
    return _root(square) if square > 0 else None


def _root(square: Fraction) -> Term:
    p, q = math.isqrt(square.numerator), math.isqrt(square.denominator)
    exact = p * p == square.numerator and q * q == square.denominator
    return constant(Fraction(p, q)) if exact else apply("sqrt", constant(square))


def _sphere(names: Sequence[str], radius: Term, side: int, prefix: str) -> tuple[Images, tuple[str, ...]]:
    """Stereographic projection: the last variable is ±r·(1 - |u|²)/(1 + |u|²), the others are 2r·u/(1 + |u|²)."""
    free = [symbol(f"{prefix}{name}") for name in names[:-1]]
    size = total(u * u for u in free)
    images = {name: 2 * radius * u / (1 + size) for name, u in zip(names, free, strict=False)}
    images[names[-1]] = side * radius * (1 - size) / (1 + size)
    return images, tuple(u.value for u in free)


def total(terms: Iterable[Term]) -> Term:
    """The sum of one or more terms."""
    return reduce(lambda a, b: a + b, terms)


def _orthogonal(forms: Sequence[Polynomial], shapes: Mapping[str, Shape]) -> tuple[str, int] | None:
    """The name and size of an array whose columns, or rows, are orthonormal by these equations."""
    for name, shape in shapes.items():
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] not in (2, 3):
            continue
        n = shape[0]
        for by_columns in (True, False):
            wanted = []
            for i in range(n):
                for j in range(i, n):
                    pairs = [((k, i), (k, j)) if by_columns else ((i, k), (j, k)) for k in range(n)]
                    found = total(_entry(name, a) * _entry(name, b) for a, b in pairs)
                    wanted.append(polynomial(found - 1 if i == j else found))
            if len(forms) == len(wanted) and all(_is_among(form, wanted) for form in forms):
                return name, n
    return None


def _is_among(form: Polynomial, wanted: Sequence[Polynomial | None]) -> bool:
    return any(form == one or form == {m: -c for m, c in (one or {}).items()} for one in wanted)


def _entry(name: str, place: tuple[int, int]) -> Term:
    return symbol(f"{name}_{place[0]}_{place[1]}")


def _rotations(name: str, n: int, prefix: str) -> Iterator[tuple[Images, tuple[str, ...]]]:
    """Cayley's parametrisation, written out."""
    near = (f"{prefix}{name}",) if n == 2 else tuple(f"{prefix}{name}_{k}" for k in range(3))
    if n == 2:
        u = symbol(near[0])
        d = 1 + u * u
        matrix: list[list[Any]] = [[(1 - u * u) / d, 2 * u / d], [-2 * u / d, (1 - u * u) / d]]
    else:
        a, b, c = map(symbol, near)
        d = 1 + a * a + b * b + c * c
        matrix = [
            [(1 + a * a - b * b - c * c) / d, 2 * (a * b - c) / d, 2 * (a * c + b) / d],
            [2 * (a * b + c) / d, (1 - a * a + b * b - c * c) / d, 2 * (b * c - a) / d],
            [2 * (a * c - b) / d, 2 * (b * c + a) / d, (1 - a * a - b * b + c * c) / d],
        ]
    for signs in product((1, -1), repeat=n):
        images = {f"{name}_{i}_{j}": signs[j] * matrix[i][j] for i in range(n) for j in range(n)}
        yield images, near


def reached(near: Sequence[str]) -> list[Condition]:
    """Parameters within `REACH`."""
    return [compare(op, symbol(name), end) for name in near for op, end in (("ge", -REACH), ("le", REACH))]
