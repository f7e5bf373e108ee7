"""The natural domain of a formula: the condition on its inputs under which it has a real value.

It is the conjunction of what the primitives in it require of their arguments.  A branch of a `where` counts where it is
taken, a condition's second half where the first does not decide it, and a branch given as NaN or infinite has no value.
"""

from __future__ import annotations

from backproof.verify.numerics.alternatives import Alternatives, TooMany, both, stated
from backproof.verify.numerics.quotients import Quotients
from backproof.verify.numerics.solve import Solver
from backproof.verify.proof.field.algebra import TooHard
from backproof.verify.proof.obligation import among_reals
from backproof.verify.terms.conditions import conjunction, conjuncts, negated
from backproof.verify.terms.definitions import domain
from backproof.verify.terms.ops import PRIMITIVES
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, compare, symbols_of, topological

MOST_PARTS = 200  # conditions that are solved and compared with each other


def natural_domain(root: Term) -> Condition:
    """Where the term has a value, in the shortest form found; TRUE where that is everywhere."""
    (meant,) = among_reals((root,))
    return simplified(_needed(meant))


def _needed(root: Term) -> Condition:
    """The unsimplified condition: all requirements of every part that is computed."""
    found: dict[Term, Condition] = {}
    for node in topological(root):
        found[node] = _of_node(node, found)
    return found[root]


def _of_node(node: Term, found: dict[Term, Condition]) -> Condition:
    parts = [found[a] for a in node.args]
    match node.op:
        case "where":
            condition, *_ = node.args
            of_condition, *branches = parts
            return _and(of_condition, _chosen(condition, *branches))
        case "and" | "or":  # the second half counts where the first does not decide
            open_ = node.args[0] if node.op == "and" else negated(node.args[0])
            return _and(parts[0], _chosen(open_, parts[1], TRUE))
    return conjunction(dict.fromkeys((*parts, _asked(node))))


def _chosen(condition: Term, a: Condition, b: Condition) -> Condition:
    """``a`` where the condition holds, ``b`` where it does not."""
    assert isinstance(condition, Condition)
    return a if a is b else _or(_and(condition, a), _and(negated(condition), b))


def _and(a: Condition, b: Condition) -> Condition:
    return FALSE if FALSE in (a, b) else conjunction((a, b))


def _or(a: Condition, b: Condition) -> Condition:
    return TRUE if TRUE in (a, b) else b if a is FALSE else a if b is FALSE else a | b


def _asked(node: Term) -> Condition:
    """What one primitive requires of its arguments."""
    if node.op == "special":
        return FALSE  # an infinity or NaN is not a real number
    if node.op == "pow" and not symbols_of(node.args[1]):
        return _power(*node.args)
    return domain(node.op)(*node.args) if node.op in PRIMITIVES else TRUE


def _power(base: Term, exponent: Term) -> Condition:
    """With a constant exponent, which may be written as -1 or 1/3; a variable exponent requires a base above 0."""
    n = Quotients().of(exponent).constant()
    if n is not None and n.denominator == 1:
        return TRUE if n >= 0 else compare("ne", base, 0)
    return compare("ge", base, 0) & (compare("gt", exponent, 0) | compare("gt", base, 0))


def simplified(condition: Condition) -> Condition:
    """The same condition in a shorter form, where one is found."""
    parts = list(conjuncts(condition))
    if len(parts) > MOST_PARTS:
        return condition
    solver = Solver()
    factors: list[Alternatives] = []
    unsolved: list[Condition] = []
    for part in parts:
        try:
            factors = _with_another(factors, solver.solved(part))
        except (TooMany, TooHard):
            unsolved.append(part)
    return conjunction((*map(stated, factors), *unsolved))


def _with_another(factors: list[Alternatives], new: Alternatives) -> list[Alternatives]:
    """Conditions that all hold: combined where that does not increase the number of alternatives, else kept apart."""
    apart = []
    for factor in factors:
        try:
            joined = both(factor, new)
        except TooMany:
            apart.append(factor)
            continue
        if len(joined) <= max(len(factor), len(new)):
            new = joined
        else:
            apart.append(factor)
    return [*apart, new]
