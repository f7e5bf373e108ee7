"""The rules of calculus, each once: what a reader is shown is the pattern that is applied.

A rule is an equation between terms.  In its left side f and g stand for any term, c and n for a term without the
variable, h > 0 for any condition; x is the variable.  A function's own derivative is written with f inside, so
that it is the chain rule too: d/dx[sin(f)] = cos(f)·d/dx[f].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import (
    PI,
    TRUE,
    Condition,
    Term,
    apply,
    compare,
    constant,
    substitute,
    symbol,
    symbols_of,
    where,
)

Bindings = dict[Term, Term]

x, f, g, c, n, u = (symbol(name) for name in "xfgcnu")


def D(term: Term, variable: Term) -> Term:
    """The derivative of ``term`` by ``variable``, not yet computed."""
    return apply("D", term, variable)


@dataclass(frozen=True)
class Rule:
    """One rule: ``left`` may be replaced by ``right``.

    id: stable, for programs; name: for people; because: one sentence; condition: when it holds, "" for always
    holds: the same as a condition on f, g, c and n, for the check
    """

    id: str
    name: str
    left: Term
    right: Term
    because: str
    condition: str = ""
    holds: Condition = TRUE


def _of(function: str, *args: Term) -> Term:
    return apply(function, *args)


_F = D(f, x)

RULES = (
    Rule("constant", "constant", D(c, x), constant(0), "A constant has derivative 0."),
    Rule("identity", "identity", D(x, x), constant(1), "The derivative of x with respect to itself is 1."),
    Rule("linearity", "linearity", D(-f, x), -_F, "A constant factor, here -1, moves out of the derivative."),
    Rule("linearity", "linearity", D(f + g, x), _F + D(g, x), "A sum is differentiated term by term."),
    Rule("linearity", "linearity", D(f - g, x), _F - D(g, x), "A difference is differentiated term by term."),
    Rule("linearity", "linearity", D(c * f, x), c * _F, "A constant factor moves out of the derivative."),
    Rule("linearity", "linearity", D(f * c, x), _F * c, "A constant factor moves out of the derivative."),
    Rule("linearity", "linearity", D(f / c, x), _F / c, "A constant divisor moves out of the derivative.", "c ≠ 0"),
    Rule(
        "product", "product rule", D(f * g, x), _F * g + f * D(g, x),
        "Each factor is differentiated in turn while the other is held constant.",
    ),
    Rule(
        "reciprocal", "reciprocal rule", D(c / g, x), -(c * D(g, x) / g**2),
        "The quotient rule with a constant numerator.", "g ≠ 0", compare("ne", g, 0),
    ),
    Rule(
        "quotient", "quotient rule", D(f / g, x), (_F * g - f * D(g, x)) / g**2,
        "The product rule for f times 1/g.", "g ≠ 0", compare("ne", g, 0),
    ),
    Rule(
        "power", "power rule", D(f**n, x), n * f ** (n - 1) * _F,
        "The exponent becomes a factor and is lowered by 1.", "f ≠ 0 where n < 1, f ≥ 0 where n is not an integer",
        compare("ge", n, 1) | compare("ne", f, 0),
    ),
    Rule(
        "exponential", "exponential rule", D(c**f, x), c**f * _of("log", c) * _F,
        "Read c^f as e^(f·log c).", "c > 0",
    ),
    Rule(
        "branch", "branch", D(where(compare("gt", symbol("h"), 0), f, g), x),
        where(compare("gt", symbol("h"), 0), _F, D(g, x)),
        "Away from the boundary exactly one branch applies: each is differentiated on its own.",
        "off the boundary; the kink is treated below",
    ),
)  # fmt: skip
"""In the order in which they are tried."""

_SQUARE = "The square of the root is the radicand: differentiate √f·√f = f."

KNOWN = (
    Rule("known:exp", "exponential", D(_of("exp", f), x), _of("exp", f) * _F,
         "e^x is its own derivative."),
    Rule("known:log", "logarithm", D(_of("log", f), x), _F / f,
         "The logarithm is the inverse of e^x, which is its own derivative.", "f > 0"),
    Rule("known:sin", "sine", D(_of("sin", f), x), _of("cos", f) * _F, "The derivative of the sine is the cosine."),
    Rule("known:cos", "cosine", D(_of("cos", f), x), -_of("sin", f) * _F,
         "The derivative of the cosine is minus the sine."),
    Rule("known:sqrt", "square root", D(_of("sqrt", f), x), _F / (2 * _of("sqrt", f)), _SQUARE, "f > 0",
         compare("gt", f, 0)),
    Rule(
        "known:erf", "error function", D(_of("erf", f), x),
        2 / _of("sqrt", PI) * _of("exp", -(f**2)) * _F,
        "erf(x) is 2/√π times the integral of e^(-t²) from 0 to x (fundamental theorem of calculus).",
    ),
    Rule("known:sinh", "hyperbolic sine", D(_of("sinh", f), x), _of("cosh", f) * _F,
         "As derived for the operation sinh."),
    Rule("known:cosh", "hyperbolic cosine", D(_of("cosh", f), x), _of("sinh", f) * _F,
         "As derived for the operation cosh."),
    Rule("known:tan", "tangent", D(_of("tan", f), x), (1 + _of("tan", f) ** 2) * _F,
         "As derived for the operation tan."),
    Rule("known:tanh", "hyperbolic tangent", D(_of("tanh", f), x), (1 - _of("tanh", f) ** 2) * _F,
         "As derived for the operation tanh."),
    Rule("known:softplus", "softplus", D(_of("softplus", f), x), _of("sigmoid", f) * _F,
         "As derived for the operation softplus."),
    Rule("known:sigmoid", "sigmoid", D(_of("sigmoid", f), x),
         _of("sigmoid", f) * (1 - _of("sigmoid", f)) * _F, "As derived for the operation sigmoid."),
    Rule("known:abs", "absolute value", D(_of("abs", f), x), _of("sign", f) * _F,
         "As derived for the operation abs.", "f ≠ 0"),
    Rule("known:atan", "arc tangent", D(_of("atan", f), x), _F / (1 + f**2), "As derived for the operation atan."),
)  # fmt: skip
"""Derivatives of named functions, the chain rule included."""

INVERSES: dict[str, tuple[Term, str]] = {
    "sqrt": (u**2, "u > 0"),
    "cbrt": (u**3, "u ≠ 0"),
    "log": (_of("exp", u), ""),
    "asin": (_of("sin", u), "-π/2 < u < π/2"),
    "acos": (_of("cos", u), "0 < u < π"),
    "atan": (_of("tan", u), "-π/2 < u < π/2"),
    "asinh": (_of("sinh", u), ""),
    "acosh": (_of("cosh", u), "u > 0"),
    "atanh": (_of("tanh", u), ""),
}
"""The function of u that each one inverts, and the range of its values, without vertical tangents."""


# ------------------------------------------------------------------------------------------------- matching

_ANY, _CONSTANT, _CONDITION = {f, g}, {c, n}, compare("gt", symbol("h"), 0)


def matched(rule: Rule, term: Term) -> Bindings | None:
    """What f, g, c, n and x stand for where the rule's left side fits ``term``; None where it does not."""
    pattern, _ = rule.left.args
    found: Bindings = {x: term.args[1]}
    return found if _fits(pattern, term.args[0], found) else None


