"""Tests the prover: random functions, random ways to write their derivatives, and the mean value theorem.

    python -m verify.proof.fuzz --count 1000 --seed 0

For a random f and a random a, some ξ in (a, a + h) has f'(ξ) = (f(a + h) - f(a))/h.  So any claimed f',
evaluated in ball arithmetic over the whole step, must overlap the interval of that secant.  No table of derivatives is
consulted.  Two claims are checked: the derivative that the prover found, and every rule that it
proved, half of which were altered on purpose.  Also the cells must be complete: no random point may lie outside
all of them, and f may have no value where the prover says that it has none.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from backproof.verify.evaluate.balls import compile_balls, holds
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.field.algebra import rational
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import CellResult, Proof, Status
from backproof.verify.terms.term import TERMS, Condition, Term, compare, constant, substitute, symbol, topological

T: Any = TERMS
X: Any = symbol("x")
STEP = Fraction(1, 2**60)
BITS = 220


@dataclass
class Tally:
    """What was checked against the mean value theorem, how the proofs ended, and what went wrong."""

    functions: int = 0
    points: int = 0
    derivatives: int = 0
    proved_true: int = 0
    proved_spoilt: int = 0
    true: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.functions} functions, {self.points} points in their cells: "
            f"{self.derivatives} derivatives and {self.proved_true} + "
            f"{self.proved_spoilt} proved rules (as written, and altered but equal) against the mean value theorem; "
            f"{self.proved_true} of {self.true} true rewritings proved; {len(self.violations)} violations"
        )


# ------------------------------------------------------------------------------------------ random functions

# A function, and its derivative at u: written apart from the prover's table, in the textbook's forms.
PARTIALS: dict[str, Callable[[Any], Any]] = {
    "exp": lambda u: T.exp(u),
    "expm1": lambda u: T.exp(u),
    "log": lambda u: 1 / u,
    "log1p": lambda u: 1 / (1 + u),
    "sin": lambda u: T.cos(u),
    "cos": lambda u: -T.sin(u),
    "tan": lambda u: 1 + T.tan(u) ** 2,
    "sinh": lambda u: T.cosh(u),
    "cosh": lambda u: T.sinh(u),
    "tanh": lambda u: 1 - T.tanh(u) ** 2,
    "asin": lambda u: 1 / T.sqrt(1 - u * u),
    "acos": lambda u: -1 / T.sqrt(1 - u * u),
    "atan": lambda u: 1 / (1 + u * u),
    "asinh": lambda u: 1 / T.sqrt(1 + u * u),
    "acosh": lambda u: 1 / T.sqrt(u * u - 1),
    "atanh": lambda u: 1 / (1 - u * u),
    "erf": lambda u: 2 / T.sqrt(T.pi) * T.exp(-u * u),
    "erfc": lambda u: -2 / T.sqrt(T.pi) * T.exp(-u * u),
    "sqrt": lambda u: 1 / (2 * T.sqrt(u)),
    "cbrt": lambda u: T.cbrt(u) / (3 * u),
    "abs": lambda u: T.where(u > 0, 1, -1),
}
SPECIAL_DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "erfinv": lambda u: T.sqrt(T.pi) / 2 * T.exp(T.erfinv(u) ** 2),
    "gamma": lambda u: T.gamma(u + 1) / u * T.digamma(u),
    "lgamma": lambda u: T.digamma(u),
    "digamma": lambda u: T.trigamma(u),
    "trigamma": lambda u: T.polygamma(2, u),
    "polygamma 3": lambda u: T.polygamma(4, u),
    "expi": lambda u: T.exp(u) / u,
    "spence": lambda u: T.log(u) / (1 - u),
    "bessel_j 0": lambda u: -T.bessel_j(1, u),
    "bessel_j 1": lambda u: T.bessel_j(0, u) - T.bessel_j(1, u) / u,
    "bessel_j 2": lambda u: T.bessel_j(1, u) - 2 * T.bessel_j(2, u) / u,
    "bessel_y 1": lambda u: T.bessel_y(1, u) / u - T.bessel_y(2, u),
    "bessel_i 1": lambda u: T.bessel_i(0, u) - T.bessel_i(1, u) / u,
    "bessel_i 1/2": lambda u: T.bessel_i(Fraction(3, 2), u) + T.bessel_i(Fraction(1, 2), u) / (2 * u),
    "bessel_k 0": lambda u: -T.bessel_k(1, u),
    "gammainc 3/2": lambda u: 2 / T.sqrt(T.pi) * T.sqrt(u) * T.exp(-u),
    "gammaincc 2": lambda u: -u * T.exp(-u),
    "betainc 2 1/2": lambda u: 3 * u / (4 * T.sqrt(1 - u)),
}
def called(name: str, u: Any) -> Any:
    """The function of u; its order or parameters follow its name."""
    op, *parameters = name.split()
    return getattr(T, op)(*map(Fraction, parameters), u)


NUMBERS = (Fraction(1), Fraction(2), Fraction(-1), Fraction(1, 2), Fraction(3), Fraction(-3, 4), Fraction(5, 3))


def function_of_x(source: random.Random, depth: int) -> tuple[Any, Any]:
    """A random function and its derivative, by the rules of the textbook."""
    if depth == 0:
        return (X, constant(1)) if source.random() < 0.75 else (constant(source.choice(NUMBERS)), constant(0))
    u, du = function_of_x(source, depth - 1)
    kind = source.random()
    if kind < 0.5:
        table = PARTIALS if source.random() < 0.75 else SPECIAL_DERIVATIVES
        name = source.choice(list(table))
        return called(name, u), table[name](u) * du
    if kind < 0.58:
        n = source.choice((2, 3, -1, -2, Fraction(1, 2), Fraction(3, 2), Fraction(-2, 3)))
        return u ** constant(n), n * u ** constant(n - 1) * du
    v, dv = function_of_x(source, source.randrange(depth))
    match source.randrange(6):
        case 0:
            return u + v, du + dv
        case 1:
            return u - v, du - dv
        case 2 | 3:
            return u * v, du * v + u * dv
        case 4:
            return u / v, (du * v - u * dv) / (v * v)
        case _:
            return T.maximum(u, v), T.where(u > v, du, dv)


# Ways to write the same number: each is true wherever both sides have a value.
REWRITINGS: dict[str, tuple[Callable[..., Any], ...]] = {
    "exp": (lambda u: 1 / T.exp(-u), lambda u: T.exp(u / 2) ** 2, lambda u: T.expm1(u) + 1),
    "tanh": (lambda u: T.sinh(u) / T.cosh(u), lambda u: 1 - 2 / (T.exp(2 * u) + 1)),
    "sinh": (lambda u: 2 * T.sinh(u / 2) * T.cosh(u / 2), lambda u: (T.exp(u) - T.exp(-u)) / 2),
    "cosh": (lambda u: T.exp(-u) + T.sinh(u), lambda u: 1 + 2 * T.sinh(u / 2) ** 2),
    "sin": (lambda u: 2 * T.sin(u / 2) * T.cos(u / 2), lambda u: -T.sin(-u)),
    "cos": (lambda u: 1 - 2 * T.sin(u / 2) ** 2, lambda u: T.sin(T.pi / 2 - u)),
    "tan": (lambda u: T.sin(u) / T.cos(u),),
    "erfc": (lambda u: 1 - T.erf(u), lambda u: 2 - T.erfc(-u)),
    "erf": (lambda u: -T.erf(-u),),
    "erfinv": (lambda u: -T.erfinv(-u), lambda u: T.erfinv(T.erf(T.erfinv(u)))),
    "digamma": (lambda u: T.polygamma(0, u), lambda u: T.digamma(u + 2) - 1 / u - 1 / (u + 1)),
    "gamma": (lambda u: T.gamma(u + 1) / u, lambda u: (u - 1) * T.gamma(u - 1)),
    "bessel_j": (lambda n, u: (-1) ** n * T.bessel_j(n, -u), lambda n, u: (-1) ** n * T.bessel_j(-n.value, u)),
    "bessel_i": (lambda n, u: T.bessel_ie(n, u) * T.exp(abs(u)),),
    "sqrt": (lambda u: u / T.sqrt(u), lambda u: T.sqrt(4 * u) / 2),
    "log": (lambda u: 2 * T.log(T.sqrt(u)), lambda u: -T.log(1 / u)),
    "atan": (lambda u: T.pi / 2 - T.acos(u / T.sqrt(1 + u * u)),),
    "add": (lambda a, b: b + a, lambda a, b: a - -b),
    "sub": (lambda a, b: -(b - a),),
    "mul": (lambda a, b: b * a, lambda a, b: ((a + b) ** 2 - (a - b) ** 2) / 4),
    "div": (lambda a, b: a * (1 / b), lambda a, b: (2 * a) / (b + b)),
}


def rewritten(source: random.Random, root: Term) -> Term:
    """The same function, some of its nodes written in another way."""
    new: dict[Term, Term] = {}
    for node in topological(root):
        if node.args and not isinstance(node, Condition):
            node_again = substitute((node,), {a: new[a] for a in node.args if a in new})[0]
            choices = REWRITINGS.get(node.op, ())
            if choices and source.random() < 0.35:
                node_again = source.choice(choices)(*node_again.args)
            new[node] = node_again
    return new.get(root, root)


def spoilt(source: random.Random, root: Term) -> Term:
    """One node changed: another number, a neighbouring function, operands swapped, a sign lost."""
    nodes = [n for n in topological(root) if not isinstance(n, Condition) and n.op not in ("symbol", "pi")]
    if not nodes:
        return root + 1
    node = source.choice(nodes)
    neighbours = {"lgamma": "digamma", "digamma": "lgamma", "bessel_j": "bessel_i", "bessel_y": "bessel_k"}
    neighbours |= {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "erf": "erfc", "exp": "expm1"}
    if node.op == "const":
        changed = constant(node.value + source.choice((1, -1, Fraction(1, 1000))))
    elif node.op in neighbours:
        changed = getattr(T, neighbours[node.op])(*node.args)
    elif node.op in ("sub", "div"):
        changed = getattr(T, node.op)(*reversed(node.args))
    elif node.op == "add":
        changed = node.args[0] - node.args[1]
    else:
        changed = -node
    return substitute((root,), {node: changed})[0]


# ---------------------------------------------------------------------------------------------- the argument


def secant_and_claims(f: Term, claims: tuple[Term, ...], a: Fraction) -> tuple[Any, tuple[Any, ...]] | None:
    """The interval of the secant over (a, a + h), and those of the claims over all of it; None if f is not finite."""
    with ctx.workprec(BITS):
        left, right = arb(rational(a)), arb(rational(a + STEP))
        forward = compile_balls((f,), ("x",)).at(BITS)
        over = compile_balls(claims, ("x",)).at(BITS)
        secant = (forward(right)[0] - forward(left)[0]) / arb(rational(STEP))
        found = over(left.union(right))
        return (secant, found) if secant.is_finite() else None


def _contradicted(secant: Any, claim: Any) -> bool:
    """Whether a claimed derivative misses the secant; a claim that is not finite decides nothing."""
    return bool(claim.is_finite()) and not secant.overlaps(claim)


def _inside(cell: Cell, source: random.Random) -> Fraction | None:
    """A random point of the cell; None where none was found."""
    lo, hi = cell.interval("x")
    conditions = [_condition(t, s) for t, s in cell.signs]
    for _ in range(8):
        share = Fraction(source.randrange(1, 10**6), 10**6)
        if lo is not None and hi is not None:
            a = lo + (hi - lo) * share
        else:
            a = (lo if lo is not None else hi or Fraction(0)) + (1 if hi is None else -1) * 3 * share
        with ctx.workprec(BITS):
            ball = arb(rational(a)).union(arb(rational(a + STEP)))
            if all(holds(c, {"x": ball}, BITS) for c in conditions):
                return a
    return None


def _condition(t: Term, s: int) -> Condition:
    return compare("gt" if s > 0 else "lt" if s < 0 else "ne", t, 0)


def examine(source: random.Random, tally: Tally, depth: int = 3) -> None:
    """One random function: prove a rule for it, and check the result against the mean value theorem."""
    f, partial = function_of_x(source, source.randrange(1, depth + 1))
    truthful = source.random() < 0.5
    written = rewritten(source, partial) if truthful else spoilt(source, rewritten(source, partial))
    lo = Fraction(source.randrange(-12, 12), 4)
    domain = (X > lo) & (X < lo + Fraction(1, 2))
    gradient = symbol(accumulated("x")) + symbol(UPSTREAM) * written
    proof = prove(Obligation("fuzz", ("x",), f, domain, f, (gradient,)))
    tally.functions += 1
    _cover(source, tally, proof, f, lo)
    for cell in proof.cells:
        if not cell.outside:
            _hold(source, tally, cell, f, written, truthful)


def _cover(source: random.Random, tally: Tally, proof: Proof, f: Term, lo: Fraction) -> None:
    """A random point of the domain must not be outside all cells, nor f have a value where the proof finds none."""
    if proof.failure:
        return
    a = lo + Fraction(source.randrange(1, 10**6), 2 * 10**6)
    with ctx.workprec(BITS):
        at = {"x": arb(rational(a))}
        tally.points += 1
        containing = [cell for cell in proof.cells if _contains(cell.cell, a, at) is not False]
        if not containing:
            tally.violations.append(f"no cell of {f!r} contains x = {a}")
        sure = [cell for cell in containing if _contains(cell.cell, a, at)]
        if any(cell.outside for cell in sure) and compile_balls((f,), ("x",))(at["x"])[0].is_finite():
            tally.violations.append(f"{f!r} has a value at x = {a}, in a cell reported outside its domain")


def _contains(cell: Cell, a: Fraction, at: dict[str, arb]) -> bool | None:
    """Whether the point is in the closure of the cell; None where undecided in ball arithmetic."""
    lo, hi = cell.interval("x")
    if (lo is not None and a < lo) or (hi is not None and a > hi):
        return False
    results = [holds(_condition(t, s), at, BITS) for t, s in cell.signs]
    return False if False in results else None if None in results else True


def _hold(
    source: random.Random, tally: Tally, cell: CellResult, f: Term, written: Term, truthful: bool
) -> None:
    a = _inside(cell.cell, source)
    found = None if a is None else secant_and_claims(f, (cell.derivatives[0], written), a)
    proved = cell.gradients[0].status is Status.PROVED
    tally.true += truthful
    if found is None:
        return
    secant, (derivative, claim) = found
    tally.derivatives += 1
    if _contradicted(secant, derivative):
        tally.violations.append(f"the derivative of {f!r} at x = {a} is not {cell.derivatives[0]!r}")
    if proved:
        tally.proved_true += truthful
        tally.proved_spoilt += not truthful
        if _contradicted(secant, claim):
            tally.violations.append(f"proved, and wrong at x = {a}: {written!r} for {f!r}")


def fuzz(count: int, seed: int) -> Tally:
    """``count`` random functions; the same seed gives the same functions."""
    tally, source = Tally(), random.Random(seed)
    for _ in range(count):
        examine(source, tally)
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Print the tally; 1 where something is violated."""
    parser = argparse.ArgumentParser(prog="python -m verify.proof.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="how many random functions")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    tally = fuzz(chosen.count, chosen.seed)
    print(tally)
    for violation in tally.violations[:20]:
        print("VIOLATION", violation)
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
