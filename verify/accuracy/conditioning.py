"""What a budget of ULPs refers to: the slope's own ULP, or, near a root of the slope, that of its size around.

Near a root every float formula loses its digits: the float at hand is itself up to half an ULP from the number that
was meant, and the slope there differs by many ULPs of its own.  That is the problem's condition, not the rule's
fault; measured against the slope's size around the root, a good rule stays within a few ULPs there as well.
"""

from __future__ import annotations

from verify.numbers.domain import Domain
from verify.numbers.points import Point
from verify.numbers.reference import Reference, Status

BUDGET = 8.0  # ULPs: what a good formula of a few correctly rounded steps stays within
NOTEWORTHY = 1.0  # ULPs: below this nobody asks whether a root is near
AROUND = 0.25  # how far to look for a root of the slope, relative to the point


def size_around_root(reference: Reference, region: Domain, point: Point, operand: int, here: float) -> float:
    """The size of the slope around its root, if it changes sign near the point; 0.0 otherwise.

    ``here`` is the slope at the point; where it is 0 itself, any other slope around makes that a root.  A change
    of sign past the end of the domain is none.
    """
    for k, x in enumerate(point):
        near = [(*point[:k], x * factor, *point[k + 1 :]) for factor in (1 - AROUND, 1 + AROUND)]
        truths = [reference.at(place)[operand] for place in near if place in region]
        known = [truth.nearest for truth in truths if truth.status is Status.KNOWN]
        if any(value * here < 0 or (here == 0 and value != 0) for value in known):
            return max(abs(here), *map(abs, known))
    return 0.0
