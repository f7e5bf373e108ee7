"""Wired: the rule multiplies by the upstream gradient, adds to what is accumulated, and does not modify data.

Where the rule runs on symbols, its gradient is a term in the upstream gradient g and the operand's accumulator: it
must be acc + g·(the rule), evaluated in interval arithmetic at acc = 5 and g = 3, then at a negative, a small and some
large g, for a rule that clips its gradient.  Otherwise the same is evaluated on floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

import numpy as np
from flint import arb

from backproof.verify.checks import graph_pass
from backproof.verify.checks.case import Case
from backproof.verify.checks.samples import touched
from backproof.verify.checks.table import WIRING
from backproof.verify.evaluate.balls import compile_balls, evaluate, holds
from backproof.verify.numerics.working_range import limits
from backproof.verify.proof.refute.clarity import digits
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import number, subject_code
from backproof.verify.subjects.operation import CompiledOperation, terms_of
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, in_a_line
from backproof.verify.terms.term import symbol
from backproof.verify.tracing.branches import explore

UPSTREAM, BEFORE = 3, 5
_SEEDS = ((3.0, 5.0), (-0.5, 0.0), (2.0**20, -0.25), (0.0, 5.0))  # the upstream gradient, and the accumulated one
_UPSTREAMS = (UPSTREAM, -3, 2.0**-10, -(2.0**10), 2.0**20, 2.0**40)
_PLACES = (0.75, -0.625, 2.5, 1.0625, -2.25, 0.1875)  # exact in binary, on both sides of the usual kinks
_FEW, _MOST = 8, 10_000  # places that are evaluated, and that are searched for: operands may be many


def check(case: Case) -> Iterator[Finding]:
    """The wiring errors; otherwise one finding that there are none."""
    places = _inside(case)
    if case.operation.returns_derivative:
        yield from _derivative(case, places)
        return
    found = list(_problems(case, places))
    for message, details in found:
        of = next((name for name in case.spec.inputs if message.startswith(f"{name}.")), "")
        yield case.finding(WIRING, Verdict.MISWIRED, message, of=of, details=tuple(details))
    if found:
        return
    proof, rule = case.proof, case.rule_proof
    if proof is None and len(case.samples.errors) == len(case.samples):
        why = case.no_result_reason or "the rule ran neither on symbols nor at any point"
        yield case.finding(WIRING, Verdict.INCONCLUSIVE, why)
        return
    if proof is None:  # it ran on floats only
        how = f"at {len(places)} points"
    elif proof.status is Status.PROVED:
        how = "by proof"
    elif rule is not None and rule.status is Status.PROVED:
        message = "the rule is proved, but not that every gradient is acc + g·rule"
        yield case.finding(WIRING, Verdict.INCONCLUSIVE, message)
        return
    else:
        how = f"with symbols at {len(places)} points"
    yield case.finding(WIRING, Verdict.WIRED, f"adds the upstream gradient times the rule to every operand, {how}")


_Problem = tuple[str, list[tuple[str, str]]]
_KNOWN = ("`=` in place of `+=`", "forgets the upstream gradient", "have added to it")  # which a small graph shows


def _derivative(case: Case, places: list[tuple[float, ...]]) -> Iterator[Finding]:
    """A derivative that no upstream gradient arrives at: it leaves its arguments alone and returns the same again."""
    found = [*_left_alone(case, places), *_kept(case, places)]
    if not found and (memory := case.operation.remembers()) is not None:
        found = [memory]
    for message, details in found:
        yield case.finding(WIRING, Verdict.MISWIRED, message, details=tuple(details))
    if not found and len(case.samples.errors) == len(case.samples):
        yield case.finding(WIRING, Verdict.INCONCLUSIVE, case.no_result_reason or "the rule ran at no point")
    elif not found:
        message = f"leaves its arguments alone and returns the same again, at {len(places)} points"
        yield case.finding(WIRING, Verdict.WIRED, message)


def _problems(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    proved = not case.options.alone and case.proof is not None and case.proof.status is Status.PROVED
    found = [] if isinstance(case.trace, Exception) or proved else list(_on_symbols(case, places))
    found = found or list(_on_floats(case, places))
    yield from _plainer(case, found)
    yield from _unreached(case)
    if isinstance(case.trace, Exception):
        yield from _by_identity(case, places)
    yield from _left_alone(case, places)
    yield from _kept(case, places)
    through = list(_through(case, places))
    yield from through
    yield from _whole(case)
    yield from _in_a_batch(case, places)
    if len(case.spec.inputs) == 2:
        if not found:  # which the sum would show again
            for message, details in _shared(case):
                yield message, graph_pass.plainest(case.operation) or details
        yield from _plain_numbers(case, places)
    if not found and not through:
        yield from graph_pass.problems(case)


def _plainer(case: Case, found: Sequence[_Problem]) -> Iterator[_Problem]:
    """The problems of the rule, each shown in the smallest graph that it spoils, where the subject has graphs."""
    plain = graph_pass.plainest(case.operation) if found else []
    alike: dict[str, list[_Problem]] = {}
    for problem in found:
        alike.setdefault(problem[0].partition(".")[2] or problem[0], []).append(problem)
    for (message, shown), *others in alike.values():
        details = plain if message.endswith(_KNOWN) else []
        more = [("alike", ", ".join(other.partition(".")[0] for other, _ in others))] if others else []
        yield message, [*(details or shown), *more]


def _inside(case: Case) -> list[tuple[float, ...]]:
    """Some points in the interior of the domain."""
    names = case.spec.inputs
    inside = compile_balls([case.domain], names)
    places = product(_PLACES, repeat=len(names))
    return list(islice((place for place in islice(places, _MOST) if all(inside(*map(arb, place)))), _FEW))


def _on_symbols(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    trace = case.trace
    assert not isinstance(trace, Exception)
    names = case.spec.inputs
    accumulators = [f"acc_{n}" for n in names]
    program = compile_balls(trace.gradients, [*names, "g", *accumulators])
    partials = compile_balls(case.partials, names)
    zero = [arb(0)] * len(names)
    for i, name in enumerate(names):
        if trace.gradients[i] is symbol(f"acc_{name}"):
            if any(not partials(*map(arb, p))[i].contains(0) for p in places):
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


def _by_identity(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """Where an operand is the very object that the upstream gradient is, or another one: an equal number twice."""
    for place, i in product(places, range(len(case.spec.inputs))):
        same, equal = place[i], place[i] + 0.0  # a sum is another object
        try:
            found = [case.operation.run(place, upstream=g).gradients for g in (same, equal)]
            ours, expected = (tuple(map(number, gradients)) for gradients in found)
        except SubjectError:
            continue
        if ours != expected and all(map(math.isfinite, (*ours, *expected))):
            name = case.spec.inputs[i]
            details = [("ours", f"{ours!r}   at {case.shown(place)}, with {name} and out.grad one object")]
            details.append(("otherwise", f"{expected!r}   with an equal number as out.grad"))
            yield f"the result depends on whether {name} is the same object as the upstream gradient", details
            return


def _problem(
    name: str, at: str, rule: arb, ours: arb, added: arb, upstream: float = UPSTREAM, before: float = BEFORE
) -> _Problem:
    """How it is miswired: what the rule computes in place of acc + g·rule."""
    if ours.overlaps(added):
        message = f"{name}.grad is overwritten: `=` in place of `+=`"
    elif ours.overlaps(before + rule):
        message = f"{name}.grad forgets the upstream gradient"
    elif not added.overlaps(upstream * rule):
        message = f"{name}.grad is not proportional to the upstream gradient"
    else:
        message = f"{name}.grad does not keep what other paths have added to it"
    expected = before + upstream * rule
    few = digits(ours, expected)
    return message, [
        ("at", f"{at}, with out.grad = {upstream:.17g} and {name}.grad = {before:.17g} before"),
        ("ours", _short(ours, few)),
        ("expected", f"{_short(expected, few)}   = {before:.17g} + {upstream:.17g}*({_short(rule, few)})"),
    ]


def _short(ball: Any, few: int = 12) -> str:
    """A number to ``few`` digits; a whole one as an integer."""
    if not isinstance(ball, arb):
        return repr(ball)
    return str(ball.unique_fmpz()) if ball.is_integer() else str(ball.mid().str(few, radius=False))


def _on_floats(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    names = case.spec.inputs
    seen: set[str] = set()
    _, most = limits(case.format.name)
    for place, (upstream, before) in product(places, [seeds for seeds in _SEEDS if abs(seeds[0]) <= most]):
        try:
            rules = tuple(map(number, case.operation.partials(*place)))
            run = case.operation.run(place, upstream=upstream, before=[before] * len(names))
            ours = tuple(map(number, run.gradients))
            added = tuple(map(number, case.operation.run(place, upstream=upstream).gradients))
        except SubjectError:  # for the check of extremes to report
            continue
        for name, rule, our, add in zip(names, rules, ours, added, strict=True):
            expected = before + upstream * rule
            if not math.isfinite(rule) and not math.isfinite(our):
                continue  # 0 times infinity, for example: undecided
            if name not in seen and not math.isclose(our, expected, rel_tol=case.slight, abs_tol=case.slight):
                seen.add(name)
                balls = _with_slack(case, rule), _with_slack(case, our), _with_slack(case, add)
                yield _problem(name, case.shown(place), *balls, upstream, before)


def _with_slack(case: Case, x: float) -> arb:
    return arb(x, case.slight * (1 + abs(x)))


def _unreached(case: Case) -> Iterator[_Problem]:
    """The result must refer to its operands, or a backward pass ends here."""
    for name in case.operation.unreached():
        yield f"the result does not refer back to {name}: the inputs of {name} get no gradient", []


def _left_alone(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """The rule modifies neither the data nor the upstream gradient."""
    names, upstream = case.spec.inputs, float(UPSTREAM)
    for place in places:
        try:
            run = case.operation.run(place, upstream=upstream)
        except SubjectError:  # for the check of extremes to report
            continue
        if (changed := touched(names, place, run, upstream)) is not None:
            yield _changes(case, place, *changed)
            return
    for index in sorted(case.samples.touched):
        yield _changes(case, case.points[index], *case.samples.touched[index])
        return


def _changes(case: Case, place: tuple[float, ...], what: str, before: Any, after: Any) -> _Problem:
    if what.removesuffix(".data") in case.operation.arriving:  # the weights of an array's output
        what = "the upstream gradient"
    return f"the rule modifies {what}: {before!r} became {after!r}", [("at", case.shown(place))]


def _kept(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """The result depends on the operands alone: not on other uses of the operation, nor on earlier calls."""
    for place, other in zip(places, [*places[1:], *places[:1]], strict=True):
        try:
            run, again = case.operation.run(place), case.operation.run(place)
            among = case.operation.run_among(place, other)
        except SubjectError:  # for the check of extremes to report
            continue
        if repr(run) != repr(again):
            message = "the same operands give another result the second time"
            last = again
            if repr(run.gradients) == repr(again.gradients):
                yield _other(f"{message}: in the forward", case.shown(place), (again.out,), (run.out,))
                return
        elif among is not None and repr(run) != repr(among):
            message = f"the rule forgets its operands when {case.operation.name} is used again before it runs"
            last = among
        else:
            continue
        yield _other(message, case.shown(place), last.gradients, run.gradients)
        return


def _through(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """The subject's own backward pass gives what its rule gives for an upstream gradient of one."""
    for place in places[:1]:
        try:
            expected = tuple(map(number, case.operation.partials(*place)))
        except SubjectError:  # for the check of extremes to report
            continue
        try:
            ours = case.operation.through(*place)
            if ours is None or _same(tuple(map(number, ours)), expected):
                continue
        except SubjectError as error:
            yield f"{case.operation.own_pass} fails: {in_a_line(error)}", [("at", case.shown(place))]
            continue
        message, details = _other("gives another gradient than the rule", case.shown(place), ours, expected)
        yield f"{case.operation.own_pass} {message}", graph_pass.plainest(case.operation) or details


