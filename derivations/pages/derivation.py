"""A derivation as a document."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from fractions import Fraction

from backproof.derivations.pages.document import (
    Block,
    Code,
    Document,
    Facts,
    Heading,
    Inline,
    Listing,
    Math,
    Paragraph,
    Plot,
    Shown,
    Sides,
    Steps,
    Table,
    Text,
)
from backproof.derivations.steps.check import Check
from backproof.derivations.steps.derivation import Derivation, Derived
from backproof.derivations.steps.evidence import KinkPartials
from backproof.derivations.steps.rules import D
from backproof.derivations.steps.workings import Step
from backproof.verify.terms.term import TRUE, Condition, Term, compare, constant, symbol

_USES = {
    **{"add": "x + y", "sub": "x - y", "mul": "x * y", "div": "x / y", "neg": "-x", "abs": "abs(x)"},
    **{"power": "x ** n", "pow": "x ** y"},
}
"""The notation of operations that have a sign of their own."""


def to_document(d: Derivation) -> Document:
    """Everything about one operation, in the order in which it is taught."""
    return Document(d.op, f"{d.op}: {signature(d)}", tuple(_blocks(d)))


def _blocks(d: Derivation) -> Iterator[Block]:
    yield Heading(1, d.op, f"{d.rule.file}:{d.rule.line}")
    yield _facts(d)
    yield Heading(2, "Definition")
    yield Sides("mathematics", Math((symbol("out"), "=", d.definition)), "the engine", d.rule.forward)
    if d.worked_form.constants:
        yield Paragraph(tuple(_constants(d)))
    for derived in d.derived:
        yield Heading(2, "The derivative" + (f" in {derived.path.operand}" if len(d.inputs) > 1 else ""))
        yield Steps(
            Math((D(symbol("out"), symbol(derived.path.operand)), "=", derived.path.start)),
            tuple(_step(i, s, c) for i, (s, c) in enumerate(zip(derived.path.steps, derived.checks, strict=True), 1)),
        )
        if derived.failure:
            yield Paragraph((f"Not derived: {derived.failure}.",))
    yield Heading(2, "The closure")
    yield Listing(d.rule.source)
    yield Facts(tuple(_closure(d)))
    if d.worked_form.lesson:
        yield Paragraph((d.worked_form.lesson,))
    yield Heading(2, "Proof")
    yield Paragraph(_proof(d))
    yield Heading(2, "Numerical checks")
    yield _comparisons(d)
    yield Heading(2, "Digits")
    yield from _digits(d)
    if d.kinks:
        yield Heading(2, "Kinks")
        yield from map(_kink, d.kinks)
    yield Heading(2, "Picture")
    yield _plot(d)


# --------------------------------------------------------------------------------------------------- header


def signature(d: Derivation) -> str:
    """The call of the operation."""
    from backproof.engine import OPS, Value

    method = OPS[d.op]
    if d.op in _USES:
        return _USES[d.op]
    parameters = list(inspect.signature(getattr(Value, method)).parameters.values())[len(d.inputs) :]
    others = [*d.inputs[1:], *(str(p).partition(":")[0] + _default(p) for p in parameters if p.name != "more")]
    return f"x.{method}({', '.join(others)})"


def _default(parameter: inspect.Parameter) -> str:
    return "" if parameter.default is inspect.Parameter.empty else f"={parameter.default}"


def _facts(d: Derivation) -> Facts:
    rows: list[tuple[str, Text]] = [("call", (Code(signature(d)),)), ("domain", _domain(d))]
    if d.cases:
        rows.append(("checked for", (", ".join(d.cases),)))
    rows.append(("kinks", _kink_list(d)))
    return Facts(tuple(rows))


def _domain(d: Derivation) -> Text:
    if d.op == "power":
        return ("every real x for a whole n ≥ 0; ", Math((compare("ne", symbol("x"), 0),)), " for a whole n < 0; ",
                Math((compare("ge", symbol("x"), 0),)), " for other n > 0; ", Math((compare("gt", symbol("x"), 0),)),
                " for other n < 0")  # fmt: skip
    return ("every real " + " and ".join(d.inputs),) if d.domain is TRUE else (Math((d.domain,)),)


def _kink_list(d: Derivation) -> Text:
    if not d.kinks:
        return ("none",)
    parts: list[Inline] = []
    for kink in d.kinks:
        parts += [*(["; "] if parts else []), _place(kink)]
        if kink.case:
            parts.append(f" (for {kink.case})")
    return tuple(parts)


def _place(kink: KinkPartials) -> Math:
    parts: list[Term | str] = []
    for name, value in kink.where:
        parts += [*([","] if parts else []), symbol(name), "=", value]
    return Math(tuple(parts))


def _constants(d: Derivation) -> Iterator[Inline]:
    yield "where "
    for i, (name, value) in enumerate(d.worked_form.constants.items()):
        yield from ([" and "] if i else [])
        yield Math((symbol(name), "=", constant(value)))


# ---------------------------------------------------------------------------------------------------- steps


def _step(number: int, step: Step, check: Check) -> Shown:
    general = Math((step.general[0], "=", step.general[1])) if step.general else None
    here = None
    if step.before is not None and step.after is not None:
        whole = step.after is step.line or (step.before, step.after) == step.general
        arrow = "becomes" if step.rule == "opening" else "="
        here = None if whole and step.rule != "opening" else Math((step.before, arrow, step.after))
    lets: list[Term | str] = []
    for name, meaning in step.lets:
        lets += [*([","] if lets else []), name, "=", meaning]
    return Shown(
        number,
        step.rule,
        step.name,
        Math(("=", step.line)),
        step.because,
        general,
        here,
        step.condition,
        Math(tuple(lets)) if lets else None,
        _mark(check),
    )


def _mark(check: Check) -> str:
    """What the reader may rely on, in a word or two."""
    if not check.proved:
        return f"not checked: {check.reason}"
    return "proved"


# -------------------------------------------------------------------------------------------------- closure


def _closure(d: Derivation) -> Iterator[tuple[str, Text]]:
    for derived in d.derived:
        variable = symbol(derived.path.operand)
        match = "the last step above" if not derived.failure else "NOT reached by the steps above"
        yield "computes", (Math((D(symbol("out"), variable), "=", derived.closure)), f", {match}")
    yield "must keep", keeps(d)
    if d.pair is not None:
        yield "why", _pair(d)


def keeps(d: Derivation) -> Text:
    """What the closure must keep, in words."""
    operands = [name for name in d.keeps if name != "out"]
    if not d.keeps:
        return ("nothing: the derivative is constant",)
    if not operands:
        return ("only ", Math((symbol("out"),)), ", which the forward pass has computed already")
    if d.mask:
        what = " and ".join(operands)
        return (f"a mask: {what} {'is' if len(operands) == 1 else 'are'} only compared, one bit is enough",)
    names: list[Inline] = []
    for i, name in enumerate(d.keeps):
        names += [*([" and " if i == len(d.keeps) - 1 else ", "] if i else []), Math((symbol(name),))]
    if d.pair is None:
        return (*names, " (no two points with the same out and different derivatives were found: out would do too)")
    return (*names, ": out alone is not enough")


def _pair(d: Derivation) -> Text:
    pair = d.pair
    assert pair is not None
    case = f"for {d.pair_case}, " if d.pair_case else ""
    a, b = (_vector(p, pair.exact) for p in pair.points)
    s, t = (_vector(p, pair.exact) for p in pair.partials)
    name = "x" if len(d.inputs) == 1 else f"({', '.join(d.inputs)})"
    proof = "exactly" if pair.exact else "proved by enclosing both points to 27 digits"
    out = _vector((pair.out,), pair.exact)
    both = f"{case}{name} = {a} and {name} = {b} both give out = {out}"
    return (f"{both}, but the derivatives are {s} and {t} ({proof})",)


def _vector(values: tuple[float, ...], exact: bool) -> str:
    texts = [f"{v:.4g}" if exact else f"{round(v, 4):g}" for v in values]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _proof(d: Derivation) -> Text:
    lines = sum(len(e.checks) for e in d.derived)
    open_ones = [c for e in d.derived for c in e.checks if not c.proved]
    if not d.proved:
        reasons = [d.defined.reason, *(c.reason for c in open_ones), *(e.failure for e in d.derived)]
        return ("Not proved: " + "; ".join(dict.fromkeys(filter(None, reasons))) + ".",)
    aside = _assumed(d)
    return (
        f"Proved: the definition is the one of verify/mirror/table.py, each line equals the one before ({lines} in "
        "all), and the last is the mirror's derivative and what the closure computes. "
        "The prover computes every derivative on its own and does not use these steps.",
        *aside,
    )


def _assumed(d: Derivation) -> Text:
    """Where lines hold only for part of the domain."""
    found: dict[tuple[str, Condition], None] = {}
    for e in d.derived:
        for c in e.checks:
            found.update(dict.fromkeys(c.where))
    if not found:
        return ()
    parts: list[Inline] = [" Lines with a condition are proved where it holds: "]
    for i, (case, condition) in enumerate(found):
        parts += [*([", "] if i else []), Math((condition,)), *([f" (for {case})"] if case else [])]
    return (*parts, ".")


# ------------------------------------------------------------------------------------------------- evidence


def _comparisons(d: Derivation) -> Table:
    rows: list[tuple[Text, ...]] = []
    for w in d.comparisons:
        place = ", ".join(f"{n} = {v!r}" for n, v in zip(d.inputs, w.point, strict=True))
        if len(d.inputs) > 1:
            place += f", in {w.operand}"
        rows += [
            ((place,), ("closure",), (repr(w.hand),), (w.word,)),
            (("",), ("symbolic",), (w.symbolic,), ("30 digits" if len(w.symbolic) > 25 else "exactly",)),
            (("",), ("finite diff.",), (f"{w.difference:.10g} ± {w.error:.0e}",), (w.agreement,)),
        ]
    case = f" ({d.comparisons[0].case})" if d.comparisons and d.comparisons[0].case else ""
    return Table(f"The derivative, computed three ways{case}", ("at", "method", "derivative", ""), tuple(rows))


def _digits(d: Derivation) -> Iterator[Block]:
    found = d.digits
    verdict = "Accurate" if found.accurate else "Not accurate everywhere"
    left = f"; {found.rows[-1][1]:.1f} of 16.0 digits are left there" if found.rows else ""
    yield Paragraph((f"{verdict} ({found.points} points): {found.message}{left}.",))
    if any(ours < 15 for _, ours, _ in found.rows[:-1]):
        better = found.better is not None
        head = ("x", "this form", "a form that keeps them")[: 3 if better else 2]
        rows = tuple(
            ((f"{x:g}",), (f"{ours:.1f}",), *([(f"{theirs:.1f}",)] if better else [])) for x, ours, theirs in found.rows
        )
        yield Table("Correct digits of 16.0", head, rows, frozenset({0, 1, 2}))
    if found.better is not None:
        yield Paragraph(("The same derivative, in a form that keeps its digits: ", Math((found.better,)), "."))


def _kink(c: KinkPartials) -> Facts:
    used = [(w, side) for w, side in zip(c.weights, c.sides, strict=False) if w is not constant(0)]
    sides: list[Inline] = []
    for i, side in enumerate(c.sides[:4]):
        sides += [*([" and "] if i else []), _partials(side)]
    if len(c.sides) > 4:
        sides.append(", and the other directions")
    mean: list[Inline] = [_partials(c.returned), ", a valid subgradient: "]
    if len(used) == 1:
        mean.append("the one-sided derivative of one side")
        used = []
    for i, (weight, side) in enumerate(used):
        mean += [*([" + "] if i else []), Math((weight,)), " of ", _partials(side)]
    at: list[Inline] = [_place(c), *([f" (for {c.case})"] if c.case else [])]
    return Facts((("at", tuple(at)), ("one-sided derivatives", tuple(sides)), ("the closure returns", tuple(mean))))


def _partials(side: tuple[Term, ...]) -> Math:
    if len(side) == 1:
        return Math((_short(side[0]),))
    parts: list[Term | str] = ["("]
    for i, s in enumerate(side):
        parts += [*([","] if i else []), _short(s)]
    return Math((*parts, ")"))


def _short(term: Term) -> Term:
    """A number with many digits to five places."""
    if term.op == "const" and len(str(term.value)) > 12:
        return constant(Fraction(round(float(term.value), 5)).limit_denominator(100_000))
    return term


def _plot(d: Derivation) -> Plot:
    held = f", y = {d.curves.held:g}" if d.curves.held is not None else ""
    finite = [v for v in d.curves.value if v == v]
    alt = (
        f"{d.op} and its derivative{' in x' if held else ''} for x from {d.curves.low:g} to {d.curves.high:g}{held}: "
        f"values from {min(finite):.3g} to {max(finite):.3g}"
    )
    return Plot(d.op, d.curves, alt)


__all__ = ["Derived", "keeps", "signature", "to_document"]
