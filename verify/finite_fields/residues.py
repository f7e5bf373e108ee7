"""The steps of a program at random points of a pair of finite fields."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b

from backproof.verify.finite_fields.fields import Fields, cube_root, inverse, is_square, modulo, square_root
from backproof.verify.finite_fields.program import Program, Step, is_odd

MOST_ROOTS = 128  # different square roots in one identity
MOST_DRAWS = 20_000
Draw = dict[int, int]
"""The values of the steps that are symbols."""


class NotSquare(Exception):
    """A number whose square root is needed has none at this point."""


class NoPoint(Exception):
    """No point was found at which all numbers whose roots are needed are squares."""


class Plan:
    """The part of a program that is evaluated in one of the two fields.

    wanted: the steps whose values are needed; powers: those of e whose values will be given

    Raises NoPoint for too many square roots.
    """

    def __init__(self, program: Program, wanted: Iterable[int], powers: frozenset[int] = frozenset()) -> None:
        self.steps = program.steps
        self.order = cone(program.steps, wanted, powers)
        self.roots = [i for i in self.order if program.steps[i].op == "sqrt"]
        if len(self.roots) > MOST_ROOTS:
            raise NoPoint(f"more than {MOST_ROOTS} different square roots")
        self.cones = {i: cone(program.steps, program.steps[i].args, powers) for i in self.roots}
        self.symbols = [i for i in self.order if program.steps[i].op in ("symbol", "pi")]
        self.below = {i: [k for k in self.cones[i] if program.steps[k].op in ("symbol", "pi")] for i in self.roots}


class Residues:
    """A program in one of the two fields; ``salt`` changes the opaque functions between trials."""

    def __init__(self, plan: Plan, modulus: int, salt: str) -> None:
        self.plan, self.p, self.salt = plan, modulus, salt
        self.roots, self._cones, self._below = plan.roots, plan.cones, plan.below

    def drawn(self, rng: random.Random) -> Draw:
        """A random point, without conditions."""
        found = {}
        for i in self.plan.symbols:
            x = rng.randrange(1, self.p)
            found[i] = x * x % self.p if self.plan.steps[i].op == "pi" else x  # √π may be needed
        return found

    def point(self, rng: random.Random, powers: Mapping[int, int]) -> Draw:
        """A random point at which every number under a root is a square.

        Roots are handled one after the other: where one fails, the inputs it depends on are drawn again.
        Raises NoPoint.
        """
        draw = self.drawn(rng)
        place = tries = 0
        while place < len(self.roots):
            root = self.roots[place]
            radicand = self.plan.steps[root].args[0]
            try:
                value = self.values(draw, powers, self._cones[root])[radicand]
                fine = is_square(value, self.p)
            except (NotSquare, ZeroDivisionError):
                fine = False
            if fine:
                place += 1
                continue
            tries += 1
            if tries > MOST_DRAWS or not self._below[root]:
                raise NoPoint(f"no point found at which all {len(self.roots)} numbers under square roots are squares")
            again = set(self._below[root])
            fresh = self.drawn(rng)
            draw.update((i, fresh[i]) for i in again)
            place = next(k for k, r in enumerate(self.roots) if again.intersection(self._below[r]))
        return draw

    def radicands(self, draw: Draw, powers: Mapping[int, int]) -> list[int]:
        """The numbers under the roots at a point; where a nested one is no square, the root of its negative."""
        found = []
        for root in self.roots:
            values = self.values(draw, powers, self._cones[root], any_root=True)
            found.append(values[self.plan.steps[root].args[0]])
        return found

    def values(
        self, draw: Draw, powers: Mapping[int, int], order: Sequence[int] | None = None, any_root: bool = False
    ) -> dict[int, int]:
        """The values of the steps.

        powers: the values of the powers of e, where they are known; elsewhere these are opaque too

        Raises NotSquare, and ZeroDivisionError.
        """
        p, steps = self.p, self.plan.steps
        v: dict[int, int] = dict(draw)
        inverses: dict[int, int] = {}
        for i in self.plan.order if order is None else order:
            op, args, value = steps[i]
            if op == "add":
                v[i] = (v[args[0]] + v[args[1]]) % p
            elif op == "mul":
                v[i] = v[args[0]] * v[args[1]] % p
            elif op == "sub":
                v[i] = (v[args[0]] - v[args[1]]) % p
            elif op == "div":
                below = args[1]
                if below not in inverses:
                    inverses[below] = inverse(v[below], p)
                v[i] = v[args[0]] * inverses[below] % p
            elif op == "const":
                v[i] = modulo(value, p)
            elif op == "exp":
                v[i] = powers[i] if i in powers else self._opaque("exp", (v[args[0]],))
            elif op == "pow":
                v[i] = pow(v[args[0]], value, p) if value > 0 else inverse(pow(v[args[0]], -value, p), p)
            elif op == "sqrt":
                v[i] = self._root(v[args[0]], any_root)
            elif op == "cbrt":
                v[i] = cube_root(v[args[0]], p)
            elif op == "opaque":
                v[i] = self._opaque(value, tuple(v[a] for a in args))
        return v

    def _root(self, x: int, any_root: bool) -> int:
        if not is_square(x, self.p):
            if not any_root:
                raise NotSquare
            x = -x % self.p
        return square_root(x, self.p)

    def _opaque(self, name: str, args: tuple[int, ...]) -> int:
        """A random function of its arguments, odd where the real one is."""
        if is_odd(name) and args[0] > self.p - args[0]:
            return -self._opaque(name, (self.p - args[0],)) % self.p
        if is_odd(name) and args[0] == 0:
            return 0
        text = f"{self.salt}|{name}|{args}".encode()
        size = (self.p.bit_length() + 7) // 8 + 8
        return int.from_bytes(b"".join(blake2b(text, salt=bytes([k])).digest() for k in range(-(-size // 64)))) % self.p


def cone(steps: Sequence[Step], wanted: Iterable[int], leaves: frozenset[int] = frozenset()) -> list[int]:
    """The steps below some, in order; descends no further than ``leaves``."""
    found: set[int] = set()
    stack = list(wanted)
    while stack:
        i = stack.pop()
        if i not in found:
            found.add(i)
            if i not in leaves:
                stack += steps[i].args
    return sorted(found)


def constants_under_roots(program: Program) -> list[Fraction]:
    """Constants whose square roots are needed: the fields are chosen so that they exist."""
    under = (program.steps[step.args[0]] for step in program.steps if step.op == "sqrt")
    return list(dict.fromkeys(step.value for step in under if step.op == "const"))


def powers_of_e(powers: Iterable[int], fields: Fields, at: Residues, draw: Draw) -> dict[int, int]:
    """w**(u mod q) mod p for every power e**u; within an exponent a power is opaque."""
    values = at.values(draw, {})
    return {i: pow(fields.w, values[at.plan.steps[i].args[0]], fields.p) for i in powers}
