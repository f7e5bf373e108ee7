"""Right for rules of whole arrays: the program of the rule is the derivative of the program of its forward.

At each point the rule is traced, its program compared with the function on floats, and judged at random points of
finite fields.  A rule that differs there is refuted only by an entry that is apart in balls; what nothing confirms is
told, and is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.arrays.accuse import Accusation, along
from backproof.verify.arrays.likely import cause
from backproof.verify.checks.array_counterexamples import shown
from backproof.verify.checks.table import TENSOR_IDENTITY
from backproof.verify.checks.tensor_case import Look, TensorCase
from backproof.verify.checks.tensor_differences import difference
from backproof.verify.checks.tensor_proof import proofs, smaller_proofs, suspected
from backproof.verify.checks.tensor_smaller import at_smaller
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.support.errors import SubjectError, UsageError

_CITED = "Zippel 1979, Schwartz 1980"
_CONJECTURE = "a conjecture on powers of e (Li and Wu, arXiv:2506.04529)"
_DIGITS = (12, 20, 30, 50)
_AS_DEFINED = 1e-9  # of the largest entry: by how much the forward may differ from the definition
LEAST = 40.0  # bits of what is probable
_MOST = 3  # wrong gradients that are told one by one


def check(case: TensorCase) -> Iterator[Finding]:
    """What is refuted, what is probable, or why neither can be said."""
    looks = case.looks
    if (other := _another_forward(case)) is not None:
        yield other
    if case.accused is not None:
        look, entries = case.accused
        if not look.place.meant or _may_be_written_for_its_size(case, look):
            yield _not_elsewhere(case, look, entries)
            yield _probable(case, [one for one in looks if one.place.own and one.place.meant])
        else:
            yield from _refuted(case, look, entries)
        return
    first = looks[0]
    if first.traced is None:
        yield case.finding(TENSOR_IDENTITY, Verdict.MATCHED, f"{first.refused}; checked on floats only")
        return
    if false := next((look for look in looks if look.false), None):
        message = f"its trace is not the function: it differs in {false.false}; checked on floats only"
        details = (("at", false.place.lines()), ("why", _WHY_FALSE))
        yield case.finding(TENSOR_IDENTITY, Verdict.MATCHED, message, details=details)
        return
    open_one = next((look for look in looks if look.judgement is not None and not look.judgement.same), None)
    if open_one is not None:
        yield _undecided(case, open_one)
        return
    proved, why = proofs(case)
    yield from proved
    if not proved:
        small = list(smaller_proofs(case))
        yield from small or suspected(case)
        yield _probable(case, looks, why)


def _another_forward(case: TensorCase) -> Finding | None:
    """Where the forward is not the definition; None where it is, or a surrogate was declared."""
    code = case.operation.code
    if not code.defined or code.surrogate:
        return None
    seed = case.options.seed
    for place in (*case.operation.places(seed), *case.operation.far(seed)):
        try:
            ours, meant = code.forward(place.inputs), code.reference(place.inputs)
        except (SubjectError, UsageError):
            continue
        for index, (out, expected) in enumerate(zip(ours, meant, strict=True)):
            bar = _AS_DEFINED * max(float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)), 2.0**-1000)
            gap = np.where(np.isfinite(out) & np.isfinite(expected), np.abs(out - expected), 0.0)
            if gap.max(initial=0.0) > bar:
                at = tuple(int(k) for k in np.unravel_index(int(np.argmax(gap)), gap.shape))
                label = f"output {index}{shown(at)}"
                details = (
                    ("ours", f"{float(out[at])!r}   for {label}"),
                    ("expected", f"{float(expected[at])!r}   (the definition)"),
                    ("at", place.lines()),
                    ("rerun", case.operation.rerun(seed, {})),
                )
                message = "the forward is not the definition"
                return case.finding(TENSOR_IDENTITY, Verdict.REFUTED, message, details=details)
    return None


_WHY_FALSE = "a number read out of an array (.item(), .numpy()), or kept from an earlier call, is a constant there"


def _may_be_written_for_its_size(case: TensorCase, look: Look) -> bool:
    """Whether a rule that is wrong at other sizes may be meant so: right at the shapes asked for, and at no other.

    Not where two axes of an array are of one size: then these shapes do not tell which of the two the rule takes.
    """
    others = [one for one in case.looks if not one.place.own and one.told]
    square = any(len(set(x.shape) - {1}) < sum(n > 1 for n in x.shape) for x in _arrays(case))
    right_elsewhere = any(one.judgement is not None and one.judgement.same for one in others)
    return not look.place.own and not square and not right_elsewhere


def _arrays(case: TensorCase) -> list[np.ndarray]:
    return [x for x in case.operation.code.inputs.values() if isinstance(x, np.ndarray)]


def _not_elsewhere(case: TensorCase, look: Look, entries: list[Accusation]) -> Finding:
    """It is wrong where it may not be meant to hold: at another size, or for inputs of another sign."""
    one = entries[0]
    label = f"{one.name}{shown(one.place)}"
    where = "at these shapes" if look.place.meant else "for inputs of this kind"
    message = f"right {where}; {look.place.told}, if it is written for that, entry {label} is wrong"
    way = "pass inputs of these signs to have it refuted there, or bounds= to leave them out"
    details = (*((("way out", way),) if not look.place.meant else ()), ("at", _at(look)))
    found = case.finding(TENSOR_IDENTITY, Verdict.MATCHED, message, details=details)
    return replace(found, case=look.place.told.removeprefix("at another size, "))


def _at(look: Look) -> str:
    """The inputs and upstream gradients, those of few entries written out."""
    assert look.traced is not None
    weights = {node.parameter: look.traced.program.leaves[node.parameter].value for node in look.traced.weights}
    return replace(look.place, inputs={**look.place.inputs, **weights}).lines()


def _refuted(case: TensorCase, look: Look, found: list[Accusation]) -> Iterator[Finding]:
    """A finding for each gradient that is wrong, at the smallest shape that shows it."""
    small, entries = at_smaller(case) or (look, found)
    plain = {one.name: one for one in entries}
    for one in sorted(found, key=lambda one: -_gap(one))[:_MOST]:
        if one.name in plain:
            yield _wrong_entry(case, small, plain[one.name], plain, one)
        else:
            yield _wrong_entry(case, look, one, {each.name: each for each in found}, one)


def _gap(one: Accusation) -> float:
    scale = float(np.abs(one.true[np.isfinite(one.true)]).max(initial=1e-300))
    return abs(float(one.ours.mid()) - float(one.expected.mid())) / scale


def _wrong_entry(
    case: TensorCase, look: Look, one: Accusation, found: dict[str, Accusation], asked: Accusation
) -> Finding:
    """One wrong gradient.

    look, one: where it is shown, and the entry; found: all wrong ones there; asked: it at the shapes asked for
    """
    assert look.traced is not None
    label = f"{one.name}{shown(one.place)}"
    ours, expected = _distinguished(one)
    rule = {name: each.rule for name, each in found.items()}
    true = {name: each.true for name, each in found.items()}
    sizes = [n for node in (*look.traced.inputs.values(), *look.traced.outputs) for n in node.shape]
    likely = cause(rule, true, one.name, sizes)
    estimate = difference(case, look.place, along(look.traced, one))
    details = [
        ("ours", f"{ours}   for {label}, of the gradient of Σ g·out"),
        ("expected", f"{expected}   (reference)"),
        *([("difference", f"{estimate.value:.12g} ± {estimate.error:.0e}   (finite difference of the forward)")]
          if estimate.within(1e-3) else []),
        *([("likely", likely)] if likely else []),
        ("at", _at(look)),
        ("wrong", f"{asked.wrong} of {asked.size} entries, {asked.name}{shown(asked.place)} the most"),
        ("rerun", case.operation.rerun(case.options.seed, {})),
    ]
    where = "" if look.place.own else f", {look.place.told}"
    message = f"the rule is not {case.derivative}{where}: entry {label} of its gradient is wrong"
    return case.finding(
        TENSOR_IDENTITY,
        Verdict.REFUTED,
        message,
        operand=one.name if len(look.traced.gradients) > 1 else "",
        details=tuple(details),
    )


def _distinguished(one: Accusation) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they differ."""
    if not one.ours.is_finite():
        return "no value", decimal(one.expected, _DIGITS[0])
    differ = (d for d in _DIGITS if decimal(one.ours, d) != decimal(one.expected, d))
    digits = next(differ, 60)
    return decimal(one.ours, digits), decimal(one.expected, digits)


