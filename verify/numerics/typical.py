"""The size that a function reaches where its operands are about one: what an error is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
from sympy import sieve

from backproof.verify.numerics.domain import Domain
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.terms.term import Term

_POINTS = 64
_SHARE = 0.9  # of tanh(9x), half of these operands have a derivative below 1e-8, though it reaches 9


def sizes_about_one(terms: Sequence[Term], inputs: Sequence[str], region: Domain) -> list[float]:
    """The size that each term exceeds at a tenth of the operands between 1/8 and 8; infinite if it has none there.

    The operands follow a Kronecker sequence: multiples of the square roots of primes, modulo 1.
    """
    count = np.arange(1, 1 + _POINTS)
    steps = [np.modf(count * root)[0] for root in np.sqrt(list(islice(sieve, len(inputs))))]
    columns = [np.copysign(2.0 ** (3 - 6 * np.modf(2 * step)[0]), step - 0.5) for step in steps]
    places = [place for place in zip(*(c.tolist() for c in columns), strict=True) if place in region]
    values = list(zip(*Reference(terms, inputs).many(places), strict=True)) or [()] * len(terms)
    known = [[abs(v.nearest) for v in one if v.status is Status.KNOWN] for one in values]
    return [float(np.quantile(found, _SHARE)) if found else math.inf for found in known]
