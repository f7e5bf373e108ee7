"""The size of a derivative around a root of it."""

from __future__ import annotations

import pytest

from backproof.verify.numerics.conditioning import size_around_root
from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.reference import Reference
from backproof.verify.terms.term import TRUE, symbol

x = symbol("x")


@pytest.mark.parametrize(("at", "size"), [(1.0, 0.5), (0.9375, 0.59375), (2.0, 0.0)])
def test_around_a_root_the_largest_derivative_nearby_counts(at: float, size: float) -> None:
    """2·(x - 1), the derivative of a square, is 0 at 1 itself, and changes sign near 0.9375; not near 2."""
    reference, region = Reference([2 * (x - 1)], ("x",)), domain_of(TRUE, ("x",))
    assert size_around_root(reference, region, (at,), 0, 2 * (at - 1)) == size
