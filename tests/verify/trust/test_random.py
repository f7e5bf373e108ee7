"""Random rules and cusps: no right one is blamed, no wrong one is proved; mpmath says which is which."""

from __future__ import annotations

import importlib.util
import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Finding, Question, Verdict
from backproof.verify.results.report import OperationReport
from tests.verify.trust.random_cusps import Cusp, cusps
from tests.verify.trust.random_rules import BOUND, RandomRule, partials, random_rules

SAMPLE, PART, PARTS = 8, 50, range(1, 7)
CUSPS = 40
POINTS = 50
LEAST_PROVED = 0.7  # of all; of those without a kink nearly all
TINY = 2.0**-64  # beyond it intermediate results vanish or overflow

Pair = tuple[RandomRule, RandomRule]


def imported(path: Path, source: str) -> ModuleType:
    """A module of this text, whose functions have a source."""
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def module_of(pairs: list[Pair], path: Path) -> ModuleType:
    """The functions of the pairs: f0, right0 and wrong0, and so on; the wrong rules have forwards of their own."""
    parts = [
        right.source(f"f{k}", f"right{k}") + wrong.source(f"h{k}", f"wrong{k}")
        for k, (right, wrong) in enumerate(pairs)
    ]
    return imported(path, "\n\n".join(["import math", *parts]))


def checked(rule: RandomRule, forward: Callable[..., Any], backward: Callable[..., Any]) -> OperationReport:
    report = verify.check(
        forward,
        backward,
        domain=rule.domain or None,
        bounds=dict.fromkeys(rule.inputs, (-BOUND, BOUND)),
        name="rule",
        points=POINTS,
        raises=False,
    )
    return report.operations[0]


def blamed(rule: RandomRule, backward: Callable[..., Any], report: OperationReport) -> list[Finding]:
    """The findings that fail a right rule; what is unsafe counts only if the oracle does not say so as well."""
    failing = [finding for finding in report.findings if finding.fails]
    return [f for f in failing if f.question is not Question.SAFE or not is_unsafe(rule, backward, f)]


def is_unsafe(rule: RandomRule, backward: Callable[..., Any], finding: Finding) -> bool:
    """Whether floats fail at the point: an exception, no number, or one far outside of the one-sided derivatives."""
    point = tuple(_number(finding.point[name]) for name in rule.inputs)
    if any(0 < abs(x) < TINY for x in point):
        return True
    try:
        ours = partials(backward, point)
    except (ArithmeticError, ValueError):
        return True
    slopes = rule.slopes(point)
    if slopes is None or not all(map(math.isfinite, ours)):
        return True
    sides = [tuple(map(float, pair)) for pair in slopes]
    slack = [2.0**-10 * max(1.0, *map(abs, pair)) for pair in sides]
    return any(
        not min(pair) - room <= x <= max(pair) + room for x, pair, room in zip(ours, sides, slack, strict=True)
    )


def _number(text: str) -> float:
    return float.fromhex(text) if "x" in text else float(Fraction(text))


def judged(seed: int, count: int, path: Path) -> tuple[Counter[str], Counter[str], Counter[bool]]:
    """The verdicts on right and on wrong rules; of the right ones without a kink, whether they are proved."""
    pairs = list(random_rules(seed, count))
    module = vars(module_of(pairs, path / f"rules_of_{seed}.py"))
    rights, wrongs, smooth = Counter[str](), Counter[str](), Counter[bool]()
    for k, (right, wrong) in enumerate(pairs):
        backward = module[f"right{k}"]
        report = checked(right, module[f"f{k}"], backward)
        assert not blamed(right, backward, report), right
        rights[str(report.right.verdict)] += 1
        if right.is_smooth:
            smooth[report.right.verdict is Verdict.PROVED] += 1
        wrongs[str(checked(wrong, module[f"h{k}"], module[f"wrong{k}"]).right.verdict)] += 1
    return rights, wrongs, smooth


def test_random_rules(tmp_path: Path) -> None:
    rights, wrongs, _ = judged(0, SAMPLE, tmp_path)
    assert set(rights) <= {"proved", "matched"}
    assert wrongs == {"refuted": SAMPLE}


@pytest.mark.slow
@pytest.mark.parametrize("seed", PARTS)
def test_three_hundred_random_rules(seed: int, tmp_path: Path) -> None:
    rights, wrongs, smooth = judged(seed, PART, tmp_path)
    assert set(rights) <= {"proved", "matched"}
    assert rights["proved"] >= LEAST_PROVED * PART
    assert smooth[False] <= 1
    assert wrongs == {"refuted": PART}


def cusp_checked(cusp: Cusp, right: bool) -> OperationReport:
    report = verify.check(
        cusp.forward, cusp.backward(right), domain=cusp.domain, name="cusp", points=POINTS, raises=False
    )
    return report.operations[0]


def judge_cusp(cusp: Cusp) -> None:
    """Wrong at the tip: refuted.  Right there: not proved, since no direction leads to the tip, and not blamed."""
    assert cusp_checked(cusp, right=False).right.verdict is Verdict.REFUTED, cusp
    report = cusp_checked(cusp, right=True)
    assert report.ok, cusp
    assert report.right.verdict in (Verdict.PROVED, Verdict.MATCHED)


@pytest.mark.parametrize("cusp", list(cusps(0, 2)), ids=str)
def test_a_cusp(cusp: Cusp) -> None:
    judge_cusp(cusp)


@pytest.mark.slow
@pytest.mark.parametrize("cusp", list(cusps(1, CUSPS)), ids=str)
def test_a_random_cusp(cusp: Cusp) -> None:
    judge_cusp(cusp)
