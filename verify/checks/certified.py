"""What a certificate is tied to: the source of a case, its definition, its domain and its trace, without any proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backproof.verify.checks.case import Case
from backproof.verify.proof.certificate.writer import About, head, ledger_of
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.recognise_constants import recognised
from backproof.verify.subjects.sandbox import silence
from backproof.verify.tracing.stopped import placed


def about(case: Case) -> About:
    """The source of the case and what its trace passed over."""
    texts = case.operation.code_texts()
    ledger = ledger_of(guards=[placed(guard) for guard in case.guards])  # of a trace with leaks nothing is proved
    return About(case.spec.case, tuple((name, _sum(text)) for name, text in texts), ledger)


def heads(case: Case) -> Iterator[dict[str, Any]]:
    """The heads that a certificate of the case may have: as traced, and with the constants that literals stand for.

    Empty where the rule does not run on symbols.  Raises Uncertifiable for terms that are too long.
    """
    with silence():
        obligation = case.obligation
    if obligation is None:
        return
    operation, tied = case.operation, about(case)
    texts = "\n".join(text for _, text in tied.functions)
    known = _sum(texts)[:8] if texts else "no text of its functions"
    shown = {"where": str(operation.source), "rule": operation.written(), "sum": known}
    yield _plain(head(obligation, tied)) | shown
    lifted = recognised((obligation.definition, obligation.forward, *obligation.gradients))
    if lifted.assumptions:
        yield _plain(head(_lifted(obligation, lifted.terms), tied, lifted.assumptions)) | shown


def _lifted(obligation: Obligation, terms: tuple[Any, ...]) -> Obligation:
    definition, forward, *gradients = terms
    return replace(obligation, definition=definition, forward=forward, gradients=tuple(gradients))


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "index"}


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
