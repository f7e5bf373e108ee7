"""Wiring of operations without a graph of their own."""

from __future__ import annotations

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.checks.wiring import check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict


def test_a_pair_of_functions_has_no_graph_in_which_paths_meet() -> None:
    """It is called mul, of which the check asks for one in an engine."""
    pair = verify.pair(lambda x, y: x * y, lambda x, y, g: (g * y, g * x), name="mul")
    assert [f.verdict for f in check(Case(*pair, Options(points=50)))] == [Verdict.WIRED]
