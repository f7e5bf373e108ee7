"""Checks a certificate with nothing but the standard library: ``python checker.py certificate.json``.

It shares no code with the prover.  In every cell it sees that a generator is a function of earlier ones only,
reads the traced definition, forward and rule again (arithmetic with its own polynomials, a function only
through an identity that the claimed value must satisfy), derives the definition by its own table, and sees that
rule - acc - g·derivative reduces to nothing.  Where an identity leaves a choice of branch (r² = u: which r), a
sampled point decides: on a connected cell the branch cannot change.  There no denominator may vanish, either.
Boundaries, and that the cells cover the domain, are not part of a certificate.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Monomial = tuple[tuple[int, int], ...]  # (generator, exponent), sorted
Poly = dict[Monomial, Fraction]
ONE: Poly = {(): Fraction(1)}
MOST_TERMS = 20_000


class Wrong(Exception):
    """The certificate does not hold."""


def add(p: Poly, q: Poly, c: Fraction | int = 1) -> Poly:
    """p + c·q."""
    result = dict(p)
    for m, a in q.items():
        result[m] = result.get(m, Fraction(0)) + c * a
    return {m: a for m, a in result.items() if a}


def mul(p: Poly, q: Poly) -> Poly:
    """p·q."""
    result: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            exponents = dict(m)
            for g, k in n:
                exponents[g] = exponents.get(g, 0) + k
            key = tuple(sorted(exponents.items()))
            result[key] = result.get(key, Fraction(0)) + a * b
    if len(result) > MOST_TERMS:
        raise Wrong("the identity is too large to check")
    return {m: a for m, a in result.items() if a}


class Q:
    """A quotient of polynomials, not always in lowest terms."""

    def __init__(self, num: Poly | Fraction | int, den: Poly = ONE) -> None:
        self.num: Poly = num if isinstance(num, dict) else {(): Fraction(num)} if num else {}
        self.den = den

    def __add__(self, other: Q) -> Q:
        if self.den == other.den:
            return Q(add(self.num, other.num), self.den)
        return Q(add(mul(self.num, other.den), mul(other.num, self.den)), mul(self.den, other.den))

    def __neg__(self) -> Q:
        return Q({m: -c for m, c in self.num.items()}, self.den)

    def __sub__(self, other: Q) -> Q:
        return self + -other

    def __mul__(self, other: Q) -> Q:
        return Q(mul(self.num, other.num), mul(self.den, other.den))

    def __truediv__(self, other: Q) -> Q:
        if not other.num:
            raise Wrong("a division by 0")
        return Q(mul(self.num, other.den), mul(self.den, other.num))

    def __pow__(self, n: int) -> Q:
        result = Q(1)
        for _ in range(abs(n)):
            result = result * self
        return result if n >= 0 else Q(1) / result


def poly(data: Any) -> Poly:
    return {tuple((int(g), int(k)) for g, k in m): Fraction(c) for c, m in data}


def quotient(data: Any) -> Q:
    return Q(poly(data[0]), poly(data[1]))


def gen(i: int, n: int = 1) -> Q:
    return Q({((i, n),): Fraction(1)})


def with_power(m: Monomial, i: int, k: int) -> Monomial:
    """The monomial, its exponent of generator i replaced."""
    return tuple(sorted((h, n) for h, n in {**dict(m), i: k}.items() if n))


class Cell:
    """The generators of one cell, and what of the trace has been read in them."""

    def __init__(self, certificate: dict[str, Any], data: dict[str, Any]) -> None:
        self.certificate, self.nodes, self.claims = certificate, certificate["nodes"], data["claims"]
        self.box = {n: [None if e is None else Fraction(e) for e in ends] for n, ends in data["box"].items()}
        self.point = {name: Fraction(v) for name, v in data["point"].items()}
        self.generators, self.known = data["generators"], dict[int, Q]()
        self.facts, self.floats = list[tuple[Poly, int]](), list[float]()
        self.kinds = [g["kind"] for g in self.generators]
        self.arguments = [quotient(g["argument"]) for g in self.generators]
        for i, a in enumerate(self.arguments):
            if any(h >= i for p in (a.num, a.den) for m in p for h, _ in m):
                raise Wrong(f"generator {i} is a function of itself or of a later one")
            twin = self.generators[i - 1]["argument"] == self.generators[i]["argument"]
            if self.kinds[i] == "cos" and not (self.kinds[i - 1 : i] == ["sin"] and twin):
                raise Wrong("a cosine that does not follow its sine")
            self.floats.append(self.number_of(i))
        for name, (lo, hi) in self.box.items():
            if not (lo is None or lo < self.point[name]) or not (hi is None or self.point[name] < hi):
                raise Wrong(f"{name} = {self.point[name]} is outside the cell")
        for node, sign, value in data["signs"]:
            u = self.need(quotient(value), self.read(node), "what is given about the cell")
            if self.at_point(u) * sign < 0 or not self.at_point(u):
                raise Wrong("the point is outside the cell")
            self.facts += [(mul(u.num, u.den), sign)] * abs(sign)

    def check(self) -> None:
        """Raise Wrong unless the forward is the definition and every gradient acc + g·derivative."""
        definition = self.read(self.certificate["definition"])
        self.need(self.read(self.certificate["forward"]), definition, "forward = definition")
        for name, node in zip(self.certificate["inputs"], self.certificate["gradients"], strict=True):
            expected = self.symbol("acc_" + name) + self.symbol("g") * self.derivative(definition, name)
            self.need(self.read(node), expected, f"gradient of {name} = acc + g·derivative")

    # ------------------------------------------------------------------------------------------- generators

    def symbol(self, name: str) -> Q:
        return gen(next(i for i, g in enumerate(self.generators) if g.get("name") == name))

    def root_pi(self) -> Q:
        return gen(self.kinds.index("sqrt_pi"))

    def number_of(self, i: int) -> float:
        """A generator at the sampled point."""
        g, a = self.generators[i], self.at_point(self.arguments[i])
        if g["kind"] == "symbol":
            return float(self.point[g["name"]])
        special = {"sqrt_pi": lambda: math.sqrt(math.pi), "log": lambda: math.log(abs(a)),
                   "root": lambda: a ** (1 / g["order"])}
        return float(special[g["kind"]]() if g["kind"] in special else getattr(math, g["kind"])(a))

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
        top, bottom = (self.poly_derivative(p, name) for p in (u.num, u.den))
        return (top * Q(u.den) - bottom * Q(u.num)) / Q(mul(u.den, u.den))

    def poly_derivative(self, p: Poly, name: str) -> Q:
        result = Q(0)
        for i in {g for m in p for g, _ in m}:
            part = {with_power(m, i, dict(m)[i] - 1): c * dict(m)[i] for m, c in p.items() if i in dict(m)}
            result = result + Q(part) * self.slope(i, name)
        return result

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
            "erf": lambda: Q(2) / self.root_pi() * self.exponential(-(a * a), g["bell"]),
        }
        return table[g["kind"]]() * inner

    # --------------------------------------------------------------------- functions, bound by identities

    def logarithm(self, u: Q, product: Any) -> Q:
        """log|u|, from factors whose product is u up to its sign."""
        factors = [(poly(f), Fraction(e)) for f, e in product]
        whole, result, expected = math.lcm(1, *(e.denominator for _, e in factors)), Q(0), Q(1)
        for f, e in factors:
            expected = expected * Q(f) ** int(e * whole)
            logs = [gen(i) for i, k in enumerate(self.kinds) if k == "log" and self.arguments[i].num == f
                    and self.arguments[i].den == ONE]
            logs += [self.arguments[i] for i, k in enumerate(self.kinds) if k == "exp" and gen(i).num == f]
            result = result + Q(e) * logs[0]
        same = not self.reduced((u**whole - expected).num)
        self.need(u**whole, expected if same else -expected, "a factorisation")
        return result

    def exponential(self, a: Q, claim: Any) -> Q:
        """The claimed e, which has log|e| = a and is positive."""
        e = quotient(claim["value"])
        self.need(self.logarithm(e, claim["product"]), a, "an exponential")
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
        return self.branch(r, -size if self.at_point(u) < 0 and n.denominator % 2 else size)

    def inverse(self, op: str, a: list[Q], claim: Any) -> Q:
        """±erf, ±atan or 2·atan of a generator's argument w, which an identity binds to the node's argument."""
        i, c = claim["generator"], int(claim["times"])
        if abs(c) != (2 if op == "atan2" else 1):
            raise Wrong(f"{op} is claimed to be another multiple")
        w, u = self.arguments[i], a[0] if c > 0 else -a[0]
        if op == "asin":
            self.need(w * w * (Q(1) - u * u), u * u, op)
        elif op == "atan2":  # w is the tangent of half the angle
            self.need(w * w * u + Q(2) * a[1] * w, u, op)
        else:
            self.need(w, u, op)
        if self.kinds[i] != ("erf" if op == "erf" else "atan"):
            raise Wrong(f"{op} is claimed to be another function")
        return self.branch(Q(c) * gen(i), getattr(math, op)(*map(self.at_point, a)))

    def turn(self, a: Q, claim: Any) -> tuple[Q, Q]:
        """(sin a, cos a), by turning through angles of the generators, each a whole number of times."""
        s, c, angle = Q(0), Q(1), Q(0)
        for i, k in claim["pairs"]:
            if self.kinds[i : i + 2] != ["sin", "cos"]:
                raise Wrong("an angle without a sine")
            angle, turned = angle + Q(k) * self.arguments[i], gen(i) if k > 0 else -gen(i)
            for _ in range(abs(k)):
                s, c = s * gen(i + 1) + c * turned, c * gen(i + 1) - s * turned
        self.need(angle, a, "an angle")
        return s, c

    # ------------------------------------------------------------------------------------ reading the trace

    def sign(self, u: Q, claim: Any) -> int:
        """The sign of u on the whole cell, from factors whose signs their terms, or the cell, show."""
        if not self.reduced(u.num):
            return 0
        value, result = self.need(quotient(claim["value"]), u, "a claimed sign"), 1
        product = Q(Fraction(claim["content"]))
        for f, k in claim["factors"]:
            product, result = product * Q(poly(f)) ** k, result * self.sign_of_factor(poly(f)) ** k
        if product.num != mul(value.num, value.den):
            raise Wrong("a claimed sign: the factors do not multiply up")
        return result if Fraction(claim["content"]) > 0 else -result

    def sign_of_factor(self, f: Poly) -> int:
        for given, sign in self.facts:
            ratio = f.get(next(iter(given)), Fraction(0)) / next(iter(given.values()))
            if ratio and not add(f, given, -ratio):
                return sign if ratio > 0 else -sign
        for side in (0, 1):  # move one end of every symbol's interval to 0
            moved, positive = Q(f), {i for i, k in enumerate(self.kinds) if k in ("exp", "root", "sqrt_pi")}
            for i, g in enumerate(self.generators):
                ends = self.box[g["name"]] if g["kind"] == "symbol" else [None, None]
                end = ends[side] if ends[side] is not None else ends[1 - side]
                if end is not None:
                    positive.add(i)
                    there = Q(end) + (gen(i) if end is ends[0] else -gen(i))
                    parts = [Q({with_power(m, i, 0): c}) * there ** dict(m).get(i, 0) for m, c in moved.num.items()]
                    moved = sum(parts, Q(0))
            weak = all(n % 2 == 0 or i in positive for m in moved.num for i, n in m)
            strict = any(all(i in positive for i, _ in m) for m in moved.num)
            if weak and strict and len({c > 0 for c in moved.num.values()}) == 1:
                return 1 if next(iter(moved.num.values())) > 0 else -1
        raise Wrong("a claimed sign that nothing shows")

    def holds(self, i: int) -> bool:
        """Whether a condition is true on the whole cell."""
        op, *args = self.nodes[i]
        if op in ("and", "or"):
            return (all if op == "and" else any)(self.holds(j) for j in args)
        if op == "not":
            return not self.holds(args[0])
        s = self.sign(self.read(args[0]) - self.read(args[1]), self.claims.get(str(i)))
        return {"lt": s < 0, "le": s <= 0, "gt": s > 0, "ge": s >= 0, "eq": s == 0, "ne": s != 0}[str(op)]

    def read(self, i: int) -> Q:
        """A node of the trace as a quotient in the generators."""
        if i not in self.known:
            op, *args = self.nodes[i]
            if op == "where":
                self.known[i] = self.read(args[1] if self.holds(args[0]) else args[2])
            elif op in ("const", "symbol"):
                self.known[i] = Q(Fraction(args[0])) if op == "const" else self.symbol(args[0])
            else:
                self.known[i] = self.function(op, [self.read(j) for j in args], self.claims.get(str(i)))
        return self.known[i]

    def function(self, op: str, a: list[Q], claim: Any) -> Q:
        """The value of one operation, through its claim where it is not arithmetic."""
        u, v, half, one = (a + [Q(0)])[0], a[-1] if a else Q(0), Fraction(1, 2), Q(1)
        exponential: Callable[[int], Q] = lambda k: self.exponential(Q(k) * u, claim)
        match op:
            case "add" | "sub" | "mul" | "div":
                return {"add": Q.__add__, "sub": Q.__sub__, "mul": Q.__mul__, "div": Q.__truediv__}[op](u, v)
            case "pi" | "neg":
                return self.root_pi() ** 2 if op == "pi" else -u
            case "abs":
                return u if self.sign(u, claim) >= 0 else -u
            case "maximum" | "minimum":
                return u if (self.sign(u - v, claim) >= 0) == (op == "maximum") else v
            case "pow" if "exponent" in claim:
                n = Fraction(claim["exponent"])
                self.need(v, Q(n), "an exponent")
                return u ** int(n) if n.denominator == 1 else self.root(u, n, claim)
            case "pow":
                return self.exponential(v * self.logarithm(u, claim["base"]), claim)
            case "sqrt" | "cbrt" | "hypot":
                inside = u * u + v * v if op == "hypot" else u
                return self.root(inside, Fraction(1, 3) if op == "cbrt" else half, claim)
            case "exp" | "expm1":
                return exponential(1) - Q(int(op == "expm1"))
            case "sinh" | "cosh":
                e = exponential(1)
                return (e - one / e if op == "sinh" else e + one / e) * Q(half)
            case "tanh":
                e = exponential(2)
                return (e - one) / (e + one)
            case "log" | "log1p":
                return self.logarithm(u + Q(int(op == "log1p")), claim["product"])
            case "atanh":
                return self.logarithm((one + u) / (one - u), claim["product"]) * Q(half)
            case "asinh" | "acosh":  # log of the p > 0 with (p ∓ 1/p)/2 = u
                p = self.branch(quotient(claim["value"]), math.exp(getattr(math, op)(self.at_point(u))))
                self.need(p * p + Q(1 if op == "acosh" else -1), Q(2) * u * p, op)
                return self.logarithm(p, claim["product"])
            case "sin" | "cos" | "tan":
                s, c = self.turn(u, claim)
                return {"sin": s, "cos": c}[op] if op != "tan" else s / c
            case "erfc":
                return one - self.inverse("erf", a, claim)
            case "acos":
                return self.root_pi() ** 2 * Q(half) - self.inverse("asin", a, claim)
        return self.inverse(op, a, claim)


def check(text: str) -> list[str]:
    """What is wrong with the certificate; nothing, if it holds."""
    problems = []
    certificate = json.loads(text)
    for number, data in enumerate(certificate["cells"]):
        try:
            Cell(certificate, data).check()
        except Wrong as problem:
            problems.append(f"cell {number}: {problem}")
        except (ArithmeticError, LookupError, TypeError, ValueError, StopIteration) as problem:
            problems.append(f"cell {number}: malformed ({type(problem).__name__}: {problem})")
    return problems if certificate["cells"] else ["there is no cell in it"]


def main(arguments: list[str]) -> int:
    """Check the files; 1 where a certificate does not hold."""
    wrong = 0
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            problems = check(file.read())
        wrong += bool(problems)
        print(f"{path}: " + ("; ".join(problems) or "holds"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
