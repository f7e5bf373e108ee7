"""The reference of a budget of ULPs: the derivative's own ULP, or, near a root of it, the ULP of its size nearby.

Near a root every float formula loses its digits: the float at hand is itself up to half an ULP from the intended
number, and the derivative there differs by many ULPs of its own.  That is the problem's conditioning, not an error of
the rule; measured against the derivative's size around the root, a good rule stays within a few ULPs there as well.
"""

from __future__ import annotations

from backproof.verify.numerics.domain import Domain
from backproof.verify.numerics.points import Point
from backproof.verify.numerics.reference import Reference, Status

BUDGET = 8.0  # ULPs: the bound of a good formula of a few correctly rounded steps
NOTEWORTHY = 1.0  # ULPs: below this no root is looked for
AROUND = 0.25  # how far to look for a root of the derivative, relative to the point


def size_around_root(reference: Reference, region: Domain, point: Point, operand: int, here: float) -> float:
    """The size of the derivative around its root, if it changes sign near the point; 0.0 otherwise.

    ``here`` is the derivative at the point; where it is 0 itself, a nonzero derivative nearby makes that a root.  A
    change of sign past the end of the domain does not count.
    """
    for k, x in enumerate(point):
        near = [(*point[:k], x * factor, *point[k + 1 :]) for factor in (1 - AROUND, 1 + AROUND)]
        reference_values = [reference.at(place)[operand] for place in near if place in region]
        known = [expected.nearest for expected in reference_values if expected.status is Status.KNOWN]
        if any(value * here < 0 or (here == 0 and value != 0) for value in known):
            return max(abs(here), *map(abs, known))
    return 0.0
