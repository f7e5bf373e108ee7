"""A derivation as values: from an operation's definition to the local derivative that its closure computes.

The rules of calculus are applied from the outside in, always to the leftmost derivative that is still open; what an
inner function hides behind gets a name (u), and the names are put back in a step of their own.  Then the worked form
of the operation (`worked_forms`) leads on, by algebra that is written out, to the form in which the closure has it.
Terms 0, factors 1 and double signs are dropped as they appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from backproof.derivations.steps.rules import (
    INVERSES,
    Bindings,
    D,
    Rule,
    applied,
    at_the_variable,
    matched,
    outermost,
    rule_for,
)
from backproof.derivations.steps.worked_forms import Waypoint, WorkedForm
from backproof.verify.terms.notation.plain import UNICODE
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import TRUE, Condition, Term, substitute, symbol, symbols_of

MOST_STEPS = 60


class NotDerived(Exception):
    """No rule applies."""


@dataclass(frozen=True)
class Step:
    """One step: the part that changes, what it becomes, and the whole line afterwards.

    rule: a stable id; name: the same for people; general: the rule as an equation of patterns, None for algebra
    lets: the names that this step introduces, or puts back
    """

    rule: str
    name: str
    line: Term
    because: str = ""
    before: Term | None = None
    after: Term | None = None
    general: tuple[Term, Term] | None = None
    condition: str = ""
    lets: tuple[tuple[Term, Term], ...] = ()


@dataclass(frozen=True)
class Path:
    """The steps to the derivative in one operand.

    start: d/dx[definition]; names: what every u stands for; conditions: what the rules required
    failure: why it ends before the closure's form; "" when it does not
    """

    operand: str
    start: Term
    steps: tuple[Step, ...]
    names: dict[Term, Term] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    failure: str = ""

    @property
    def result(self) -> Term:
        """The last line."""
        return self.steps[-1].line if self.steps else self.start


class Workings:
    """One derivative in progress: the line so far, the steps, the names."""

    def __init__(self, start: Term, naming: bool = True) -> None:
        self.line = start
        self.naming = naming
        self.steps: list[Step] = []
        self.names: dict[Term, Term] = {}
        self.conditions: list[Condition] = []

    def differentiate(self) -> None:
        """Apply rules until no derivative is open, then put the names back.

        Raises NotDerived naming the part for which no rule is known.
        """
        while open_ones := list(outermost(self.line)):
            if len(self.steps) > MOST_STEPS:
                raise NotDerived(f"more than {MOST_STEPS} steps")
            first = open_ones[0]
            if self._is_inverse(first):
                self._invert(first)
            else:
                self._apply(first, open_ones)
        self._put_back()

    def walk(self, waypoints: Sequence[Waypoint]) -> None:
        """Follow the written algebra."""
        for w in waypoints:
            term = simplify(w.term, fold=True)
            if term is not self.line:
                self.line = term
                self.names.update(w.lets)
                self.steps.append(Step(w.rule, w.name, term, w.because, condition=w.condition, lets=w.lets))

    # -------------------------------------------------------------------------------------------- one rule

    def _apply(self, first: Term, open_ones: list[Term]) -> None:
        found = rule_for(first)
        if found is None:
            raise NotDerived(f"no rule is known for {first}")
        rule, bound = found
        if rule.id in ("constant", "identity"):  # all that are open, in one step
            same = {d: applied(rule, b) for d in open_ones if (b := _bound(rule, d)) is not None}
            self._step(rule, first, applied(rule, bound), same)
            return
        lets, result = self._named(rule, bound)
        self._step(rule, first, result, {first: result}, lets)
        if rule.holds is not TRUE:
            self.conditions.append(cast("Condition", substitute((rule.holds,), bound)[0]))

    def _step(
        self, rule: Rule, before: Term, after: Term, replaced: dict[Term, Term], lets: dict[Term, Term] | None = None
    ) -> None:
        self.line = simplify(substitute((self.line,), replaced)[0], fold=True)
        self.names.update(lets or {})
        id_, name, general = rule.id, rule.name, (rule.left, rule.right)
        if rule.id.startswith("known:"):
            if before.args[0].args[0] is before.args[1]:
                name, general = f"known derivative: {rule.name}", at_the_variable(rule)
            else:
                id_, name = "chain", f"chain rule, outer function: {rule.name}"
        self.steps.append(
            Step(
                id_, name, self.line, rule.because, before, after, general, rule.condition,
                tuple((lets or {}).items()),
            )
        )  # fmt: skip

    def _named(self, rule: Rule, bound: Bindings) -> tuple[dict[Term, Term], Term]:
        """The rule's result, with a name for what stands inside the function, where that is more than a factor."""
        inner = bound.get(symbol("f"))
        chain = rule.id.startswith("known:") or rule.id in ("power", "exponential")
        if not (self.naming and chain and inner is not None and _composite(inner)):
            return {}, applied(rule, bound)
        name = next((u for u, meaning in self.names.items() if meaning is inner), None) or self._fresh(inner)
        hidden = applied(rule, {**bound, symbol("f"): name})
        variable = bound[symbol("x")]
        return {name: inner}, substitute((hidden,), {D(name, variable): D(inner, variable)})[0]

    def _fresh(self, inner: Term) -> Term:
        taken = {*self.names, *map(symbol, symbols_of(self.line, inner))}
        return next(s for s in map(symbol, "uvwst") if s not in taken)

    # ------------------------------------------------------------------------------------------- an inverse

    def _is_inverse(self, derivative: Term) -> bool:
        function, variable = derivative.args
        return function.op in INVERSES and function.args[0] is variable and self.naming

    def _invert(self, derivative: Term) -> None:
        """u = asin(x) means x = sin(u); the derivative of the one is 1 over the derivative of the other."""
        function, _ = derivative.args
        undone, place = INVERSES[function.op]
        u = self._fresh(function)
        undone = substitute((undone,), {symbol("u"): u})[0]
        result = 1 / D(undone, u)
        rule = Rule(
            "inverse", "inverse function", D(symbol("u"), symbol("x")), 1 / D(symbol("x"), symbol("u")),
            f"u = {UNICODE(function)} means x = {UNICODE(undone)}: du/dx is 1 over dx/du.", place,
        )  # fmt: skip
        self._step(rule, derivative, result, {derivative: result}, {u: function})

    def _put_back(self) -> None:
        if not set(self.names) & set(map(symbol, symbols_of(self.line))):
            return
        line = self.line = simplify(spelled_back(self.line, self.names), fold=True)
        self.steps.append(
            Step("substitute", "substitute back", line, "Each name is replaced by its definition.",
                 lets=tuple(self.names.items()))
        )  # fmt: skip