def _fits(pattern: Term, term: Term, found: Bindings) -> bool:
    if pattern in found:
        return found[pattern] is term
    if pattern in _ANY or (pattern in _CONSTANT and found[x].value not in symbols_of(term)):
        found[pattern] = term
        return True
    if pattern is _CONDITION and isinstance(term, Condition):
        found[pattern] = term
        return True
    if pattern.op != term.op or pattern.op == "symbol" or pattern.value != term.value:
        return False
    return all(_fits(p, t, found) for p, t in zip(pattern.args, term.args, strict=True))


def applied(rule: Rule, found: Bindings) -> Term:
    """The right side of the rule with everything bound, d/dx[x] read as 1."""
    result = substitute((rule.right,), found)[0]
    variable = found[x]
    return simplify(substitute((result,), {D(variable, variable): constant(1)})[0])


def at_the_variable(rule: Rule) -> tuple[Term, Term]:
    """A function's rule with the variable itself inside: d/dx[sin(x)] = cos(x)."""
    left, right = substitute((rule.left, rule.right), {f: x})
    return left, simplify(substitute((right,), {D(x, x): constant(1)})[0], fold=True)


def rule_for(term: Term) -> tuple[Rule, Bindings] | None:
    """The first rule that fits a D(...), and how; None where no rule is known."""
    for rule in (*RULES, *KNOWN):
        found = matched(rule, term)
        if found is not None:
            return rule, found
    return None


def outermost(term: Term) -> Iterator[Term]:
    """The derivatives that are still to be computed, from the left, none inside another."""
    seen: set[Term] = set()
    stack = [term]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op == "D":
            yield node
        else:
            stack += reversed(node.args)