def _other(message: str, at: str, ours: Sequence[Any], expected: Sequence[Any]) -> _Problem:
    return message, [
        ("at", at),
        ("ours", ", ".join(map(repr, ours))),
        ("expected", ", ".join(map(repr, expected))),
    ]


def _whole(case: Case) -> Iterator[_Problem]:
    """2 must give what 2.0 gives, if the subject accepts ints at all."""
    names = case.spec.inputs
    for place in islice(product((2, 1, -3), repeat=len(names)), _MOST):
        if not holds(case.domain, {n: arb(v) for n, v in zip(names, place, strict=True)}):
            continue
        try:
            floats = case.operation.run([float(x) for x in place])
            expected = number(floats.out), *map(number, floats.gradients)
            if not all(map(math.isfinite, expected)):  # ints are unbounded: a loop may grow them for ever
                continue
            ints = case.operation.run(place)
            ours = number(ints.out), *map(number, ints.gradients)
        except SubjectError:  # it accepts no ints, or the check of extremes reports the error
            continue
        if not _same(ours, expected):
            yield _other("ints give another result than the same floats", case.shown(place), ours, expected)
            return


def _in_a_batch(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """Where the forward is elementwise over a batch, so is the rule: no sum over it, no branch on its size."""
    if not isinstance(case.operation, CompiledOperation):
        return
    singles: dict[tuple[float, ...], list[float]] = {}  # value and derivatives
    for place in places:
        try:
            run = case.operation.run(place)
            singles[place] = [number(run.out), *map(number, run.gradients)]
        except SubjectError:  # for the check of extremes to report
            continue
    try:
        out, partials = case.operation.batch([np.array(column) for column in zip(*singles, strict=True)], "float64")
        with subject_code:  # of any shape
            values = np.asarray(out).tolist()
            results = list(zip(*(np.asarray(column).tolist() for column in partials), strict=True))
    except (SubjectError, UsageError):  # the kernel takes no arrays, or is not elementwise
        return
    if not _same(values, [first for first, *_ in singles.values()]):
        return  # the forward depends on the whole batch as well: its entries have no derivative by themselves
    for (place, (_, *expected)), ours in zip(singles.items(), results, strict=True):
        if not _same(ours, expected):
            message = f"in a batch of {len(singles)} numbers the rule returns other values than one by one"
            yield _other(message, case.shown(place), ours, expected)
            return


def _shared(case: Case) -> Iterator[_Problem]:
    """f(x, x): the one leaf must receive the sum of both partial derivatives."""
    found = [] if isinstance(case.trace, Exception) else list(_shared_symbol(case))
    yield from found or _shared_float(case)


def _shared_symbol(case: Case) -> Iterator[_Problem]:
    trace = case.trace
    assert not isinstance(trace, Exception)
    try:
        (together,) = explore(lambda: terms_of(case.operation.run_shared(symbol("x"), upstream=symbol("g"))))
    except NO_TRACE:  # the subject has no shared operands (None is not a term), or cannot run them on symbols
        return
    for place in _PLACES:
        x = arb(place)
        same = dict.fromkeys(case.spec.inputs, x)
        if not holds(case.domain, same):
            continue
        at = {**same, "g": arb(UPSTREAM), **{f"acc_{name}": arb(0) for name in same}}
        apart = sum((evaluate(gradient, at) for gradient in trace.gradients), arb(0))
        ours = evaluate(together, {"x": x, "g": arb(UPSTREAM)})
        if apart.is_finite() and not ours.overlaps(apart):
            yield _wrong_sum(place, ours, apart)
            return


def _shared_float(case: Case) -> Iterator[_Problem]:
    for place in _PLACES:
        if not holds(case.domain, dict.fromkeys(case.spec.inputs, arb(place))):
            continue
        try:
            together = case.operation.run_shared(place, upstream=float(UPSTREAM))
            if together is None:
                return  # the subject has no shared operands
            ours, apart = number(together), UPSTREAM * sum(map(number, case.operation.partials(place, place)))
        except SubjectError:  # for the check of extremes to report
            continue
        if not math.isclose(ours, apart, rel_tol=1e-9, abs_tol=1e-9):
            yield _wrong_sum(place, ours, apart)
            return


def _wrong_sum(place: float, ours: Any, apart: Any) -> _Problem:
    few = digits(ours, apart) if isinstance(ours, arb) else 12
    return "the same Value as both operands receives a wrong sum", [
        ("at", f"x = y = {place!r}, with out.grad = {UPSTREAM}"),
        ("ours", _short(ours, few)),
        ("expected", f"{_short(apart, few)}   the sum of both partial gradients"),
    ]


def _plain_numbers(case: Case, places: list[tuple[float, ...]]) -> Iterator[_Problem]:
    """2 - x must equal Value(2) - x, and x - 2 must equal x - Value(2); for the int 2 as for the float."""
    for x, y in [*places, *((2, y) for _, y in places[:2]), *((x, 2) for x, _ in places[:2])]:
        try:
            run = case.operation.run((float(x), float(y)))
        except SubjectError:  # for the check of extremes to report
            continue
        try:
            reflected = case.operation.reflected(x, float(y))
        except SubjectError as error:
            yield f"a plain number on the left fails: {in_a_line(error)}", []
            return
        try:
            beside = case.operation.beside(float(x), y)
        except SubjectError as error:
            yield f"a plain number on the right fails: {in_a_line(error)}", [("at", f"x = {float(x)!r}, and {y!r}")]
            return
        for side, k, ours in (("left", 1, reflected), ("right", 0, beside)):
            if ours is not None and not _same(ours, (run.out, run.gradients[k])):
                message = f"a plain number on the {side} gives another result than the same number as a Value"
                yield _other(message, f"x = {x!r}, y = {y!r}", ours, (run.out, run.gradients[k]))
                return


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    pairs = zip(a, b, strict=True)
    return all(math.isclose(u, v, rel_tol=1e-12, abs_tol=1e-12) or (u != u and v != v) for u, v in pairs)