def spelled_back(term: Term, names: dict[Term, Term]) -> Term:
    """The term with every u replaced by its meaning, also where one u's meaning holds another."""
    while set(names) & set(map(symbol, symbols_of(term))):
        term = substitute((term,), names)[0]
    return term


def _bound(rule: Rule, derivative: Term) -> Bindings | None:
    return matched(rule, derivative)


def _composite(inner: Term) -> bool:
    """More than a variable, its negative, or a multiple of it: worth a name."""
    if inner.op == "symbol":
        return False
    if inner.op == "neg":
        return _composite(inner.args[0])
    if inner.op == "mul" and inner.args[0].op == "const":
        return _composite(inner.args[1])
    return True


def derivative_of(term: Term, variable: Term) -> Term:
    """The derivative by the rules alone, without names.

    Raises NotDerived where a rule is missing.
    """
    workings = Workings(D(term, variable), naming=False)
    workings.differentiate()
    return workings.line


def path(worked_form: WorkedForm, operand: str, closing: Sequence[Waypoint]) -> Path:
    """The steps from the worked form's definition to its last form."""
    variable = symbol(operand)
    start = D(worked_form.definition, variable)
    workings = Workings(start)
    failure = ""
    for w in worked_form.openings_for(operand):
        workings.line = D(w.term, variable)
        workings.steps.append(
            Step(w.rule, w.name, workings.line, w.because, worked_form.definition, w.term, condition=w.condition)
        )
        workings.conditions.append(w.holds)
    try:
        workings.differentiate()
        workings.walk(closing)
    except NotDerived as problem:
        failure = str(problem)
    return Path(operand, start, tuple(workings.steps), workings.names, tuple(workings.conditions), failure)
