"""One region of the domain, and the nodes of the trace read in its generators.

A function is read only through an identity that the claimed value must satisfy; where the identity leaves a choice of
branch (r² = u: which r), the claimed value must be shown to be above 0 on the whole region.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from backproof.verify.proof.certificate.generators import Generators, Path
from backproof.verify.proof.certificate.quotients import MOST_POWER, Q, Steps, Wrong, gen, poly


class Region(Generators):
    """The nodes of a trace, read in the generators of one region."""

    def __init__(self, nodes: list[Any], path: Path, data: dict[str, Any]) -> None:
        self.nodes, self.claims, self.known = nodes, data["claims"], dict[tuple[int, bool], Q]()
        super().__init__(path, data)

    # ---------------------------------------------------------------------------------------- the functions

    def logarithm(self, u: Q, product: Any) -> Q:
        """log|u|, from factors whose product is u up to its sign."""
        factors = [(poly(f), Fraction(e)) for f, e in product]
        whole, result, expected = math.lcm(1, *(e.denominator for _, e in factors)), Q(0), Q(1)
        for f, e in factors:
            expected = expected * Q(f) ** int(e * whole)
            known = list(zip(map(gen, range(self.usable)), self.kinds, self.arguments, strict=False))
            logs = [a for me, kind, a in known if kind == "exp" and f == me.num]
            logs += [me for me, kind, a in known if kind == "log" and f == a.num and a.whole]
            if not logs:
                raise Wrong("a factor whose logarithm is not known")
            result = result + Q(e) * logs[0]
        if self.reduced((u**whole - expected).num):
            self.need(u**whole, -expected, "a factorisation")
        return result

    def exponential(self, a: Q, claim: Any) -> Q:
        """The claimed e, which has log|e| = a and is positive."""
        e = self.given(claim["value"])
        self.need(self.logarithm(e, claim["product"]), a, "an exponential")
        self.positive(e, "an exponential")
        return e

    def root(self, u: Q, n: Fraction, claim: Any) -> Q:
        """The claimed r, with r**q = u**p for the exponent p/q: the one that is not negative, or a cube root."""
        if n.denominator > MOST_POWER or abs(n.numerator) > MOST_POWER:
            raise Wrong(f"a power above {MOST_POWER}")
        r = self.given(claim["value"])
        raised = u ** abs(n.numerator)
        self.need(r**n.denominator, raised if n > 0 else self.divided(Q(1), raised), "a root")
        if self.reduced(r.num) and n != Fraction(1, 3):
            self.positive(r, "a root")
        return r

    def inverse(self, op: str, a: list[Q], claim: Any) -> Q:
        """±erf, ±atan or 2·atan of a generator's argument w, which an identity relates to the node's argument."""
        c = int(claim["times"])
        if c == 0:
            self.need(a[0], Q(0), op)
            if op == "atan2":
                self.positive(a[1], op)
            return Q(0)
        i = claim["generator"]
        wanted = ("erf" if op == "erf" else "atan", 2 if op == "atan2" else 1)
        if i >= self.usable or (self.kinds[i], abs(c)) != wanted:
            raise Wrong(f"{op} is claimed to be another function")
        w, u = self.arguments[i], a[0] if c > 0 else -a[0]
        if op in ("asin", "atan2"):  # √(1 - u²), or √(u² + v²): then w is the tangent of the angle, or of half of it
            side = self.given(claim["side"])
            self.need(side * side, Q(1) - u * u if op == "asin" else u * u + a[-1] * a[-1], op)
            self.positive(side, op)
            if op == "atan2":  # it is 0 on the cut, and above 0 everywhere else
                self.nowhere_zero((side + a[-1]).num)
            w = w * (side if op == "asin" else side + a[-1])
        self.need(w, u, op)
        return Q(c) * gen(i)

    def turn(self, a: Q, claim: Any) -> tuple[Q, Q]:
        """(sin a, cos a), by turning through angles of the generators, each a whole number of times."""
        s, c, angle = Q(0), Q(1), Q(0)
        for i, k in claim["pairs"]:
            if i + 1 >= self.usable or self.kinds[i : i + 2] != ("sin", "cos"):
                raise Wrong("an angle without a sine")
            angle, turned = angle + Q(k) * self.arguments[i], gen(i) if k > 0 else -gen(i)
            for _ in range(abs(k)):
                s, c = s * gen(i + 1) + c * turned, c * gen(i + 1) - s * turned
        self.need(angle, a, "an angle")
        return s, c

    # -------------------------------------------------------------------------------------------- the nodes

    def holds(self, i: int) -> bool:
        """Whether a condition is true on the whole region; raises Wrong where neither is shown."""
        op, *args = self.nodes[i]
        Steps.spend(1)
        if op in ("true", "false"):
            return bool(op == "true")
        if op == "not":
            return not self.holds(args[0])
        if op in ("and", "or"):
            return self._either(args, op == "or")
        s = self.sign(self.read(args[0]) - self.read(args[1]))
        return {"lt": s < 0, "le": s <= 0, "gt": s > 0, "ge": s >= 0, "eq": s == 0, "ne": s != 0}[str(op)]

    def _either(self, conditions: list[int], wanted: bool) -> bool:
        """``wanted`` if one condition is shown to be that; the opposite if all are shown to be the opposite."""
        open_ones: list[Wrong] = []
        for i in conditions:
            try:
                if self.holds(i) == wanted:
                    return wanted
            except Wrong as problem:
                open_ones.append(problem)
        if open_ones:
            raise open_ones[0]
        return not wanted

    def definition(self, i: int) -> Q:
        """The node of the definition: said to hold only where it has a value."""
        self.trusting = True
        try:
            return self.read(i)
        finally:
            self.trusting = False

    def read(self, i: int) -> Q:
        """A node of the trace as a quotient in the generators."""
        op, *args = self.nodes[i]
        if op in ("const", "symbol"):
            return Q(Fraction(args[0])) if op == "const" else self.symbol(args[0])
        key = i, self.trusting
        if key not in self.known:
            Steps.spend(1)
            if op == "where":
                self.known[key] = self.read(args[1] if self.holds(args[0]) else args[2])
            else:
                self.known[key] = self.function(op, [self.read(j) for j in args], self.claims.get(str(i)))
        return self.known[key]

    def function(self, op: str, a: list[Q], claim: Any) -> Q:
        """The value of one operation, through its claim where it is not arithmetic."""
        u, v, half, one = (a or [Q(0)])[0], (a or [Q(0)])[-1], Q(Fraction(1, 2)), Q(1)
        if claim is None and op in CLAIMED:
            raise Wrong(f"{op} without a claim")
        match op:
            case "add" | "sub" | "mul":
                return {"add": Q.__add__, "sub": Q.__sub__, "mul": Q.__mul__}[op](u, v)
            case "div":
                return self.divided(u, v)
            case "neg" | "pi":
                return -u if op == "neg" else gen(self.sqrt_pi(), 2)
            case "abs":
                return u if self.sign(u) >= 0 else -u
            case "maximum" | "minimum":
                return u if (self.sign(u - v) >= 0) == (op == "maximum") else v
            case "pow":
                return self._power(u, v, claim)
            case "sqrt" | "cbrt" | "hypot":
                inside = u * u + v * v if op == "hypot" else u
                return self.root(inside, Fraction(1, 3 if op == "cbrt" else 2), claim)
            case "exp" | "expm1":
                return self.exponential(u, claim) - Q(int(op == "expm1"))
            case "sinh" | "cosh" | "tanh":
                e = self.exponential(u * Q(1 + (op == "tanh")), claim)
                return {"sinh": (e - one / e) * half, "cosh": (e + one / e) * half, "tanh": (e - one) / (e + one)}[op]
            case "log" | "log1p":
                inside = u + Q(int(op == "log1p"))
                self.positive(inside, op)
                return self.logarithm(inside, claim["product"])
            case "atanh":
                self.positive(one + u, op)
                self.positive(one - u, op)
                return self.logarithm((one + u) / (one - u), claim["product"]) * half
            case "asinh" | "acosh":  # log of u + √(u² ± 1)
                p = self.given(claim["value"])
                self.need(p * p + Q(1 if op == "acosh" else -1), Q(2) * u * p, op)
                self.positive(p - u, op)  # it is the root
                if op == "acosh":
                    self.positive(u, op)  # and not below -1
                return self.logarithm(p, claim["product"])
            case "sin" | "cos" | "tan":
                s, c = self.turn(u, claim)
                return s if op == "sin" else c if op == "cos" else self.divided(s, c)
            case "erfc":
                return one - self.inverse("erf", a, claim)
            case "acos":
                return gen(self.sqrt_pi(), 2) * half - self.inverse("asin", a, claim)
            case "erf" | "atan" | "asin" | "atan2":
                return self.inverse(op, a, claim)
        raise Wrong(f"{op} is not a number")

    def _power(self, u: Q, v: Q, claim: Any) -> Q:
        if "exponent" not in claim:
            self.positive(u, "the base of a power")
            return self.exponential(v * self.logarithm(u, claim["base"]), claim)
        n = Fraction(claim["exponent"])
        self.need(v, Q(n), "an exponent")
        if n.denominator == 1:
            return u ** int(n) if n >= 0 else self.divided(Q(1), u ** int(-n))
        if self.reduced(u.num):
            self.positive(u, "the base of a power")
        if "value" not in claim:
            raise Wrong("a power without a value")
        return self.root(u, n, claim)


CLAIMED = (
    *(
        "pow",
        "sqrt",
        "cbrt",
        "hypot",
        "exp",
        "expm1",
        "sinh",
        "cosh",
        "tanh",
        "log",
        "log1p",
        "atanh",
        "asinh",
        "acosh",
    ),
    *("sin", "cos", "tan", "erf", "erfc", "asin", "acos", "atan", "atan2"),
)
