"""Wired: the rule multiplies by the upstream gradient, adds to what is there, and leaves the data alone.

Where the rule runs on symbols, its gradient is a term in the upstream g and the operand's accumulator: it must be
acc + g·(the rule), which is tried in balls at acc = 5 and g = 3, then at a negative, a small and some large g,
for a rule that clips its gradient.  Otherwise the same is tried on floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from flint import arb

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.proof.result import Status
from verify.trace.balls import compile_balls, evaluate, holds
from verify.trace.explore import explore
from verify.trace.term import symbol, term

UPSTREAM, BEFORE = 3, 5
_UPSTREAMS = (UPSTREAM, -3, 2.0**-10, -(2.0**10), 2.0**20, 2.0**40)
_PLACES = (0.75, -0.625, 2.5, 1.0625, -2.25, 0.1875)  # exact in binary, on both sides of the usual corners


def check(case: Case) -> Iterator[Finding]:
    """What is miswired; one finding that all is well otherwise."""
    places = _inside(case)
    found = list(_problems(case, places))
    for message, details in found:
        yield case.finding("wiring", Verdict.MISWIRED, message, details=tuple(details))
    if found:
        return
    proof, rule = case.proof, case.rule_proof
    if proof is None:  # it ran on floats only
        how = f"at {len(places)} points"
    elif proof.status is Status.PROVED:
        how = "by proof"
    elif rule is not None and rule.status is Status.PROVED:
        message = "the rule is proved, but not that every gradient is acc + g·rule"
        yield case.finding("wiring", Verdict.INCONCLUSIVE, message)
        return
    else:
        how = f"with symbols at {len(places)} points"
    yield case.finding("wiring", Verdict.WIRED, f"adds upstream times the rule to every operand, {how}")


_Problem = tuple[str, list[tuple[str, str]]]


def _problems(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    if isinstance(case.trace, Exception):
        yield from _on_floats(case, places)
    else:
        yield from _on_symbols(case, places)
    yield from _data_untouched(case, places)
    if len(case.row.inputs) == 2:
        yield from _shared(case)
        yield from _reflected(case, places)
        if case.operation.name in ("add", "sub", "mul"):  # on small whole numbers these are exact
            yield from _diamond(case)


def _inside(case: Case) -> list[tuple[float, ...]]:
    """Some points of the domain, not on its rim."""
    names = case.row.inputs
    return [
        place
        for place in product(_PLACES, repeat=len(names))
        if holds(case.domain, {n: arb(v) for n, v in zip(names, place, strict=True)})
    ][:8]


def _on_symbols(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    trace = case.trace
    assert not isinstance(trace, Exception)
    names = case.row.inputs
    accumulators = [f"acc_{n}" for n in names]
    program = compile_balls(trace.gradients, [*names, "g", *accumulators])
    slopes = compile_balls(case.slopes, names)
    zero = [arb(0)] * len(names)
    for i, name in enumerate(names):
        if trace.gradients[i] is symbol(f"acc_{name}"):
            if any(not slopes(*map(arb, p))[i].contains(0) for p in places):
                yield f"no gradient reaches {name}", []
            continue
        for upstream, place in product(_UPSTREAMS, places):
            x = list(map(arb, place))
            rule = program(*x, arb(1), *zero)[i]
            ours = program(*x, arb(upstream), *[arb(BEFORE)] * len(names))[i]
            if rule.is_finite() and not ours.overlaps(BEFORE + arb(upstream) * rule):
                added = program(*x, arb(upstream), *zero)[i]
                yield _problem(name, case.shown(place), rule, ours, added, upstream)
                break


def _problem(name: str, at: str, rule: arb, ours: arb, added: arb, upstream: float = UPSTREAM) -> _Problem:
    """Which way it is miswired: what is written in place of acc + g·rule."""
    g = arb(upstream)
    if ours.overlaps(added):
        message = f"{name}.grad is overwritten: `=` stands where `+=` belongs"
    elif ours.overlaps(BEFORE + rule):
        message = f"{name}.grad forgets the upstream gradient"
    elif not added.overlaps(g * rule):
        message = f"{name}.grad is not proportional to the upstream gradient"
    else:
        message = f"{name}.grad does not keep what other paths have added to it"
    return message, [
        ("at", f"{at}, with out.grad = {upstream:g} and {name}.grad = {BEFORE} before"),
        ("ours", _short(ours)),
        ("expected", f"{_short(BEFORE + g * rule)}   = {BEFORE} + {upstream:g}*({_short(rule)})"),
    ]


def _short(ball: arb) -> str:
    return str(ball.str(12, radius=False)) if isinstance(ball, arb) else repr(ball)


def _on_floats(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    names = case.row.inputs
    seen: set[str] = set()
    for place in places:
        try:
            rules = case.operation.slopes(*place)
            ours = case.operation.run(
                place, upstream=float(UPSTREAM), before=[float(BEFORE)] * len(names)
            ).gradients
            added = case.operation.run(place, upstream=float(UPSTREAM)).gradients
        except Exception:
            continue
        for name, rule, our, add in zip(names, rules, ours, added, strict=True):
            expected = BEFORE + UPSTREAM * rule
            if name not in seen and not math.isclose(our, expected, rel_tol=1e-9, abs_tol=1e-9):
                seen.add(name)
                balls = [_with_slack(v) for v in (rule, our, add)]
                yield _problem(name, case.shown(place), *balls)


def _with_slack(x: float) -> arb:
    return arb(x, 1e-9 * (1 + abs(x)))


def _data_untouched(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    names = (*case.row.inputs, "out")
    for place in places:
        try:
            run = case.operation.run(place, upstream=float(UPSTREAM))
        except Exception:
            continue
        for name, before, after in zip(names, (*place, run.out), (*run.data, run.out_after), strict=True):
            if repr(before) != repr(after):
                yield f"the rule changes {name}.data: {before!r} became {after!r}", []
                return


def _shared(case: Case) -> Iterator[_Problem]:
    """f(x, x): the one leaf must receive the sum of both partial slopes."""
    trace = case.trace
    if isinstance(trace, Exception):
        return
    try:
        (together,) = explore(lambda: (term(case.operation.run_shared(symbol("x"), upstream=symbol("g"))),))
    except Exception:  # the subject has no shared operands (None is no term), or cannot run so on symbols
        return
    for place in _PLACES:
        x = arb(place)
        if not holds(case.domain, {"x": x, "y": x}):
            continue
        at = {"x": x, "y": x, "g": arb(UPSTREAM), "acc_x": arb(0), "acc_y": arb(0)}
        apart = sum((evaluate(gradient, at) for gradient in trace.gradients), arb(0))
        ours = evaluate(together, {"x": x, "g": arb(UPSTREAM)})
        if apart.is_finite() and not ours.overlaps(apart):
            yield (
                "the same Value as both operands receives a wrong sum",
                [
                    ("at", f"x = y = {place!r}, with out.grad = {UPSTREAM}"),
                    ("ours", _short(ours)),
                    ("expected", f"{_short(apart)}   the sum of both partial gradients"),
                ],
            )
            return


def _reflected(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """2 - x must be what Value(2) - x is."""
    for number, value in places:
        try:
            reflected = case.operation.reflected(number, value)
            run = case.operation.run((number, value))
        except Exception as error:
            yield f"a plain number at the left fails: {type(error).__name__}: {error}", []
            return
        if reflected is None:
            return
        if not _same(reflected, (run.out, run.gradients[1])):
            yield (
                "a plain number at the left gives another result than the same number as a Value",
                [
                    ("at", f"x = {number!r}, y = {value!r}"),
                    ("ours", f"value {reflected[0]!r}, gradient {reflected[1]!r}"),
                    ("expected", f"value {run.out!r}, gradient {run.gradients[1]!r}"),
                ],
            )
            return


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(math.isclose(u, v, rel_tol=1e-12, abs_tol=1e-12) for u, v in zip(a, b, strict=True))


def _diamond(case: Case) -> Iterator[_Problem]:
    """backward() through a graph in which paths meet: every node must be complete before it passes on."""
    x, y = 3.0, 5.0
    try:
        ours = case.operation.diamond(x, y)
    except Exception as error:  # the subject's own backward() may raise anything
        yield f"backward() fails on a graph of three nodes: {type(error).__name__}: {error}", []
        return
    if ours is None:
        return
    f, slopes = case.operation.forward, case.operation.slopes
    s = f(x, y)
    inner = f(s, x)
    sx, sy = slopes(x, y)
    inner_s, inner_x = slopes(s, x)
    top_s, top_inner = slopes(s, inner)
    through_s = top_s + top_inner * inner_s
    expected = (through_s * sx + top_inner * inner_x, through_s * sy)
    if tuple(ours) != expected:
        yield (
            "backward() passes a gradient on before it is complete",
            [
                ("at", f"x = {x}, y = {y} in f(s, f(s, x)) with s = f(x, y)"),
                ("ours", ", ".join(map(repr, ours))),
                ("expected", ", ".join(map(repr, expected))),
            ],
        )
