"""Rewritings of a traced rule that are equal in exact arithmetic and keep more digits in floats.

Each takes one node of a term and returns another, or None if it does not apply.  A rule of any engine is rewritten
from its trace; the prover checks whether the result is the derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from backproof.verify.accuracy.forms import exp_of_square, sech2
from backproof.verify.terms.simplify import rewrite
from backproof.verify.terms.term import TERMS, Term, apply

Rewriting = Callable[[Term], Term | None]


def _is(term: Term, number: int | Fraction) -> bool:
    return term.op == "const" and term.value == number


def _square_of(term: Term) -> Term | None:
    """u, of u², u*u or u**2."""
    if term.op == "mul" and term.args[0] is term.args[1]:
        return term.args[0]
    if term.op == "pow" and _is(term.args[1], 2):
        return term.args[0]
    return None


def _one_minus(term: Term) -> Term | None:
    """a, of 1 - a."""
    return term.args[1] if term.op == "sub" and _is(term.args[0], 1) else None


def sech2_by_exponentials(term: Term) -> Term | None:
    """1 - tanh(u)² as 4e/(1 + e)², e = exp(-2|u|)."""
    square = _one_minus(term)
    root = _square_of(square) if square is not None else None
    return sech2(TERMS, root.args[0]) if root is not None and root.op == "tanh" else None


def factored_square(term: Term) -> Term | None:
    """1 - u² as (1 - u)(1 + u); u² - 1 as (u - 1)(u + 1)."""
    square = _one_minus(term)
    root = _square_of(square) if square is not None else None
    if root is not None:
        return (1 - root) * (1 + root)
    if term.op == "sub" and _is(term.args[1], 1) and (root := _square_of(term.args[0])) is not None:
        return (root - 1) * (root + 1)
    return None


def _sigmoid_of(term: Term) -> Term | None:
    """u, of 1/(1 + exp(-u)) and of e**min(u, 0)/(1 + e**-|u|)."""
    if term.op != "div" or term.args[1].op != "add" or not _is(term.args[1].args[0], 1):
        return None
    top, below = term.args[0], term.args[1].args[1]
    if below.op != "exp" or below.args[0].op != "neg":
        return None
    inner = below.args[0].args[0]
    if _is(top, 1):
        return inner
    if inner.op == "abs" and top.op == "exp" and top.args[0].op == "minimum" and _is(top.args[0].args[1], 0):
        return inner.args[0] if top.args[0].args[0] is inner.args[0] else None
    return None


def complement_of_sigmoid(term: Term) -> Term | None:
    """1 - σ(u) as σ(-u), in the form that never overflows."""
    part = _one_minus(term)
    inner = _sigmoid_of(part) if part is not None else None
    return TERMS.sigmoid(-inner) if inner is not None else None


def steady_sigmoid(term: Term) -> Term | None:
    """1/(1 + exp(-u)) as e**min(u, 0)/(1 + e**-|u|): no exponential overflows."""
    inner = _sigmoid_of(term)
    return TERMS.sigmoid(inner) if inner is not None and _is(term.args[0], 1) else None


def split_square(term: Term) -> Term | None:
    """exp(-u²) and exp(-u²/2) with the square in two parts, the larger one exact."""
    if term.op != "exp":
        return None
    inner, halves = term.args[0], 1
    if inner.op == "div" and inner.args[1].op == "const" and inner.args[1].value.denominator == 1:
        inner, halves = inner.args[0], int(inner.args[1].value)
    if inner.op == "neg":
        root = _square_of(inner.args[0])
    else:  # (-u)*u
        negated = inner.op == "mul" and inner.args[0].op == "neg" and inner.args[0].args[0] is inner.args[1]
        root = inner.args[1] if negated else None
    return exp_of_square(TERMS, root, halves) if root is not None and halves > 0 else None


def complement_of_erf(term: Term) -> Term | None:
    """1 + erf(u) as erfc(-u), 1 - erf(u) as erfc(u)."""
    if term.op in ("add", "sub") and _is(term.args[0], 1) and term.args[1].op == "erf":
        u = term.args[1].args[0]
        return apply("erfc", u if term.op == "sub" else -u)
    return None


def shifted_exponential(term: Term) -> Term | None:
    """exp(u) - 1 as expm1(u)."""
    if term.op == "sub" and _is(term.args[1], 1) and term.args[0].op == "exp":
        return apply("expm1", term.args[0].args[0])
    return None


def shifted_logarithm(term: Term) -> Term | None:
    """log(1 + u) as log1p(u)."""
    if term.op == "log" and term.args[0].op == "add":
        for one, other in (term.args[0].args, term.args[0].args[::-1]):
            if _is(one, 1):
                return apply("log1p", other)
    return None


def length(term: Term) -> Term | None:
    """√(u² + v²) as hypot(u, v)."""
    if term.op == "sqrt" and term.args[0].op == "add":
        roots = [_square_of(part) for part in term.args[0].args]
        if None not in roots:
            return apply("hypot", *roots)
    return None


REWRITINGS: Mapping[str, Rewriting] = {
    "sech² by exponentials": sech2_by_exponentials,
    "factored square": factored_square,
    "complement of sigmoid": complement_of_sigmoid,
    "stable sigmoid": steady_sigmoid,
    "split square": split_square,
    "erfc for 1 ± erf": complement_of_erf,
    "expm1": shifted_exponential,
    "log1p": shifted_logarithm,
    "hypot": length,
}


def variants(roots: tuple[Term, ...]) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """Every rewriting that changes the term, alone; then all of them together."""
    changing = []
    for name, rewriting in REWRITINGS.items():
        changed = rewrite(roots, rewriting)
        if changed != roots:
            changing.append(name)
            yield name, changed
    if len(changing) > 1:
        together = roots
        for name in changing:
            together = rewrite(together, REWRITINGS[name])
        yield " and ".join(changing), together
