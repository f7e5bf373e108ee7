"""The one compiler: terms as straight-line Python over the operations of an arithmetic, one assignment per term.

Its results equal those of `verify.evaluate.evaluate` bit for bit, since the operations are the same functions.  It is
for speed where the same terms are evaluated at many points, one at a time: on the engine's traces it is ten times as
fast on floats, and seven times on intervals, whose constants are made once for each precision.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from backproof.engine.arithmetic import FLOATS, Arithmetic
from backproof.verify.arithmetics.balls import square
from backproof.verify.evaluate.evaluate import Function, operations
from backproof.verify.terms.definitions import expanded
from backproof.verify.terms.term import Term, topological

Compiled = Callable[..., tuple[Any, ...]]
"""Numbers in, one for each input; numbers out, one for each term."""

_SIGNS = {
    **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "and_": "&", "or_": "|"},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="},
}
_INLINE: dict[Function, str] = {
    **{getattr(operator, name): f"{{}} {sign} {{}}" for name, sign in _SIGNS.items()},
    operator.neg: "-{}",
    operator.not_: "not {}",
    FLOATS.where: "{1} if {0} else {2}",
    square: "{0} * {0}",
}
"""Functions that Python has a sign for; every other one is called."""


def compiled(
    terms: Sequence[Term], inputs: Sequence[str], m: Arithmetic, *, hoisted: bool = False
) -> Callable[[], Compiled]:
    """Return a factory for the function of numbers for ``inputs``, in that order; constants are made when it is called.

    hoisted: compute every subterm without a symbol there too; only where no operation raises an exception

    Raises KeyError for a term with a symbol that is not an input.
    """
    ops = operations(m)
    order = topological(*terms)
    if not all(map(ops.knows, {node.op for node in order})):
        terms = expanded(terms, ops.knows)
        order = topological(*terms)
    names: dict[Term, str] = {}
    called: dict[Function, str] = {}
    before: list[str] = []
    lines: list[str] = []
    arguments = {name: f"x{place}" for place, name in enumerate(inputs)}
    moving: set[Term] = set()
    for place, node in enumerate(order):
        if node.op == "symbol":
            if node.value not in arguments:
                raise KeyError(f"the term needs {node.value!r}, the inputs are {', '.join(inputs) or 'none'}")
            names[node] = arguments[node.value]
            moving.add(node)
            continue
        function, operands = ops.of(node)
        names[node] = f"v{place}"
        args = [names[a] for a in operands]
        if function in _INLINE:
            code = _INLINE[function].format(*args)
        else:
            code = f"{called.setdefault(function, f'f{len(called)}')}({', '.join(args)})"
        assignment = f"v{place} = {code}"
        if operands and not (hoisted and moving.isdisjoint(operands)):
            moving.add(node)
            lines.append(f" {assignment}")
        else:
            before.append(assignment)
    head = f"def program({', '.join(arguments.values())}):"
    results = "".join(f"{names[t]}, " for t in terms)
    whole = compile("\n".join([*before, head, *lines, f" return ({results})"]), f"<{m.name}>", "exec")

    def made() -> Compiled:
        scope: dict[str, Any] = {name: function for function, name in called.items()}
        exec(whole, scope)  # generated here, never user code
        return scope["program"]  # type: ignore[no-any-return]

    return made