def _undecided(case: TensorCase, look: Look) -> Finding:
    judgement = look.judgement
    assert judgement is not None
    assert look.traced is not None
    if missing := [name for name, gradient in look.traced.gradients.items() if gradient is None]:
        message = f"not decided: the rule returned None for {', '.join(missing)}; checked on floats only"
        return case.finding(TENSOR_IDENTITY, Verdict.MATCHED, message)
    if judgement.undecided:
        reason = f"no point of a finite field was found ({judgement.undecided})"
    else:
        reason = "it differs in a finite field, and no entry does in intervals"
    details = [("at", look.place.lines())]
    if judgement.opaque:
        details.insert(0, ("opaque", f"{', '.join(sorted(judgement.opaque))}: functions without laws there"))
    message = f"not decided: {reason}; checked on floats only"
    return case.finding(TENSOR_IDENTITY, Verdict.MATCHED, message, details=tuple(details))


def _probable(case: TensorCase, looks: list[Look], unproved: str = "") -> Finding:
    judgements = [look.judgement for look in looks if look.judgement is not None and look.judgement.same]
    first = judgements[0]
    traced = looks[0].traced
    assert traced is not None
    own = sum(look.place.own for look in looks if look.told)
    sizes = [look.place.told.removeprefix("at another size, ") for look in looks if look.told and not look.place.own]
    read = {text: number for one in judgements for number, text in one.read.items() if "decimal" not in text}
    details = [
        ("trials", f"{first.trials} at the inputs as given, modulo primes of 31 bits ({_CITED})"),
        *([("assumes", _CONJECTURE)] if any(one.powers_of_e for one in judgements) else []),
        *([("heuristic", "roots share entries, which were drawn until all of them exist: the bound is no theorem")]
          if any(one.shared_roots for one in judgements) else []),
        *([("constants", ", ".join(f"{number!r} read as {text}" for text, number in sorted(read.items())[:4]))]
          if read else []),
        *([("opaque", ", ".join(sorted(set[str]().union(*(one.opaque for one in judgements)))))]
          if any(one.opaque for one in judgements) else []),
        ("cells", f"those of {own + case.replayed} points; {_of_margins(looks)}"),
        *([("sizes", "; ".join(sizes))] if sizes else [("sizes", "the function runs at no other size that was tried")]),
        ("definition", "the forward's own code" if not case.operation.code.defined else "the function that was passed"),
        *([("not proved", unproved)] if unproved else []),
        *([("formats", "; ".join(traced.notes))] if traced.notes else []),
    ]
    message = (
        f"equal to {case.derivative} in finite fields: a wrong rule would pass with probability at most "
        f"2**-{int(first.bits)}"
    )
    verdict = Verdict.PROBABLE if first.bits >= LEAST else Verdict.MATCHED
    return case.finding(TENSOR_IDENTITY, verdict, message, details=tuple(details))


def _of_margins(looks: list[Look]) -> str:
    first = looks[0].traced
    assert first is not None
    if not first.decisions:
        return "the code makes no choice by its data"
    crossed = sum(look.place.told.startswith("past") for look in looks)
    choices = "1 choice" if first.decisions == 1 else f"{first.decisions} choices"
    return f"{choices} by data on the way, {crossed} points beyond comparisons"
