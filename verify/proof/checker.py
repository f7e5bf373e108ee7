"""Checks a certificate with the standard library alone: ``python -m verify.proof.checker FILE``.

It shares no code with the prover (`quotients` is its own arithmetic).  In every cell it sees that a generator is a
function of earlier ones only, reads the traced definition, forward and rule again (a function only through an identity
that the claimed value must satisfy), derives the definition by its own table, and sees that rule - acc - g·derivative
reduces to nothing.  Where an identity leaves a choice of branch (r² = u: which r), the claimed value must be shown to
be above 0 on the whole cell.  Boundaries, and that the cells cover the domain, are not part of it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from verify.proof.quotients import ONE, Poly, Q, Wrong, add, gen, mul, poly, quotient, shown_sign, with_power


class Cell:
    """The generators of one cell, and what of the trace has been read in them."""

    def __init__(self, certificate: dict[str, Any], data: dict[str, Any]) -> None:
        self.certificate, self.nodes, self.claims = certificate, certificate["nodes"], data["claims"]
        self.box = {n: [None if e is None else Fraction(e) for e in ends] for n, ends in data["box"].items()}
        self.point = {name: Fraction(v) for name, v in data["point"].items()}
        self.generators, self.known = data["generators"], dict[int, Q]()
        self.facts, self.floats = list[tuple[Poly, int]](), list[float]()
        self.kinds = tuple(g["kind"] for g in self.generators)
        self.arguments = [quotient(g.get("argument", [[], [["1", []]]])) for g in self.generators]
        for i, a in enumerate(self.arguments):
            if any(h >= i for p in (a.num, a.den) for m in p for h, _ in m):
                raise Wrong(f"generator {i} is a function of itself or of a later one")
            twin = self.generators[i - 1].get("argument") == self.generators[i].get("argument")
            if self.kinds[i] == "cos" and not (self.kinds[i - 1 : i] == ("sin",) and twin):
                raise Wrong("a cosine that does not follow its sine")
            self.floats.append(self.number_of(i))
        zero = Fraction(0)
        bounds = {"exp": (zero, None), "root": (zero, None), "sqrt_pi": (Fraction(7, 4), Fraction(9, 5))}
        ranges = [self.box[g["name"]] if g["kind"] == "symbol" else bounds.get(g["kind"]) for g in self.generators]
        self.ranges = {i: (ends[0], ends[1]) for i, ends in enumerate(ranges) if ends is not None}
        ends = [(self.point[n], lo, hi) for n, (lo, hi) in self.box.items()]
        outside = any((lo is not None and x <= lo) or (hi is not None and x >= hi) for x, lo, hi in ends)
        for node, sign, value in data["signs"]:
            u = self.need(quotient(value), self.read(node), "what is given about the cell")
            outside |= self.at_point(u) * sign < 0 or not self.at_point(u)
            self.facts += [(mul(u.num, u.den), sign)] * abs(sign)
        if outside:
            raise Wrong("the point is outside the cell")
        for a, kind in zip(self.arguments, self.kinds, strict=True):
            if kind == "root":
                self.positive(a, "a radicand")

    def check(self) -> None:
        """Raise Wrong unless the forward is the definition and every gradient acc + g·derivative."""
        definition = self.read(self.certificate["definition"])
        self.need(self.read(self.certificate["forward"]), definition, "forward = definition")
        for name, node in zip(self.certificate["inputs"], self.certificate["gradients"], strict=True):
            expected = self.symbol("acc_" + name) + self.symbol("g") * self.derivative(definition, name)
            self.need(self.read(node), expected, f"gradient of {name} = acc + g·derivative")

    def symbol(self, name: str) -> Q:
        return gen(next(i for i, g in enumerate(self.generators) if g.get("name") == name))

    def number_of(self, i: int) -> float:
        """A generator at the sampled point."""
        g, a = self.generators[i], self.at_point(self.arguments[i])
        if g["kind"] == "symbol":
            return float(self.point[g["name"]])
        if g["kind"] == "sqrt_pi":
            return math.sqrt(math.pi)
        if g["kind"] == "root":
            return float(a ** (1 / g["order"]))
        return float(getattr(math, g["kind"])(abs(a) if g["kind"] == "log" else a))

    def at_point(self, u: Q) -> float:
        top, bottom = (
            math.fsum(float(c) * math.prod(self.floats[g] ** k for g, k in m) for m, c in p.items())
            for p in (u.num, u.den)
        )
        if abs(bottom) < 1e-200:
            raise Wrong("a denominator is 0 at the sampled point")
        return top / bottom

    def reduced(self, p: Poly) -> Poly:
        """``p`` with root**n = radicand and cos² = 1 - sin² used, from the last generator down."""
        for i in reversed(range(len(self.kinds))):
            if self.kinds[i] in ("root", "cos"):
                order, base = self.generators[i].get("order", 2), self.arguments[i]
                base, result = base if self.kinds[i] == "root" else Q(1) - gen(i - 1, 2), Poly()
                if base.den != ONE:
                    raise Wrong("a root of a quotient")
                for m, c in p.items():
                    times, left = divmod(dict(m).get(i, 0), order)
                    result = add(result, mul({with_power(m, i, left): c}, (base**times).num))
                p = result
        return p

    def need(self, a: Q, b: Q, what: str) -> Q:
        """``a``; raises Wrong unless it equals b, with denominators that are not 0 at the sampled point."""
        self.at_point(a), self.at_point(b)
        if self.reduced((a - b).num):
            raise Wrong(f"{what}: does not hold")
        return a

    def derivative(self, u: Q, name: str) -> Q:
        total = Q(0)
        for p, factor in ((u.num, Q(ONE, u.den)), (u.den, -Q(u.num, mul(u.den, u.den)))):
            for i in {g for m in p for g, _ in m}:
                part = {with_power(m, i, dict(m)[i] - 1): c * dict(m)[i] for m, c in p.items() if i in dict(m)}
                total = total + Q(part) * self.slope(i, name) * factor
        return total

    def slope(self, i: int, name: str) -> Q:
        """The derivative of a generator: the table."""
        g, a = self.generators[i], self.arguments[i]
        inner = Q(int(g.get("name") == name)) if g["kind"] == "symbol" else self.derivative(a, name)
        if g["kind"] == "symbol" or not inner.num:
            return inner
        table: dict[str, Callable[[], Q]] = {
            "exp": lambda: gen(i),
            "log": lambda: Q(1) / a,
            "root": lambda: gen(i) / (Q(g["order"]) * a),
            "sin": lambda: gen(i + 1),
            "cos": lambda: -gen(i - 1),
            "atan": lambda: Q(1) / (Q(1) + a * a),
            "erf": lambda: Q(2) / gen(self.kinds.index("sqrt_pi")) * self.exponential(-(a * a), g["bell"]),
        }
        return table[g["kind"]]() * inner

    def logarithm(self, u: Q, product: Any) -> Q:
        """log|u|, from factors whose product is u up to its sign."""
        factors = [(poly(f), Fraction(e)) for f, e in product]
        whole, result, expected = math.lcm(1, *(e.denominator for _, e in factors)), Q(0), Q(1)
        for f, e in factors:
            expected = expected * Q(f) ** int(e * whole)
            known = list(zip(map(gen, range(len(self.kinds))), self.kinds, self.arguments, strict=True))
            logs = [a for me, kind, a in known if kind == "exp" and f == me.num]
            logs += [me for me, kind, a in known if kind == "log" and f == a.num and a.den == ONE]
            result = result + Q(e) * logs[0]
        if self.reduced((u**whole - expected).num):
            self.need(u**whole, -expected, "a factorisation")
        return result

    def exponential(self, a: Q, claim: Any) -> Q:
        """The claimed e, which has log|e| = a and is positive."""
        e = quotient(claim["value"])
        self.need(self.logarithm(e, claim["product"]), a, "an exponential")
        self.positive(e, "an exponential")
        return self.branch(e, math.exp(self.at_point(a)))

    def branch(self, u: Q, expected: float) -> Q:
        """``u``, if it is what it should be at the sampled point, and not another branch."""
        if not math.isclose(self.at_point(u), expected, rel_tol=1e-6, abs_tol=1e-9):
            raise Wrong("a claim is on another branch")
        return u

    def root(self, u: Q, n: Fraction, claim: Any) -> Q:
        """The claimed r, with r**q = u**p for the exponent p/q."""
        r, size = quotient(claim["value"]), abs(self.at_point(u)) ** float(n)
        self.need(r**n.denominator, u**n.numerator, "a root")
        if n.denominator % 2 == 0 and r.num:
            self.positive(r, "a root")
        return self.branch(r, -size if self.at_point(u) < 0 and n.denominator % 2 else size)

    def inverse(self, op: str, a: list[Q], claim: Any) -> Q:
        """±erf, ±atan or 2·atan of a generator's argument w, which an identity binds to the node's argument."""
        i, c = claim["generator"], int(claim["times"])
        w, u = self.arguments[i], a[0] if c > 0 else -a[0]
        if op in ("asin", "atan2"):  # √(1 - u²), or √(u² + v²): then w is the tangent of the angle, or of half of it
            side = quotient(claim["side"])
            self.need(side * side, Q(1) - u * u if op == "asin" else u * u + a[-1] * a[-1], op)
            self.positive(side, op)
            w = w * (side if op == "asin" else side + a[-1])
        self.need(w, u, op)
        if (self.kinds[i], abs(c)) != ("erf" if op == "erf" else "atan", 2 if op == "atan2" else 1):
            raise Wrong(f"{op} is claimed to be another function")
        return self.branch(Q(c) * gen(i), getattr(math, op)(*map(self.at_point, a)))

    def turn(self, a: Q, claim: Any) -> tuple[Q, Q]:
        """(sin a, cos a), by turning through angles of the generators, each a whole number of times."""
        s, c, angle = Q(0), Q(1), Q(0)
        for i, k in claim["pairs"]:
            if self.kinds[i : i + 2] != ("sin", "cos"):
                raise Wrong("an angle without a sine")
            angle, turned = angle + Q(k) * self.arguments[i], gen(i) if k > 0 else -gen(i)
            for _ in range(abs(k)):
                s, c = s * gen(i + 1) + c * turned, c * gen(i + 1) - s * turned
        self.need(angle, a, "an angle")
        return s, c

    def sign(self, u: Q) -> int:
        """The sign of u on the whole cell, where its terms or what is given about the cell show it."""
        num = self.reduced(u.num)
        if not num:
            return 0
        return shown_sign(num, self.ranges, self.facts) * shown_sign(self.reduced(u.den), self.ranges, self.facts)

    def positive(self, u: Q, what: str) -> None:
        """Raise Wrong unless u is shown to be above 0 on the whole cell."""
        if self.sign(u) != 1:
            raise Wrong(f"{what} on another branch: it is not above 0")

    def holds(self, i: int) -> bool:
        """Whether a condition is true on the whole cell."""
        op, *args = self.nodes[i]
        if op in ("and", "or", "not"):
            answers = [self.holds(j) for j in args]
            return not answers[0] if op == "not" else all(answers) if op == "and" else any(answers)
        s = self.sign(self.read(args[0]) - self.read(args[1]))
        return {"lt": s < 0, "le": s <= 0, "gt": s > 0, "ge": s >= 0, "eq": s == 0, "ne": s != 0}[str(op)]

    def read(self, i: int) -> Q:
        """A node of the trace as a quotient in the generators."""
        op, *args = self.nodes[i]
        if op in ("const", "symbol"):
            return Q(Fraction(args[0])) if op == "const" else self.symbol(args[0])
        if op == "where":
            return self.read(args[1] if self.holds(args[0]) else args[2])
        if i not in self.known:
            self.known[i] = self.function(op, [self.read(j) for j in args], self.claims.get(str(i)))
        return self.known[i]

    def function(self, op: str, a: list[Q], claim: Any) -> Q:
        """The value of one operation, through its claim where it is not arithmetic."""
        u, v, half, one = (a or [Q(0)])[0], (a or [Q(0)])[-1], Q(Fraction(1, 2)), Q(1)
        match op:
            case "add" | "sub" | "mul" | "div":
                return {"add": Q.__add__, "sub": Q.__sub__, "mul": Q.__mul__, "div": Q.__truediv__}[op](u, v)
            case "neg" | "pi":
                return -u if op == "neg" else gen(self.kinds.index("sqrt_pi"), 2)
            case "abs":
                return u if self.sign(u) >= 0 else -u
            case "maximum" | "minimum":
                return u if (self.sign(u - v) >= 0) == (op == "maximum") else v
            case "pow" if "exponent" in claim:
                n = Fraction(claim["exponent"])
                self.need(v, Q(n), "an exponent")
                return u ** int(n) if n.denominator == 1 else self.root(u, n, claim)
            case "pow":
                return self.exponential(v * self.logarithm(u, claim["base"]), claim)
            case "sqrt" | "cbrt" | "hypot":
                inside = u * u + v * v if op == "hypot" else u
                return self.root(inside, Fraction(1, 3 if op == "cbrt" else 2), claim)
            case "exp" | "expm1":
                return self.exponential(u, claim) - Q(int(op == "expm1"))
            case "sinh" | "cosh" | "tanh":
                e = self.exponential(u * Q(1 + (op == "tanh")), claim)
                return {"sinh": (e - one / e) * half, "cosh": (e + one / e) * half, "tanh": (e - one) / (e + one)}[op]
            case "log" | "log1p":
                return self.logarithm(u + Q(int(op == "log1p")), claim["product"])
            case "atanh":
                return self.logarithm((one + u) / (one - u), claim["product"]) * half
            case "asinh" | "acosh":  # log of the p > 0 with (p ∓ 1/p)/2 = u
                p = self.branch(quotient(claim["value"]), math.exp(getattr(math, op)(self.at_point(u))))
                self.need(p * p + Q(1 if op == "acosh" else -1), Q(2) * u * p, op)
                self.positive(p - u, op)  # it is √(u² ± 1)
                return self.logarithm(p, claim["product"])
            case "sin" | "cos" | "tan":
                s, c = self.turn(u, claim)
                return s if op == "sin" else c if op == "cos" else s / c
            case "erfc":
                return one - self.inverse("erf", a, claim)
            case "acos":
                return gen(self.kinds.index("sqrt_pi"), 2) * half - self.inverse("asin", a, claim)
        return self.inverse(op, a, claim)


def check(text: str | bytes) -> list[str]:
    """What is wrong with the certificate, as far as the first problem; nothing, if it holds."""
    place = "it is no certificate"
    try:
        certificate = json.loads(text)
        for number, data in enumerate(certificate["cells"]):
            place = f"cell {number}"
            Cell(certificate, data).check()
        return [] if certificate["cells"] else ["there is no cell in it"]
    except (Wrong, ArithmeticError, LookupError, TypeError, ValueError, StopIteration, RecursionError) as problem:
        kind = "" if isinstance(problem, Wrong) else f"{type(problem).__name__}: "
        return [f"{place}: {kind}{getattr(problem, 'msg', problem)}"]


def main(arguments: list[str] | None = None) -> int:
    """Check the files, a certificate a line; 1 where one does not hold."""
    wrong = 0
    for path in sys.argv[1:] if arguments is None else arguments:
        problems = [problem for line in Path(path).read_bytes().splitlines() or [b""] for problem in check(line)]
        wrong |= bool(problems)
        told = list(dict.fromkeys(problems))[:3]  # each said once
        more = [f"and {len(problems) - len(told)} more"] if len(problems) > len(told) else []
        print(f"{path}: {'; '.join(told + more) or 'holds'}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
