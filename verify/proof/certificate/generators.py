"""The generators of one region of the domain: what is equal in them, and what is positive.

A generator is a symbol, √π, or a function of earlier generators; it may be used once it is shown to have a value on
the whole region.  No number is computed in floats, and nothing is believed at a sampled point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from backproof.verify.proof.certificate.quotients import Poly, Q, Wrong, add, gen, lowered, mul, quotient
from backproof.verify.proof.certificate.signs import (
    Interval,
    impossible,
    nowhere_opposite,
    nowhere_zero,
    shown_sign,
)

SIGNS = {"<": -1, "=": 0, ">": 1}


@dataclass(frozen=True)
class Path:
    """What the splits on the way say of a part of the domain: nothing that its leaf claims.

    where: the node, or the number, that a bound symbol equals; box: an open interval for every symbol that is free
    facts: node - number has this relation to 0; thin: where one of these is an equation, it leaves no open set
    """

    box: Mapping[str, Interval]
    where: dict[str, int | Fraction] = field(default_factory=dict)
    facts: tuple[tuple[int, Fraction, str], ...] = ()
    thin: bool = False

    def within(self, name: str, lo: Fraction | None, hi: Fraction | None) -> Path:
        """The part with this interval for a free symbol."""
        return replace(self, box={**self.box, name: (lo, hi)})

    def given(self, node: int, relation: str) -> Path:
        """The part where a node has this relation to 0."""
        return replace(self, facts=(*self.facts, (node, Fraction(0), relation)))

    def at(self, name: str, number: Fraction) -> Path:
        """The part where a free symbol equals a number between its ends."""
        box = {n: ends for n, ends in self.box.items() if n != name}
        return replace(self, box=box, where={**self.where, name: number})

    def bound(self, name: str, node: int) -> Path:
        """The part where a free symbol equals a node, which must stay between the symbol's ends."""
        ends = [(end, relation) for end, relation in zip(self.box[name], "><", strict=True) if end is not None]
        box = {n: interval for n, interval in self.box.items() if n != name}
        facts = (*self.facts, *((node, end, relation) for end, relation in ends))
        return replace(self, box=box, where={**self.where, name: node}, facts=facts)


