"""Tests whether two expressions are the same function, by their values at random points of finite fields.

A polynomial of degree d that is not 0 vanishes at a random point of F_p with probability at most d/p (R. Zippel,
"Probabilistic algorithms for sparse polynomials", EUROSAM 1979; J. T. Schwartz, "Fast probabilistic algorithms for
verification of polynomial identities", J. ACM 27 (1980) 701-717).  The degree is counted along the program, quotients
as numerators and denominators.  A square root that is drawn so that it exists costs a factor of 4: half the points
have none, and the bound is that of the product over both signs.  For powers of e the bound rests on a conjecture
(J. Li and M. Wu, "Identity testing for circuits with exponentiation gates", ITCS 2026, arXiv:2506.04529).

Roots that depend on one another, as √(x²) and x do, need care: in the field √(x²) is x or -x as x is a square or
not; over the reals only one holds.  Where the numbers under the roots are independent, up to squares, any choice of
signs is valid; where that is not known, there are enough trials for a wrong sign to show in one of them.

Exponents are counted modulo q, of 60 bits: with powers of e the bound for q applies wherever it is the weaker one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from backproof.verify.finite_fields.fields import LEAST_Q_BITS, Fields, NoField, fields
from backproof.verify.finite_fields.program import Program, Unreadable
from backproof.verify.finite_fields.residues import (
    NoPoint,
    NotSquare,
    Plan,
    Residues,
    constants_under_roots,
    powers_of_e,
)
from backproof.verify.terms.term import Term

TRIALS = 2
SIGN_TRIALS = 40  # where the signs of roots may depend on one another
SAFETY = 64  # bits by which a single trial's prime exceeds the one that the bound requires
MOST_BITS = 1024  # of a prime
_RETRIES = 64  # of a point with a division by 0, or with a root that only powers of e could help


@dataclass(frozen=True)
class Outcome:
    """The result of the trials for pairs of terms.

    differing: the pairs that are not equal at some point; opaque: functions of which only the name was known
    roots: different square roots of expressions; powers: whether there are powers of e
    bits: the size of the smallest prime; error: the probability that a false identity passes is at most 2**error
    reason: why there is no result, "" if there is one
    """

    differing: tuple[int, ...] = ()
    trials: int = 0
    bits: int = 0
    error: float = 0.0
    opaque: tuple[str, ...] = ()
    roots: int = 0
    powers: bool = False
    dependent: bool = False
    reason: str = ""

    @property
    def same(self) -> bool:
        return not self.reason and not self.differing

    @property
    def certain(self) -> bool:
        """Whether a difference is certain: of functions fully defined in the field, with no sign chosen."""
        return not self.opaque and not self.roots


def tried(pairs: Sequence[tuple[Term, Term]], seed: str) -> Outcome:
    """Test whether the terms of each pair are equal.  They hold no branches (`verify.evaluate.stepwise.Smooth`)."""
    try:
        program = Program([t for pair in pairs for t in pair])
        return _tested(program, seed)
    except (Unreadable, NoField, NoPoint) as error:
        return Outcome(reason=str(error))


def _tested(program: Program, seed: str) -> Outcome:
    steps = program.steps
    powers = frozenset(i for i, step in enumerate(steps) if step.op == "exp")
    roots = {step.args[0] for step in steps if step.op == "sqrt" and steps[step.args[0]].op != "const"}
    opaque = dict.fromkeys(str(step.value) for step in steps if step.op == "opaque")
    degree = _log_degree(program)
    wanted = min(float(MOST_BITS), max(2.0 * SAFETY, degree + 2 * len(roots) + SAFETY))
    bits = 64 * math.ceil(wanted / 64)
    trial = _Trial(program, powers, bits, seed)
    if not powers.isdisjoint(trial.exponents.order):
        opaque["e**u within an exponent"] = None
    dependent = bool(roots) and trial.dependent()
    count = SIGN_TRIALS if dependent else TRIALS
    differing: dict[int, None] = {}
    smallest = bits
    for k in range(count):
        found, size = trial.run(k)
        smallest = min(smallest, size)
        differing |= dict.fromkeys(found)
        if differing:
            count = k + 1
            break
    single = degree + 2 * len(roots) - (smallest - 1)
    if powers:  # two exponents that differ may agree modulo q, which is smaller than p
        single = max(single, _log_degree_of_exponents(program, powers) + 2 * len(trial.exponents.roots) - LEAST_Q_BITS)
    error = count * min(0.0, single)
    if dependent:
        error = max(error, -float(SIGN_TRIALS))
    return Outcome(
        tuple(sorted(differing)), count, smallest, error, tuple(opaque), len(roots), bool(powers), dependent
    )


class _Trial:
    """A sequence of trials, each with fields and a point of its own."""

    def __init__(self, program: Program, powers: frozenset[int], bits: int, seed: str) -> None:
        self.program, self.powers, self.bits, self.seed = program, powers, bits, seed
        self.plan = Plan(program, program.places, powers)
        self.exponents = Plan(program, [program.steps[i].args[0] for i in powers])
        self.rooted = constants_under_roots(program)

    def run(self, k: int) -> tuple[list[int], int]:
        """The pairs that differ, and the size of the prime.  Raises NoPoint, NoField."""
        rng = random.Random(f"{self.seed}|{k}")
        chosen = fields(self.bits, self.rooted, rng)
        values = self._values(chosen, rng, f"{self.seed}|{k}")
        places = self.program.places
        pairs = zip(places[::2], places[1::2], strict=True)
        return [i for i, (a, b) in enumerate(pairs) if a != b and values[a] != values[b]], chosen.p.bit_length()

    def _values(self, chosen: Fields, rng: random.Random, salt: str) -> dict[int, int]:
        at = Residues(self.plan, chosen.p, salt)
        exponents = Residues(self.exponents, chosen.q, salt)
        refused: Exception = NoPoint("no point without a division by 0")
        for _ in range(_RETRIES):
            try:
                powers = powers_of_e(self.powers, chosen, exponents, exponents.point(rng, {}))
                return at.values(at.point(rng, powers), powers)
            except NoPoint as error:
                refused = error
            except (ZeroDivisionError, NotSquare):
                continue
        raise refused

    def dependent(self) -> bool:
        """Whether the numbers under the roots may depend on one another: whether some product of them is a square.

        The vectors of (square or not) at random points span all of F_2^m as soon as no product is one.  Numbers that
        are equal, or a constant times one another, count once: their roots are positive and go together.
        """
        if self.exponents.roots:
            return True
        rng = random.Random(f"{self.seed}|roots")
        chosen = fields(self.bits, self.rooted, rng)
        at = Residues(self.plan, chosen.p, self.seed)
        exponents = Residues(self.exponents, chosen.q, self.seed)
        kept: list[int] = []
        rank: list[int] = []
        first: list[int] = []
        for _ in range(2 * len(at.roots) + 24):
            try:
                powers = powers_of_e(self.powers, chosen, exponents, exponents.drawn(rng))
                radicands = at.radicands(at.drawn(rng), powers)
            except (ZeroDivisionError, NotSquare):
                continue
            if not first:
                first = radicands
                continue
            if not kept:
                kept = _classes(first, radicands, chosen.p)
            vector = sum(1 << bit for bit, i in enumerate(kept) if pow(radicands[i], chosen.p >> 1, chosen.p) != 1)
            for pivot in rank:
                vector = min(vector, vector ^ pivot)
            if vector:
                rank.append(vector)
            if len(rank) == len(kept):
                return False
        return True


def _classes(first: Sequence[int], second: Sequence[int], p: int) -> list[int]:
    """One of each class of numbers that are a constant times one another, compared at two points."""
    kept: list[int] = []
    for i in range(len(first)):
        if not any(first[i] * second[k] % p == second[i] * first[k] % p for k in kept):
            kept.append(i)
    return kept


def _log_degree(program: Program) -> float:
    """log2 of the degree of the numerator of the worst difference."""
    worst = 1.0
    places = program.places
    for a, b in zip(places[::2], places[1::2], strict=True):
        (n, d), (m, e) = program.degrees[a], program.degrees[b]
        worst = max(worst, n + e, m + d)
    return math.log2(worst) if math.isfinite(worst) else math.inf


def _log_degree_of_exponents(program: Program, powers: frozenset[int]) -> float:
    """log2 of the degree of the numerator of any sum of integer multiples of the exponents."""
    above, below = zip(*(program.degrees[program.steps[i].args[0]] for i in powers), strict=True)
    worst = max(above) + sum(below)
    return math.log2(max(worst, 1.0)) if math.isfinite(worst) else math.inf


def seed_of(*parts: object) -> str:
    """A seed made of its parts, the same on every machine."""
    return blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
