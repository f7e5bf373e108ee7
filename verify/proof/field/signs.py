"""The sign of an element on a cell, by exact reasoning only.

In order: the signs of the terms of a polynomial, also after moving the cell to the corner of a quadrant;
the real roots of a polynomial in one generator, against the range of that generator; the given signs of
the cell.  A sign that none of them decides raises: `Split`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from flint import arb, ctx, fmpz_poly

from backproof.verify.proof.cell import NOT_ZERO, Interval, Split
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import GENS, Element, Polynomial, number
from backproof.verify.proof.field.differential_field import Field, Generator
from backproof.verify.proof.field.halfspaces import Empty
from backproof.verify.proof.field.values import Values
from backproof.verify.support.fuel import charge

MOST_DEGREES = 59
"""The largest degree of a polynomial in one generator whose roots are computed."""

MARGIN = Fraction(1, 2**64)


def known_sign(field: Field, u: Element) -> int | None:
    """The sign of ``u`` on the whole cell: -1, +1, 0 for the zero element; None where it is not known."""
    sign, open_factors, squares = _decide(field, u)
    return None if open_factors or squares else sign


def sign(field: Field, u: Element) -> int:
    """The sign of ``u`` on the whole cell; raises Split where it is not constant or not known."""
    result, open_factors, squares = _decide(field, u)
    for f in (*squares, *open_factors):
        raise boundary(field, f)
    return result


def require_nonzero(field: Field, u: Element) -> None:
    """Return if ``u`` is nowhere 0 on the cell; raises Split at the first factor that may vanish."""
    for f, _ in field.factors(field.reduced_polynomial(u.num))[1]:
        if f not in field.signs and _polynomial_sign(field, f) is None:
            raise boundary(field, f)


def learn(field: Field, u: Element, known: int) -> None:
    """Record that ``u`` has this sign on the cell; raises Empty where it cannot have it."""
    if known == NOT_ZERO:
        for f, _ in field.factors(field.reduced_polynomial(u.num))[1]:
            if f not in field.signs:
                field.signs[f] = NOT_ZERO
                field.given.append((f, NOT_ZERO))
        return
    found, open_factors, squares = _decide(field, u)
    for f in squares:  # the sign of u does not decide theirs, only that they are not 0
        field.signs[f] = NOT_ZERO
        field.given.append((f, NOT_ZERO))
    if not open_factors:
        if found != known:
            raise Empty
        return
    whole = algebra.ONE
    for f in open_factors:
        whole = whole * f
    field.signs[whole] = known * found
    field.given.append((whole, known * found))


def _decide(field: Field, u: Element) -> tuple[int, list[Polynomial], list[Polynomial]]:
    """The sign that the known factors contribute, the factors whose sign is open, and those whose square counts.

    A factor to an even power contributes nothing, once it is known not to be 0.
    """
    result = 1
    open_factors: list[Polynomial] = []
    squares: list[Polynomial] = []
    for p in (field.reduced_polynomial(u.num), u.den):
        if not p:
            return 0, [], []
        if p.is_one():
            continue
        quick = _by_terms(field, p)
        if quick:
            result *= quick
            continue
        content, found = field.factors(p)
        result = result if content > 0 else -result
        for f, multiplicity in found:
            s = _polynomial_sign(field, f)
            if s is None:
                if multiplicity % 2 == 1:
                    open_factors.append(f)
                elif f not in field.signs:
                    squares.append(f)
            elif multiplicity % 2 == 1:
                result *= s
    if len(open_factors) > 1:
        whole = algebra.ONE
        for f in open_factors:
            whole = whole * f
        known = field.signs.get(whole)
        if known:
            return result * known, [], squares
    return result, open_factors, squares


def _polynomial_sign(field: Field, p: Polynomial) -> int | None:
    known = field.signs.get(p)
    if known:
        return known
    quick = _by_terms(field, p)
    if quick:
        return quick
    found = algebra.indices(p)
    if len(found) == 1:
        decided = _by_roots(field, p, found[0])
        exact = decided is not None or field.generators[found[0]].kind == "symbol"
        return decided if exact else _by_balls(field, p)
    for decided in (_by_conjugate(field, p), _by_shift(field, p, found)):
        if decided is not None:
            return decided
    return _by_balls(field, p)


# ----------------------------------------------------------------------------------------- signs of the terms


def _by_terms(field: Field, p: Polynomial) -> int | None:
    """The common sign of all terms, if at least one of them cannot vanish."""
    if p.is_constant():
        return 1 if p.leading_coefficient() > 0 else -1
    return _common_sign(p, {i: _generator_sign(field, field.generators[i]) for i in algebra.indices(p)})


def _common_sign(p: Polynomial, signs: dict[int, int | None], may_vanish: bool = False) -> int | None:
    common, strict = 0, may_vanish
    for exponents, c in zip(p.monoms(), p.coeffs(), strict=True):
        s, cannot_vanish = 1 if c > 0 else -1, True
        for i, known in signs.items():
            n = exponents[i]
            if n and known is None:
                cannot_vanish = False
                if n % 2:
                    return None
            elif n % 2 and known == -1:
                s = -s
        if common not in (0, s):
            return None
        common, strict = s, strict or cannot_vanish
    return common if strict else None


def _nowhere_opposite(field: Field, p: Polynomial) -> int:
    """+1 (-1) for a polynomial that is a sum of terms nowhere negative (positive); else 0."""
    signs = {i: _generator_sign(field, field.generators[i]) for i in algebra.indices(p)}
    return _common_sign(p, signs, may_vanish=True) or 0


def _generator_sign(field: Field, g: Generator) -> int | None:
    if g.kind in ("exp", "root", "sqrt_pi"):
        return 1
    if g.kind == "symbol":
        lo, hi = field.cell.interval(g.term.value)
        return 1 if lo is not None and lo >= 0 else -1 if hi is not None and hi <= 0 else None
    if g.kind in ("erf", "atan", "erfinv"):
        return known_sign(field, g.argument)
    if g.kind == "log":
        return _log_sign(field, g)
    return _special_sign(field, g)


def _special_sign(field: Field, g: Generator) -> int | None:
    """Γ and I are positive for a positive argument, K, P and I(a, b, ·) wherever they are defined, and a sum of
    squares, ψ⁽ⁿ⁾ for an odd n, everywhere (DLMF 5.15.1, 10.25.2, 10.32.9)."""
    if g.kind in ("bessel_k", "gammainc", "betainc"):
        return 1
    if g.kind == "polygamma" and (n := int(g.parameters[0])):
        return 1 if n % 2 else -1 if known_sign(field, g.argument) == 1 else None
    if g.kind == "gamma" or (g.kind == "bessel_i" and g.parameters[0] >= 0):
        whole = g.kind == "bessel_i" and g.parameters[0] == 0
        return 1 if whole or known_sign(field, g.argument) == 1 else None
    return None


def _log_sign(field: Field, g: Generator) -> int | None:
    """log|p| is positive where |p| > 1."""
    s = known_sign(field, g.argument)
    return None if s is None else known_sign(field, g.argument.scaled(s) - number(1))


def _by_conjugate(field: Field, p: Polynomial) -> int | None:
    """a + b·R with a square root R: a² outweighs b²·R², or the other way round."""
    degrees = p.degrees()
    for index in reversed(field.generators):
        g = field.generators[index]
        if g.kind == "root" and g.order == 2 and degrees[index] == 1:
            b = p.derivative(index)
            a = p - b * GENS[index]
            if len(a) * len(a) + len(b) * len(b) * len(g.argument.num) > 200:
                return None
            larger = known_sign(field, Element(a * a - b * b * g.argument.num))
            return known_sign(field, Element(a if larger == 1 else b)) if larger in (1, -1) else None
    return None


# --------------------------------------------------------------------------------- ranges of the generators


def _range(field: Field, g: Generator) -> Interval:
    """Rational bounds of a generator on the cell."""
    if g.kind == "symbol":
        return field.cell.interval(g.term.value)
    if g.kind == "sqrt_pi":
        return _outward(arb.pi().sqrt())
    if g.kind in ("sin", "cos"):
        return Fraction(-1), Fraction(1)
    if g.kind == "root" and (c := g.argument.constant()) is not None:
        lo, hi = _outward(arb(algebra.rational(c)).root(g.order))
        return lo - MARGIN, hi + MARGIN  # it is between its bounds though it may be rational
    if g.kind == "exp":
        return _exp_range(field, g)
    s = _generator_sign(field, g)
    far = {"atan": Fraction(11, 7), **dict.fromkeys(("erf", "gammainc", "betainc"), Fraction(1))}.get(g.kind)
    if g.kind == "root" and known_sign(field, g.argument - number(1)) == 1:
        return Fraction(1), None
    return (Fraction(0), far) if s == 1 else (-far if far else None, Fraction(0) if s == -1 else far)


def _exp_range(field: Field, g: Generator) -> Interval:
    """e**(a + b·x) between its ends where the exponent is linear in one bounded symbol; else by its sign."""
    inside = g.argument.indices()
    if len(inside) == 1 and g.argument.den.is_one() and field.generators[inside[0]].kind == "symbol":
        coefficients = algebra.univariate(g.argument.num, inside[0])
        if len(coefficients) == 2:
            a, b = coefficients
            ends = field.cell.interval(field.generators[inside[0]].term.value)
            lo, hi = ends if b > 0 else ends[::-1]
            low = Fraction(0) if lo is None else _exp_bounds(a + b * lo)[0]
            return low, None if hi is None else _exp_bounds(a + b * hi)[1]
    s = known_sign(field, g.argument)
    return Fraction(1) if s == 1 else Fraction(0), Fraction(1) if s == -1 else None


def _exp_bounds(x: Fraction) -> Interval:
    """Rational bounds of e**x; far out, where it has many digits, simple ones."""
    if x == 0:
        return Fraction(1), Fraction(1)
    if x > 1000 or x < -1000:
        return (Fraction(0), Fraction(1)) if x < 0 else (Fraction(1), None)
    lo, hi = _outward(arb(algebra.rational(x)).exp())
    return max(lo, Fraction(0)), hi


def _outward(value: Any) -> tuple[Fraction, Fraction]:
    return algebra.fraction(value.lower().fmpq()), algebra.fraction(value.upper().fmpq())


def _by_shift(field: Field, p: Polynomial, found: list[int]) -> int | None:
    """Move one end of every range to 0, where the signs of the coefficients may decide."""
    if len(p) > 40 or p.total_degree() > 12:
        return None
    ranges = {i: _range(field, field.generators[i]) for i in found}
    for preferred in (0, 1):
        substitution, moved = list(GENS), False
        signs: dict[int, int | None] = {}
        for i, ends in ranges.items():
            end = ends[preferred] if ends[preferred] is not None else ends[1 - preferred]
            if end is None:
                signs[i] = None
                continue
            upward = end is ends[0]
            exact = algebra.RING.constant(algebra.rational(end))
            substitution[i] = exact + GENS[i] if upward else exact - GENS[i]
            closed = field.generators[i].kind in ("sin", "cos")
            signs[i], moved = (None if closed else 1), True
        if moved:
            s = _common_sign(p.compose(*substitution), signs)
            if s:
                return s
    return None


# ------------------------------------------------------------------------------------ roots in one generator


def _by_roots(field: Field, p: Polynomial, i: int) -> int | None:
    """The sign of a polynomial in one generator, if it has no root in the range of it."""
    g = field.generators[i]
    lo, hi = _range(field, g)
    if p.degrees()[i] > MOST_DEGREES:
        return None
    coefficients = algebra.univariate(p, i)
    inside = roots_within(coefficients, lo, hi)
    if inside is None or inside:
        return None
    if (
        g.kind in ("sin", "cos")
        and any(_evaluate(coefficients, Fraction(end)) == 0 for end in (-1, 1))
        and GENS[g.partner] not in field.signs  # where the partner is not 0, this is not ±1
    ):
        return None
    value = _evaluate(coefficients, between(lo, hi))
    return (value > 0) - (value < 0) or None


def roots_within(coefficients: list[Fraction], lo: Fraction | None, hi: Fraction | None) -> list[Any] | None:
    """The real roots inside the open interval: a Fraction for a linear polynomial, else balls.

    None where a root cannot be separated from an end.
    """
    if len(coefficients) == 2:
        root = -coefficients[0] / coefficients[1]
        return [root] if (lo is None or root > lo) and (hi is None or root < hi) else []
    common = 1
    for c in coefficients:
        common = common * c.denominator
    polynomial = fmpz_poly([int(c * common) for c in coefficients])
    for precision in (64, 256, 1024):
        charge("roots", 50 + len(coefficients) ** 2 * precision // 64)
        with ctx.workprec(precision):
            found: list[tuple[Any, int]] = polynomial.complex_roots()  # type: ignore[assignment]
            real = [r.real for r, _ in found if r.imag == 0]
            sides = [(_side(r, lo, 1), _side(r, hi, -1)) for r in real]
            if all(None not in pair for pair in sides):
                return [r for r, pair in zip(real, sides, strict=True) if all(pair)]
    return None


def _side(root: Any, end: Fraction | None, direction: int) -> bool | None:
    """Whether the root lies past the end in this direction; None where the root's interval contains the end."""
    if end is None:
        return True
    gap = (root - algebra.rational(end)) * direction
    return True if gap > 0 else False if gap < 0 else None


