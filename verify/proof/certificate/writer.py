"""The evidence of a proof as JSON, which `checker` verifies without the prover: the head, and the cover of all reals.

docs/certificates.md describes the format; `building` makes the cover.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backproof.verify.proof.cell import Split, everywhere
from backproof.verify.proof.certificate import checker, schema
from backproof.verify.proof.certificate.building import Builder, Cell, Tree
from backproof.verify.proof.certificate.claims import Part, Reading, Uncertifiable
from backproof.verify.proof.certificate.quotients import Wrong
from backproof.verify.proof.field.algebra import NoValue, TooHard
from backproof.verify.proof.field.differential_field import Restart
from backproof.verify.proof.field.halfspaces import Empty
from backproof.verify.proof.field.interpret import Undefined, Unsupported
from backproof.verify.proof.field.limits import Infinite, Unclear
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.result import Proof, Status
from backproof.verify.terms.term import Term, topological


@dataclass(frozen=True)
class About:
    """What a certificate is tied to, beside the terms.

    case: the constants of the operation; functions: the name and the SHA-256 of each; trace: as `ledger_of` says it
    """

    case: str = ""
    functions: tuple[tuple[str, str], ...] = ()
    trace: Mapping[str, Any] = field(default_factory=lambda: ledger_of())


def ledger_of(leaks: Sequence[str] = (), guards: Sequence[str] = ()) -> dict[str, Any]:
    """What the trace passed over (`verify.terms.ledger`), in words; the checker refuses any leak."""
    return {"leaks": list(leaks), "guards": list(guards)}


def write(proof: Proof, path: str | Path) -> None:
    """Write the certificate of a proof to a file; raises Uncertifiable."""
    Path(path).write_text(certificate(proof), encoding="utf-8")


def certificate(proof: Proof, about: About | None = None) -> str:
    """The certificate as one line; raises Uncertifiable for a proof that is not PROVED, or not confirmed."""
    if proof.status is not Status.PROVED:
        raise Uncertifiable("; ".join(proof.reasons) or "it is not proved")
    if proof.within:
        raise Uncertifiable("it is proved within the bounds only, of which a certificate knows nothing")
    if held := sorted(proof.obligation.held):
        raise Uncertifiable(f"nothing is differentiated by {', '.join(held)}, of which a certificate knows nothing")
    try:
        builder = Builder(proof)
        tree = builder.tree(Part(everywhere(schema.symbols(list(proof.obligation.inputs))).box))
    except (TooHard, Unsupported, Undefined, NoValue) as problem:
        raise Uncertifiable(str(problem)) from None
    except (Split, Empty, Restart, Infinite, Unclear) as problem:
        raise Uncertifiable(f"a part is not decided: {problem}") from None
    except (ZeroDivisionError, RecursionError):
        raise Uncertifiable("a denominator turns out to be 0, or the terms are nested too deeply") from None
    while True:
        line = _line(proof, about or About(), builder, tree)
        refused = next(iter(checker.check(line)), "")  # nothing is written that does not hold
        place = re.match(r"does not hold: boundary (\d+):", refused)
        if not refused:
            return line
        if place is None:
            raise Uncertifiable(f"the checker does not confirm it: {refused}")
        builder.give_up(int(place[1]))


def _line(proof: Proof, about: About, builder: Builder, tree: Tree) -> str:
    document = head(proof.obligation, about, proof.assumptions, _terms(tree))
    index = document.pop("index")
    document["cover"] = _written(tree, index, builder.cells)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def head(
    obligation: Obligation, about: About, assumptions: tuple[str, ...] = (), others: tuple[Term, ...] = ()
) -> dict[str, Any]:
    """What a certificate is about, and the index of its nodes (``index``); ``others``: terms of its cover."""
    roots = obligation.definition, obligation.domain, obligation.forward, *obligation.gradients
    nodes = topological(*roots, *others)
    index = {node: i for i, node in enumerate(nodes)}
    written = [_node(node, index) for node in nodes]
    definition, domain, forward, *gradients = (index[root] for root in roots)
    try:
        texts = checker.spelled(written, definition), checker.spelled(written, domain)
    except Wrong as problem:
        raise Uncertifiable(str(problem)) from None
    return {
        "format": schema.FORMAT,
        "says": schema.SAYS,
        "op": obligation.op,
        "case": about.case,
        "source": {"functions": [list(pair) for pair in about.functions]},
        "definition": texts[0],
        "domain": texts[1],
        "inputs": list(obligation.inputs),
        "nodes": written,
        "roots": {"definition": definition, "domain": domain, "forward": forward, "gradients": gradients},
        "trace": dict(about.trace),
        "assumptions": list(assumptions),
        "index": index,
    }


def _node(node: Term, index: dict[Term, int]) -> list[Any]:
    if node.op in ("const", "symbol", "special"):
        return [node.op, str(node.value)]
    return [node.op, *(index[a] for a in node.args)]


# ------------------------------------------------------------------------------------------------- as JSON


def _terms(tree: Any) -> tuple[Term, ...]:
    """The terms that splits and solutions hold."""
    if isinstance(tree, Term):
        return (tree,)
    if isinstance(tree, dict):
        return tuple(t for key, value in tree.items() if key != "touching" for t in _terms(value))
    return tuple(t for value in tree for t in _terms(value)) if isinstance(tree, list | tuple) else ()


def _written(tree: Any, index: dict[Term, int], cells: list[Cell]) -> Any:
    """The cover with nodes for terms, and readings as JSON; the cells first, since boundaries hold parts of theirs."""
    for cell in cells:
        cell.reading.as_json(index)
    return _json(tree, index, cells)


def _json(tree: Any, index: dict[Term, int], cells: list[Cell]) -> Any:
    if isinstance(tree, Term):
        return index[tree]
    if isinstance(tree, Reading):
        return tree.as_json(index)
    if isinstance(tree, list | tuple):
        return [_json(value, index, cells) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "stratum" not in tree:
        return {key: _json(value, index, cells) for key, value in tree.items()}
    here, touching = tree["stratum"], []
    region = here.as_json(index)
    for item in tree["touching"]:
        cell = cells[item["leaf"]].reading
        at = item.get("ray", here)
        new = {"ray": at.as_json(index)} if "ray" in item else {}
        new["weight"], new["images"] = here.data(item["weight"]), [at.data(image) for image in item["images"]]
        touching.append({**item, **new, "partials": [cell.data(u) for u in item["partials"]]})
    return {"stratum": region, "touching": touching}
