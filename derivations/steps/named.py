"""The functions behind the names σ, Φ, φ, softplus and sign."""

from __future__ import annotations

from collections.abc import Mapping

from backproof.verify.terms.simplify import rewrite
from backproof.verify.terms.term import PI, Term, apply, compare, where

NAMED = ("sigmoid", "softplus", "normal_cdf", "normal_pdf", "sign")


def named(function: str, argument: Term) -> Term:
    """The definition behind one of the names that mathematics gives to these functions."""
    root = apply("sqrt", 2)
    match function:
        case "sigmoid":
            return 1 / (1 + apply("exp", -argument))
        case "softplus":
            return apply("log", 1 + apply("exp", argument))
        case "normal_cdf":
            return (1 + apply("erf", argument / root)) / 2
        case "normal_pdf":
            return apply("exp", -(argument**2) / 2) / apply("sqrt", 2 * PI)
        case "sign":
            return where(compare("gt", argument, 0), 1, where(compare("lt", argument, 0), -1, 0))
    raise KeyError(function)


def spelled_out(term: Term, known: Mapping[Term, Term] | None = None) -> Term:
    """The term with every named function, and every symbol of ``known``, replaced by what it stands for."""
    meaning = known or {}

    def meant(node: Term) -> Term | None:
        return named(node.op, *node.args) if node.op in NAMED else meaning.get(node)

    return rewrite((term,), meant)[0]