def between(lo: Fraction | None, hi: Fraction | None) -> Fraction:
    """A simple point of the open interval."""
    if lo is None:
        return Fraction(0) if hi is None or hi > 0 else hi - 1
    if hi is None:
        return Fraction(0) if lo < 0 else lo + 1
    return (lo + hi) / 2


def _evaluate(coefficients: list[Fraction], x: Fraction) -> Fraction:
    result = Fraction(0)
    for c in reversed(coefficients):
        result = result * x + c
    return result


# ------------------------------------------------------------------------------------------ ball arithmetic


def _by_balls(field: Field, p: Polynomial) -> int | None:
    """The sign of a constant, or of a polynomial over a bounded box in small pieces, if no interval contains 0."""
    names = sorted(_symbols(field, algebra.indices(p), set()))
    if len(names) > 2:
        return None
    pieces = [_pieces(field.cell.interval(name), 16 if len(names) == 1 else 4) for name in names]
    common = 0
    with ctx.workprec(160):
        for kink in product(*pieces):
            charge("balls", 20 + 3 * len(p))
            value = Values(field, dict(zip(names, kink, strict=True))).polynomial(p)
            s = 1 if value > 0 else -1 if value < 0 else 0
            if not s or common not in (0, s):
                return None
            common = s
    return common or None


