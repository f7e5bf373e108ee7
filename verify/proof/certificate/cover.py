"""That the leaves of a certificate cover all reals: the splits, each with all its children.

The root is every value of the inputs, of g and of acc_...  A split on a symbol and a number has the parts below, at and
above it; a split on a node has the parts where it is below 0, 0 and above 0, and the node must have a value on the
whole part that is split.  What is given at a leaf is the way to it, nothing else.  A leaf is

    cell       the domain holds there, and the identities do
    outside    the domain does not hold there
    empty      what is given contradicts itself
    stratum    a boundary, on which some symbols are functions of the others: the rule is in the convex hull of limits
    unclaimed  a boundary of which nothing is said: it is printed
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from backproof.verify.proof.certificate.boundary import check_boundary
from backproof.verify.proof.certificate.generators import Path
from backproof.verify.proof.certificate.quotients import Q, Wrong, divided, gen
from backproof.verify.proof.certificate.region import Region
from backproof.verify.proof.certificate.schema import reachable, symbols
from backproof.verify.proof.certificate.signs import nowhere_opposite


@dataclass
class Cell:
    """A part of the domain where the rule is shown to be the derivative, and the partial derivatives there."""

    region: Region
    partials: list[Q]


@dataclass
class Cover:
    """The leaves of one certificate: those that are shown, and the boundaries of which nothing is claimed."""

    document: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    strata: list[tuple[Path, dict[str, Any]]] = field(default_factory=list)
    unclaimed: list[tuple[Path, str]] = field(default_factory=list)
    place: str = "the cover"
    """Where the check is: what a problem is reported with."""

    def check(self) -> None:
        """Raise Wrong unless every leaf is what it is said to be."""
        everything = dict.fromkeys(symbols(self.document["inputs"]), (None, None))
        self._walk(self.document["cover"], Path(everything))
        if not self.cells:
            raise Wrong("nothing is claimed: it has no cells")
        for number, (path, leaf) in enumerate(self.strata):
            self.place = f"boundary {number}"
            region = Region(self.document["nodes"], path, leaf["stratum"])
            check_boundary(self.document, region, leaf["touching"], [(c.region, c.partials) for c in self.cells])

    # ------------------------------------------------------------------------------------------- the splits

    def _walk(self, tree: dict[str, Any], path: Path) -> None:
        if "at" in tree:
            (name, text), lo_hi = tree["at"], path.box.get(tree["at"][0])
            at = Fraction(text)
            if lo_hi is None:
                raise Wrong(f"a split on {name}, which is not free")
            lo, hi = lo_hi
            if not ((lo is None or lo < at) and (hi is None or at < hi)):
                raise Wrong(f"a split at {name} = {at}, which is not inside")
            self._walk(tree["below"], path.within(name, lo, at))
            self._walk(tree["on"], path.at(name, at))
            self._walk(tree["above"], path.within(name, at, hi))
        elif "sign" in tree:
            self._on(tree, path, tree["sign"])
            self._walk(tree["below"], path.given(tree["sign"], "<"))
            self._walk(tree["above"], path.given(tree["sign"], ">"))
        else:
            self._leaf(tree, path)

    def _on(self, tree: dict[str, Any], path: Path, node: int) -> None:
        """The part where a node is 0: with the equation for one of its facts, or solved for symbols."""
        region = Region(self.document["nodes"], path, tree["reading"])
        value = region.read(node)  # it has one everywhere
        solutions = [bindings for bindings, _ in tree["on"]]
        if solutions == [[]]:
            thin = path.thin or region.is_thin(region.reduced(value.num))
            self._walk(tree["on"][0][1], replace(path.given(node, "="), thin=thin))
            return
        self._solved(region, Q(region.reduced(value.num)), solutions)
        for bindings, child in tree["on"]:
            part = path
            for name, bound in bindings:
                part = part.bound(name, bound)
            self._walk(child, part)

    def _solved(self, region: Region, value: Q, solutions: list[Any]) -> None:
        """Raise Wrong unless the value is 0 only where one of the solutions holds."""
        for bindings in solutions:
            names = [name for name, _ in bindings]
            held = {name for _, node in bindings for name in self._symbols(region.path, node)}
            if len(set(names)) < len(names) or not set(names) <= set(region.path.box) or held & set(names) or not names:
                raise Wrong("a solution that is not solved")
        if not value.num:
            raise Wrong("a split on what is 0 everywhere")
        if len(solutions) == 1 and len(solutions[0]) > 1:
            self._all_zero(region, value, solutions[0])
            return
        if len({bindings[0][0] for bindings in solutions}) > 1 or any(len(bindings) > 1 for bindings in solutions):
            raise Wrong("solutions for different symbols")
        product = Q(1)
        for ((name, node),) in solutions:
            product = product * (region.symbol(name) - region.read(node))
        value = self._without_exponential(region, value)
        left = divided(value.num, region.reduced(product.num))
        if left is None:
            raise Wrong("what is solved is not all of it")
        region.nowhere_zero(left)

    def _without_exponential(self, region: Region, value: Q) -> Q:
        """a - log c for a multiple of e**a - c, where log c is a generator; else the value itself."""
        inside = value.generators() or [-1]
        e = ((inside[0], 1),)  # the monomial
        if len(inside) != 1 or region.kinds[inside[0]] != "exp" or set(value.num) != {(), e}:
            return value
        c, a = Q(-value.num[()] / value.num[e]), region.arguments[inside[0]]
        logs = [gen(i) for i, kind in enumerate(region.kinds) if kind == "log" and not (region.arguments[i] - c).num]
        return Q(region.reduced((a - logs[0]).num)) if region.sign(c) > 0 and logs else value

    def _all_zero(self, region: Region, value: Q, bindings: list[Any]) -> None:
        """A sum of what is nowhere of the other sign is 0 only where each part is."""
        if not nowhere_opposite(value.num, region.ranges):
            raise Wrong("a sum whose terms have different signs")
        for name, node in bindings:
            ((monomial, _),) = region.symbol(name).num.items()
            ((generator, _),) = monomial
            alone = any(len(m) == 1 and m[0][0] == generator for m in value.num)
            if not alone or region.read(node).num:
                raise Wrong(f"{name} need not be 0")

    def _symbols(self, path: Path, node: int) -> set[str]:
        """The free symbols that a node depends on."""
        nodes, found = self.document["nodes"], set[str]()
        for i in reachable(nodes, node):
            if nodes[i][0] == "symbol":
                name = nodes[i][1]
                bound = path.where.get(name)
                if bound is None:
                    found.add(name)
                elif not isinstance(bound, Fraction):
                    found |= self._symbols(path, bound)
        return found

    # ------------------------------------------------------------------------------------------- the leaves

    def _leaf(self, leaf: dict[str, Any], path: Path) -> None:
        nodes, roots = self.document["nodes"], self.document["roots"]
        unsolved = any(relation == "=" for _, _, relation in path.facts)
        if "outside" in leaf:
            self.place = "a part outside the domain"
            if Region(nodes, path, leaf["outside"]).holds(roots["domain"]):
                raise Wrong("it is inside")
        elif "empty" in leaf:
            self.place = "an empty part"
            Region(nodes, path, leaf["empty"]).is_empty(leaf["by"])
        elif unsolved and not ("unclaimed" in leaf and path.thin):
            raise Wrong("a boundary that is not solved for a symbol")
        elif "cell" in leaf:
            self.place = f"cell {len(self.cells)}"
            if path.where:
                raise Wrong("a boundary is no cell")
            self.cells.append(self._cell(Region(nodes, path, leaf["cell"])))
        elif not path.where and not unsolved:
            raise Wrong("a cell is no boundary")
        elif "stratum" in leaf:
            self.strata.append((path, leaf))
        else:
            self.unclaimed.append((path, leaf["unclaimed"]))
        self.place = "the cover"

    def _cell(self, region: Region) -> Cell:
        """Raise Wrong unless the forward is the definition and every gradient acc + g·derivative."""
        roots, inputs = self.document["roots"], self.document["inputs"]
        if not region.holds(roots["domain"]):
            raise Wrong("it is not in the domain")
        definition = region.definition(roots["definition"])
        region.need(region.read(roots["forward"]), definition, "forward = definition")
        partials = [region.derivative(definition, name) for name in inputs]
        for name, node, partial in zip(inputs, roots["gradients"], partials, strict=True):
            expected = region.symbol("acc_" + name) + region.symbol("g") * partial
            region.need(region.read(node), expected, f"gradient of {name} = acc + g·derivative")
        return Cell(region, partials)
