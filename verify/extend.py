"""Everything that an external adapter may import: `docs/adapters.md` is the guide, with an example.

    from backproof.verify.extend import Cases, Operation, Run, Source, formula_spec, symbol

A subject, which is what an adapter returns:

    Subject              a name, and its operations with their specs: any class with `name` and `operations()`
    Cases                a subject made of a name and a tuple of such operations with their specs
    PartedSubject        a subject whose code runs in processes started anew, and never in a fork: a framework's
    pair                 two functions of Python, a forward and a backward, as an operation with its spec

Operations, to derive a class of:

    Operation            an operation of numbers: its name, its inputs, the location of its rule, and `run`
    CompiledOperation    one with a compiled kernel, which takes a batch of points and a format as well
    ArrayOperation       one of whole arrays at fixed shapes; it has no spec
    Run                  the results of one forward and one backward pass, and their data afterwards
    Source               the location of a rule: file, line, the line's text
    INPUT_NAMES          x, y, z, ...: the inputs of an operation that has no names of its own for them

Specs, which define what an operation computes:

    Spec                 the type of all specs
    formula_spec         the spec of a definition that is a term, with its domain and its kinks
    natural_domain       where a definition has a value: the domain of a spec that states none
    spec_from_forward    the spec of an operation's own forward, where no definition is given
    FormulaKink          a kink that the definition does not show, and the value expected there

Terms, of which definitions and domains are made:

    Term                 an exact expression; Python's operators make larger ones: 2 * symbol("x") ** 3
    Condition            a comparison, or several with & and |
    symbol               an input, by its name
    constant             a number: a float is the binary fraction that it is
    apply                a function by its name: apply("tanh", symbol("x"))
    compare              a comparison by its name: compare("ge", symbol("x"), 0)
    where                one term where a condition holds, and another where it does not
    TRUE                 the condition that always holds
    expression           a term from text: expression("x*tanh(y)", ("x", "y"))
    condition            a condition from text: condition("x > 0", ("x",))
    from_sympy           a term from a SymPy expression

Number types, on which rules run unchanged:

    Arithmetic           the functions of one number type, by the names that `math` gives them
    FLOATS               those of Python's own floats
    register             from now on data of this type uses that arithmetic
    arithmetic           the arithmetic that fits some data, which is how a rule finds its functions

Errors:

    UsageError           invalid arguments: it ends with exit code 2, and is not a failed rule
"""

from __future__ import annotations

from backproof.engine.arithmetic import FLOATS, Arithmetic, arithmetic, register
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.results.findings import Source
from backproof.verify.run.targets import pair
from backproof.verify.subjects.functions.formulas import FormulaKink, formula_spec
from backproof.verify.subjects.functions.own_forward import spec_from_forward
from backproof.verify.subjects.operation import INPUT_NAMES, ArrayOperation, CompiledOperation, Operation, Run
from backproof.verify.subjects.subject import Cases, PartedSubject, Subject
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import TRUE, Condition, Term, apply, compare, constant, symbol, where

# fmt: off
__all__ = [  # noqa: RUF022 - in the order in which the docstring has them
    "Subject", "Cases", "PartedSubject", "pair",
    "Operation", "CompiledOperation", "ArrayOperation", "Run", "Source", "INPUT_NAMES",
    "Spec", "formula_spec", "natural_domain", "spec_from_forward", "FormulaKink",
    "Term", "Condition", "symbol", "constant", "apply", "compare", "where", "TRUE",
    "expression", "condition", "from_sympy",
    "Arithmetic", "FLOATS", "register", "arithmetic",
    "UsageError",
]
# fmt: on
