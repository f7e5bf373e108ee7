"""Certificates to look at and to forge."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from backproof.verify.proof.certificate.checker import check
from backproof.verify.proof.certificate.writer import certificate
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.terms.term import TERMS, TRUE, Condition, Term, symbol, symbols_of, term
from tests.verify.proof.engine_rules import all_obligations

T: Any = TERMS


@cache
def engine() -> dict[str, str]:
    """The certificate of every operation of the engine."""
    return {f"{o.op} {o.definition!r}": certificate(prove(o)) for o in all_obligations()}


@cache
def obligation(op: str) -> Obligation:
    """The first obligation of an operation of the engine."""
    return next(o for o in all_obligations() if o.op == op)


@cache
def _text(op: str) -> str:
    return next(text for name, text in engine().items() if name.split()[0] == op)


def of_engine(op: str) -> dict[str, Any]:
    """The certificate of an operation of the engine, as its own copy."""
    return dict(json.loads(_text(op)))


def tanh() -> dict[str, Any]:
    """A certificate without branches."""
    return of_engine("tanh")


def certified(definition: Term, *rules: Any, domain: Condition = TRUE) -> dict[str, Any]:
    """The certificate of an operation and its local derivatives."""
    inputs = tuple(sorted(symbols_of(definition)))
    pairs = zip(inputs, rules, strict=True)
    gradients = tuple(symbol(accumulated(n)) + symbol(UPSTREAM) * term(rule) for n, rule in pairs)
    return dict(json.loads(certificate(prove(Obligation("made", inputs, definition, domain, definition, gradients)))))


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The leaves of a cover, in the order of the checker."""
    if "at" not in tree and "sign" not in tree:
        return [tree]
    on = [tree["on"]] if "at" in tree else [child for _, child in tree["on"]]
    return [leaf for child in (tree["below"], *on, tree["above"]) for leaf in leaves(child)]


def problem(document: dict[str, Any]) -> str:
    """Why a certificate is refused, "" if it holds."""
    return next(iter(check(json.dumps(document))), "")


def rules_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The heads of the certificate as it is: what a reader's own tracer gives."""
    return [{**json.loads(json.dumps(document)), "rule": ["..."], "where": "rules.py:1", "sum": "0" * 8}]
