"""That a rule is right on a boundary: there it is in the convex hull of limits of the derivative.

The hull is that of Clarke's generalized gradient (Clarke, "Optimization and Nonsmooth Analysis", theorem 2.5.1).  For
each limit a cell is named, a direction that leads from the boundary into it, and, for every generator of the cell,
the claim by which it has a limit.  A cell is shown to touch where every face of it (what is given about the cell)
has the right sign on the boundary, or is 0 there and grows to that sign along the direction.

Where the derivative has no limit, as at the tip of a cone, it may have one along a ray: then the claims are about the
points of the ray, at s > 0 times the steps from its beginning, and the limit is that of a quotient of polynomials in s.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from backproof.verify.proof.certificate.generators import Path
from backproof.verify.proof.certificate.quotients import Poly, Q, Wrong, gen, mul
from backproof.verify.proof.certificate.region import Region
from backproof.verify.proof.certificate.schema import RAY, claim

NEAR = Fraction(1, 1024)
"""How far a ray goes."""

Cells = list[tuple[Region, list[Q]]]


def check_boundary(document: dict[str, Any], region: Region, touching: list[Any], cells: Cells) -> None:
    """Raise Wrong unless forward and gradients are right on the boundary."""
    inputs, roots = document["inputs"], document["roots"]
    definition = region.definition(roots["definition"])
    region.need(region.read(roots["forward"]), definition, "forward = definition")
    total, hull = Q(0), [Q(0) for _ in inputs]
    for item in touching:
        if item["leaf"] >= len(cells):
            raise Wrong("a cell that does not exist")
        cell, partials = cells[item["leaf"]]
        along_a_ray = "ray" in item
        limits = Ray(cell, region, item) if along_a_ray else Limits(cell, region, item["images"])
        limits.check_that_it_touches([] if along_a_ray else item["along"])
        weight = region.given(item["weight"])
        if region.sign(weight) < 0:
            raise Wrong("a negative weight")
        total = total + weight
        if len(item["partials"]) != len(partials):
            raise Wrong("not one limit for each input")
        for k, (data, partial) in enumerate(zip(item["partials"], partials, strict=True)):
            form = cell.need(cell.given(data), partial, "the form of a derivative")
            hull[k] = hull[k] + weight * limits.where_it_begins(form)
    upstream = region.symbol("g")
    if region.reduced(upstream.num):  # where g is 0 nothing is added
        region.need(total, Q(1), "the sum of the weights = 1")
    for name, node, limit in zip(inputs, roots["gradients"], hull, strict=True):
        expected = region.symbol("acc_" + name) + upstream * limit
        region.need(region.read(node), expected, f"gradient of {name} = acc + g·limit")


class Limits:
    """The limits of a cell's quotients on a boundary, where its generators have limits."""

    def __init__(self, cell: Region, region: Region, images: list[Any]) -> None:
        self.cell, self.region = cell, region
        if len(images) != len(cell.kinds):
            raise Wrong("not one image for each generator")
        self.images = list[Q | None]()
        for i, image in enumerate(images):
            self.images.append(self._generator(i, image))

    def _generator(self, i: int, image: Any) -> Q | None:
        """The limit of a generator: the same function of the limit of its argument, all of them being continuous.

        None for one that is not needed, and not claimed to have a limit.
        """
        region, kind = self.region, self.cell.kinds[i]
        if kind == "symbol":
            return self.symbol(self.cell.generators[i]["name"])
        if kind == "sqrt_pi":
            return gen(region.sqrt_pi()) if "sqrt_pi" in region.kinds else None
        if image is None:
            return None
        claim(kind, image)
        a = self.of(self.cell.arguments[i])
        if kind == "exp":
            return region.exponential(a, image)
        if kind == "log":
            region.nowhere_zero(a.num)
            return region.logarithm(a, image["product"])
        if kind == "root":
            if region.sign(a) < 0:
                raise Wrong("a root of a negative number")
            return region.root(a, Fraction(1, self.cell.generators[i]["order"]), image)
        if kind in ("sin", "cos"):
            return region.turn(a, image)[kind == "cos"]
        return region.inverse(kind, [a], image)

    def symbol(self, name: str) -> Q:
        """The limit of a symbol."""
        return self.region.symbol(name)

    def polynomial(self, p: Poly) -> Q:
        """The limit of a polynomial."""
        result = Q(0)
        for m, c in p.items():
            part = Q(c)
            for i, n in m:
                limit = self.images[i]
                if limit is None:
                    raise Wrong("a generator without a limit")
                part = part * limit**n
            result = result + part
        return Q(self.region.reduced(result.num), result.den)

    def of(self, u: Q) -> Q:
        """The limit of a quotient whose denominator does not tend to 0."""
        return self.region.divided(self.polynomial(u.num), self.polynomial(u.den))

    def where_it_begins(self, u: Q) -> Q:
        """The limit of a derivative."""
        return self.of(u)

    def check_that_it_touches(self, along: list[Any]) -> None:
        """Raise Wrong unless the direction leads from every point of the boundary into the cell."""
        if self.cell.unread:
            raise Wrong("a face of a cell that touches is not given")
        direction = [(name, Fraction(by)) for name, by in along]
        if any(name not in self.cell.path.box for name, _ in direction):
            raise Wrong("a direction along no symbol")
        for face, sign in self._faces():
            limit = self.polynomial(face)
            if not limit.num:
                slopes = (Q(by) * self.of(self.cell.derivative(Q(face), name)) for name, by in direction)
                limit = sum(slopes, Q(0))
            there = self.region.sign(limit)
            if there == 0 or sign != there:
                raise Wrong("a cell that is not shown to touch the boundary")

    def _faces(self) -> Iterator[tuple[Poly, int]]:
        """What is given about the cell: polynomials with their sign."""
        for name, (lo, hi) in self.cell.path.box.items():
            for end, sign in ((lo, 1), (hi, -1)):
                if end is not None:
                    yield (self.cell.symbol(name) - Q(end)).num, sign
        yield from self.cell.facts


