"""What the checks of large arrays on floats begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from verify.case import Case
from verify.findings import Finding
from verify.subjects.large import LargePair


def of_large(found: Callable[[Case, LargePair], Iterator[Finding]]) -> Callable[[Case], Iterator[Finding]]:
    """A check of a case that is a large pair, run without NumPy's warnings: what they warn of is judged, not told."""

    def check(case: Case) -> Iterator[Finding]:
        pair = case.operation
        assert isinstance(pair, LargePair)
        with np.errstate(all="ignore"):
            yield from found(case, pair)

    check.__doc__ = found.__doc__
    return check