class Generators(ABC):
    """The generators of one region, and its facts as polynomials in them."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path, self.generators = path, data["generators"]
        self.facts, self.nonzero = list[tuple[Poly, int]](), list[Poly]()
        self.by_place, self.facts_read = dict[int, tuple[Poly, int]](), 0
        self.unread, self.trusting = False, False
        self.kinds = tuple(g["kind"] for g in self.generators)
        if sorted(g["name"] for g in self.generators if g["kind"] == "symbol") != sorted(path.box):
            raise Wrong("the symbols of the region are not its free symbols, each once")
        bounds = {
            **dict.fromkeys(("exp", "root"), (Fraction(0), None)),
            "sqrt_pi": (Fraction(7, 4), Fraction(9, 5)),
            "erf": (Fraction(-1), Fraction(1)),
            "atan": (Fraction(-11, 7), Fraction(11, 7)),  # π/2 < 11/7
        }
        ranges = [path.box[g["name"]] if g["kind"] == "symbol" else bounds.get(g["kind"]) for g in self.generators]
        self.ranges = {i: ends for i, ends in enumerate(ranges) if ends is not None}
        self.arguments, self.usable = list[Q](), 0
        waiting = list(zip(path.facts, data["facts"], strict=False))
        if len(waiting) != max(len(path.facts), len(data["facts"])):
            raise Wrong("the facts are not those of the splits")
        for i in range(len(self.kinds)):
            self.arguments.append(self._argument(i))
            self._make_usable(i, waiting)
        while waiting:
            self._read_fact(*waiting.pop(0))

    def _make_usable(self, i: int, waiting: list[Any]) -> None:
        """Show that a generator has a value on the region, from the facts that earlier generators can express."""
        while True:
            try:
                self._has_value(i)
            except Wrong:
                if not waiting:
                    raise
                self._read_fact(*waiting.pop(0))
            else:
                self.usable = i + 1
                return

    def _has_value(self, i: int) -> None:
        if self.kinds[i] == "root":
            self.positive(self.arguments[i], "a radicand")
        self.nowhere_zero(self.arguments[i].den)
        if self.kinds[i] == "log":
            self.nowhere_zero(self.arguments[i].num)

    @abstractmethod
    def read(self, i: int) -> Q:
        """A node of the trace as a quotient in the generators."""

    @abstractmethod
    def exponential(self, a: Q, claim: Any) -> Q:
        """The claimed e**a."""

    def _argument(self, i: int) -> Q:
        a = quotient(self.generators[i].get("argument", [[], [["1", []]]]))
        if any(h >= i for h in a.generators()):
            raise Wrong(f"generator {i} is a function of itself or of a later one")
        twin = self.generators[i - 1].get("argument") == self.generators[i].get("argument")
        if self.kinds[i] == "cos" and not (self.kinds[max(i - 1, 0) : i] == ("sin",) and twin):
            raise Wrong("a cosine that does not follow its sine")
        if self.kinds[i] == "sin" and self.kinds[i + 1 : i + 2] != ("cos",):
            raise Wrong("a sine without its cosine")
        if self.kinds[i] == "root" and not a.whole:
            raise Wrong("a root of a quotient")
        if not a.den:
            raise Wrong("a division by 0")
        return a

    def _read_fact(self, fact: tuple[int, Fraction, str], value: Any) -> None:
        """A fact of the path as a polynomial; one that is not needed may be left out."""
        node, number, relation = fact
        place, self.facts_read = self.facts_read, self.facts_read + 1
        if value is None:
            self.unread = True
            return
        u = self.need(self.given(value), self.read(node) - Q(number), "what is given about the region")
        p = self.reduced(mul(u.num, u.den))
        self.by_place[place] = p, SIGNS[relation]
        self.facts.append((p, SIGNS[relation]))

    def symbol(self, name: str) -> Q:
        """A symbol: itself, or what it is bound to."""
        if name in self.path.where:
            value = self.path.where[name]
            return Q(value) if isinstance(value, Fraction) else self.read(value)
        i = next(i for i, g in enumerate(self.generators) if g.get("name") == name)
        if i >= self.usable:
            raise Wrong("a symbol after its functions")
        return gen(i)

    # --------------------------------------------------------------------------------------- what is equal

    def given(self, data: Any) -> Q:
        """A quotient of the certificate, its denominator nowhere 0."""
        u = quotient(data)
        if any(i >= self.usable for i in u.generators()):
            raise Wrong("a generator that is not known yet")
        self.nowhere_zero(u.den)
        return u

    def reduced(self, p: Poly) -> Poly:
        """``p`` with root**n = radicand and cos² = 1 - sin² used, from the last generator down."""
        for i in reversed(range(len(self.arguments))):
            if self.kinds[i] == "root":
                p = lowered(p, i, self.generators[i]["order"], self.arguments[i].num)
            elif self.kinds[i] == "cos":
                p = lowered(p, i, 2, (Q(1) - gen(i - 1, 2)).num)
        return p

    def need(self, a: Q, b: Q, what: str) -> Q:
        """``a``; raises Wrong unless it equals b."""
        if self.reduced((a - b).num):
            raise Wrong(f"{what}: does not hold")
        return a

    def derivative(self, u: Q, name: str) -> Q:
        """The derivative by a symbol."""
        return sum((u.partial(i) * self._local_derivative(i, name) for i in u.generators()), Q(0))

    def _local_derivative(self, i: int, name: str) -> Q:
        """The derivative of a generator: the table."""
        g, a = self.generators[i], self.arguments[i]
        if g["kind"] == "symbol":
            return Q(int(g["name"] == name))
        inner = self.derivative(a, name)
        if not inner.num:
            return inner
        table: dict[str, Callable[[], Q]] = {
            "exp": lambda: gen(i),
            "log": lambda: Q(1) / a,
            "root": lambda: gen(i) / (Q(g["order"]) * a),
            "sin": lambda: gen(i + 1),
            "cos": lambda: -gen(i - 1),
            "atan": lambda: Q(1) / (Q(1) + a * a),
            "erf": lambda: Q(2) / gen(self.sqrt_pi()) * self.exponential(-(a * a), g["bell"]),
        }
        return table[g["kind"]]() * inner

    def sqrt_pi(self) -> int:
        if "sqrt_pi" not in self.kinds[: self.usable]:
            raise Wrong("√π is not among the generators")
        return self.kinds.index("sqrt_pi")

    # ------------------------------------------------------------------------------------- what is positive

    def sign(self, u: Q) -> int:
        """The sign of u on the whole region, from its terms or from the facts."""
        num = self.reduced(u.num)
        return self._shown(num) * self._shown(self.reduced(u.den)) if num else 0

    def _shown(self, p: Poly) -> int:
        """The sign of p; for a + b·√c that of a where a² > b²·c, that of b where a² < b²·c."""
        try:
            return shown_sign(p, self.ranges, self.facts)
        except Wrong:
            parts = self._conjugate(p)
            if parts is None:
                raise
        norm, a, b = parts
        larger = self._shown(norm) if norm else 0
        chosen = a if larger > 0 else b
        if not larger or not chosen:
            raise Wrong("a sign that is not shown")
        return self._shown(chosen)

    def _conjugate(self, p: Poly) -> tuple[Poly, Poly, Poly] | None:
        """(a² - b²·c, a, b) for a + b·√c with the last square root of p; None if it has none."""
        for i in reversed(range(self.usable)):
            square_root = self.kinds[i] == "root" and self.generators[i]["order"] == 2
            if square_root and {dict(m).get(i, 0) for m in p} in ({1}, {0, 1}):
                b = {tuple(pair for pair in m if pair[0] != i): c for m, c in p.items() if i in dict(m)}
                a = {m: c for m, c in p.items() if i not in dict(m)}
                square = mul(mul(b, b), self.arguments[i].num)
                return self.reduced(add(mul(a, a), square, -1)), a, b
        return None

    def positive(self, u: Q, what: str) -> None:
        """Raise Wrong unless u is shown to be above 0 on the whole region."""
        if self.sign(u) != 1:
            raise Wrong(f"{what} on another branch: it is not above 0")

    def nowhere_zero(self, p: Poly) -> None:
        """Raise Wrong unless p is shown to vanish nowhere on the region."""
        p = self.reduced(p)
        try:
            nowhere_zero(p, self.ranges, self.facts, self.nonzero)
        except Wrong:
            parts = self._conjugate(p)  # it is a factor of the norm
            if parts is None:
                raise
            self.nowhere_zero(parts[0])

    def is_thin(self, p: Poly) -> bool:
        """Whether p is shown to be 0 on no open set: a polynomial in symbols, or one in a single function of such."""
        found = {i for m in p for i, _ in m}
        if all(self.kinds[i] in ("symbol", "sqrt_pi") for i in found):
            return bool(p)
        if len(found) > 1:
            return False
        a = self.arguments[found.pop()]  # it takes countably many values where p is 0
        return a.whole and any(a.num) and all(self.kinds[i] == "symbol" for i in a.generators())

    def divided(self, u: Q, v: Q) -> Q:
        """u/v.  Nothing is said where the definition divides by 0; a rule must have a value."""
        num = self.reduced(v.num)
        if self.trusting and num:
            self.nonzero.append(num)
        else:
            self.nowhere_zero(num)
        return u / Q(num, v.den)

    def is_empty(self, multipliers: Any) -> None:
        """Raise Wrong unless what is given contradicts itself: [place, multiplier] each, places beyond the facts
        being the ends of the free symbols, in the order of the generators."""
        ends = ((i, end, s) for i, pair in self._intervals() for end, s in zip(pair, (1, -1), strict=True))
        bounds = [((gen(i) - Q(end)).num, s) for i, end, s in ends if end is not None]
        rows = self.by_place | dict(enumerate(bounds, len(self.path.facts)))
        if any(place not in rows for place, _ in multipliers):
            raise Wrong("no contradiction is given")
        if len(multipliers) == 1 and (p := rows[multipliers[0][0]])[1] and p[0]:
            others = [fact for place, fact in self.by_place.items() if place != multipliers[0][0]]
            if not nowhere_opposite(p[0], self.ranges):
                if shown_sign(p[0], self.ranges, others) == p[1]:
                    raise Wrong("it is not empty")
                return
        impossible([(*rows[place], Fraction(by)) for place, by in multipliers], self.ranges)

    def _intervals(self) -> list[tuple[int, Interval]]:
        symbols = [(i, g["name"]) for i, g in enumerate(self.generators) if g["kind"] == "symbol"]
        return [(i, self.path.box[name]) for i, name in symbols]