class Ray(Limits):
    """A cell's quotients on rays that begin on the boundary, and their limits where a ray begins."""

    def __init__(self, cell: Region, boundary: Region, item: dict[str, Any]) -> None:
        path = boundary.path
        self.boundary, self.steps = boundary, {name: Fraction(by) for name, by in item["steps"]}
        if not set(self.steps) <= set(path.where):
            raise Wrong("a step along a symbol that is free")
        ray = Path({**path.box, RAY: (Fraction(0), NEAR)}, path.where, path.facts)
        super().__init__(cell, Region(boundary.nodes, ray, item["ray"]), item["images"])

    def symbol(self, name: str) -> Q:
        """The symbol at the distance s: what it is on the boundary, and the step times s."""
        return self.region.symbol(name) + Q(self.steps.get(name, Fraction(0))) * self.region.symbol(RAY)

    def check_that_it_touches(self, along: list[Any]) -> None:
        """Raise Wrong unless the rays lie in the cell."""
        if self.cell.unread or any(self.region.sign(self.polynomial(face)) != sign for face, sign in self._faces()):
            raise Wrong("a ray that is not shown to lie in the cell")

    def of(self, u: Q) -> Q:
        """A generator's argument on the ray."""
        return self.region.divided(self.polynomial(u.num), self.polynomial(u.den))

    def where_it_begins(self, u: Q) -> Q:
        """The limit of a quotient: that of its lowest powers of s."""
        top, bottom = self.polynomial(u.num), self.polynomial(u.den)
        n, above = self._lowest(self.region.reduced(mul(top.num, bottom.den)))
        k, below = self._lowest(self.region.reduced(mul(bottom.num, top.den)))
        if n < k:
            raise Wrong("a derivative that is unbounded along a ray")
        return self.boundary.divided(above if n == k else Q(0), below)

    def _lowest(self, p: Poly) -> tuple[int, Q]:
        """The lowest power of s in p, and its coefficient in the symbols of the boundary; a high one for 0."""
        ((((s, _),), _),) = self.region.symbol(RAY).num.items()
        least = min((dict(m).get(s, 0) for m in p), default=1_000_000)
        coefficient = Q(0)
        for m, c in p.items():
            if any(self.region.kinds[i] != "symbol" for i, _ in m):
                raise Wrong("a limit along a ray that is not one of polynomials")
            if dict(m).get(s, 0) == least:
                part = Q(c)
                for i, n in m:
                    part = part * (Q(1) if i == s else self.boundary.symbol(self.region.generators[i]["name"]) ** n)
                coefficient = coefficient + part
        return least, coefficient
