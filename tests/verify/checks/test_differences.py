"""Finite differences of the forward: taken at few points as at many, and all along the line."""

from __future__ import annotations

from typing import Any

import pytest

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.checks.differences import check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict


def verdict(backward: Any, points: int = 1000, domain: str | None = None) -> Verdict:
    case = Case(*verify.pair(lambda x: x * x, backward, "x**2", domain=domain), Options(points=points, alone=True))
    (finding,) = check(case)
    return finding.verdict


@pytest.mark.parametrize(("factor", "expected"), [(2, Verdict.MATCHED), (3, Verdict.REFUTED)])
def test_at_very_few_points(factor: int, expected: Verdict) -> None:
    assert verdict(lambda x, g: factor * x * g, 1, "x > 1 and x < 1.25") is expected


@pytest.mark.parametrize(("low", "high"), [(-1e9, -8.0), (-8.0, -0.125), (0.125, 8.0), (8.0, 1e9)])
def test_every_part_of_the_line_is_looked_at(low: float, high: float) -> None:
    assert verdict(lambda x, g: (3 if low < x < high else 2) * x * g) is Verdict.REFUTED
