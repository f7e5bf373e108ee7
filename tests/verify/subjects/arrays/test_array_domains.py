"""Domains of arrays: for every entry, or of single entries; a point outside accuses nobody, at no shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

EACH = " and ".join(f"x_{i} > 0" for i in range(20))


def right(forward: Any, backward: Any, shapes: dict[str, int], domain: str | None) -> Verdict:
    report = verify.check(forward, backward, shapes=shapes, domain=domain, raises=False)
    return report.operations[0].right.verdict


def of_log(x: Any, g: Any) -> Any:
    return g / x


@pytest.mark.parametrize(("size", "verdict"), [(3, Verdict.PROVED), (30, Verdict.PROBABLE)])
def test_a_condition_on_an_array_is_one_on_each_of_its_entries(size: int, verdict: Verdict) -> None:
    assert right(lambda x: np.log(x), of_log, {"x": size}, "x > 0") is verdict
    assert right(lambda x: np.log(x), lambda x, g: g / x**2, {"x": size}, "x > 0") is Verdict.REFUTED


@pytest.mark.parametrize("domain", ["x > 0", EACH])
def test_a_point_outside_accuses_nobody(domain: str) -> None:
    """Small shapes have the domain, too, or are left out where it speaks of entries that they lack."""
    assert right(lambda x: np.abs(x), lambda x, g: g * 1.0, {"x": 20}, domain) is Verdict.PROBABLE


def test_without_a_domain_it_is_wrong() -> None:
    assert right(lambda x: np.abs(x), lambda x, g: g * 1.0, {"x": 20}, None) is Verdict.REFUTED


def test_two_arrays_are_taken_entry_by_entry() -> None:
    def backward(out: Any, g: Any) -> Any:
        return g / (2 * out), -g / (2 * out)

    assert right(lambda x, y: np.sqrt(x - y), backward, {"x": 2, "y": 2}, "x > y") is Verdict.PROVED
    with pytest.raises(verify.UsageError, match="entry by entry, but of entries x has 3, y has 2"):
        right(lambda x, y: x.sum() + y.sum(), lambda x, y, g: (g + 0 * x, g + 0 * y), {"x": 3, "y": 2}, "x > y")
