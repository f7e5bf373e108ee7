"""A tensor rule of few entries as the scalar operation Σ w[k]·f(x)[k], for the prover.

It is the operation that pairs of small arrays are (`verify.subjects.arrays.small`), with its trace already made: the
array program with a symbol for each entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from backproof.verify.arrays.expand import TooLarge, terms
from backproof.verify.arrays.traced import Traced as Program
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.proof.obligation import UPSTREAM, accumulated
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.small import MOST_ENTRIES, entries_of
from backproof.verify.subjects.functions.formulas import formula_spec
from backproof.verify.subjects.operation import Operation, Run, Traced
from backproof.verify.subjects.tensors.operation import TensorOperation
from backproof.verify.support.errors import NotTraced
from backproof.verify.terms.term import Term, constant, symbol


class ExpandedRule(Operation):
    """Its trace is all there is of it: it runs on no numbers."""

    own_definition = True
    of_entries = True
    compiled = True  # the code sums in an order of its own

    def __init__(self, of: TensorOperation, traced: Traced, arriving: Sequence[str], held: frozenset[str]) -> None:
        self.of, self.found = of, traced
        self.name, self.inputs, self.command = of.name, traced.inputs, of.command
        self.arriving, self.held = tuple(arriving), held

    @property
    def source(self) -> Source:
        return self.of.source

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        raise NotTraced("the expanded program of a tensor rule is not run on numbers")

    def traced(self) -> Traced:
        return self.found


def expanded(operation: TensorOperation, program: Program) -> tuple[ExpandedRule, Spec]:
    """The operation with its spec, its own forward.  Raises TooLarge for no entry, or more than the prover knows."""
    entries = {name: entries_of(name, node.shape) for name, node in program.inputs.items()}
    outputs = [name for k, node in enumerate(program.outputs) for name in entries_of(f"w{k}", node.shape)]
    count = sum(map(len, entries.values())) + len(outputs)
    if not outputs:
        raise TooLarge("there is nothing to prove of arrays without entries")
    if count > MOST_ENTRIES:
        raise TooLarge(f"{count} entries, the outputs' included, are more than {MOST_ENTRIES}")
    g, arriving = symbol(UPSTREAM), list(map(symbol, outputs))
    symbols = {name: _array(list(map(symbol, entries[name])), node.shape) for name, node in program.inputs.items()}
    start = 0
    for node in program.weights:
        own = [g * w for w in arriving[start : start + node.size]]
        symbols[node.parameter] = _array(own, node.shape)
        start += node.size
    given = [node for node in program.gradients.values() if node is not None]
    found = terms(program.program, [*program.outputs, *given], symbols)
    values = [t for part in found[: len(program.outputs)] for t in part]
    forward = reduce(lambda a, b: a + b, [w * v for w, v in zip(arriving, values, strict=True)], constant(0))
    named = [name for name, node in program.gradients.items() if node is not None]
    slopes = dict(zip(named, found[len(program.outputs) :], strict=True))
    gradients: list[Term] = []
    for name, names in entries.items():
        slope = slopes.get(name, [constant(0)] * len(names))
        gradients += [symbol(accumulated(entry)) + one for entry, one in zip(names, slope, strict=True)]
    gradients += [symbol(accumulated(w)) + g * v for w, v in zip(outputs, values, strict=True)]
    inputs = (*(name for names in entries.values() for name in names), *outputs)
    held = frozenset(entry for name, names in entries.items() if name not in program.gradients for entry in names)
    rule = ExpandedRule(operation, Traced(inputs, forward, tuple(gradients)), outputs, held)
    return rule, formula_spec(operation.name, forward, inputs, natural_domain(forward), (), held)


def _array(entries: list[Term], shape: tuple[int, ...]) -> Any:
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found.reshape(shape)