def _pieces(interval: Interval, count: int) -> list[Any]:
    """Intervals (balls) that cover a bounded interval; none for an unbounded one."""
    lo, hi = interval
    if lo is None or hi is None:
        return []
    ends = [arb(algebra.rational(lo + (hi - lo) * k / count)) for k in range(count + 1)]
    return [a.union(b) for a, b in pairwise(ends)]


def _symbols(field: Field, found: list[int], names: set[str]) -> set[str]:
    """The symbols that these generators depend on."""
    for i in found:
        g = field.generators[i]
        if g.kind == "symbol":
            names.add(g.term.value)
        else:
            _symbols(field, g.argument.indices(), names)
    return names


# ------------------------------------------------------------------------------------------------- boundaries


def boundary(field: Field, p: Polynomial) -> Split:
    """Where the sign of ``p`` may change, in the simplest form."""
    found = algebra.indices(p)
    if len(found) == 1 and p.degrees()[found[0]] <= MOST_DEGREES:
        g = field.generators[found[0]]
        coefficients = algebra.univariate(p, found[0])
        if g.kind == "symbol" and len(coefficients) == 2:
            at = -coefficients[0] / coefficients[1]
            return Split(field.term(Element(p)), g.term.value, at)
        inner = None
        if g.kind == "exp" and coefficients == [-1, 1]:
            inner = g.argument  # e**a = 1 where a = 0
        elif g.kind in ("erf", "atan", "erfinv") and coefficients == [0, 1]:
            inner = g.argument
        if inner is not None:
            _, open_factors, squares = _decide(field, inner)
            for f in (*squares, *open_factors):
                return boundary(field, f)
    return Split(field.term(Element(p)), one_sided=_nowhere_opposite(field, p))
