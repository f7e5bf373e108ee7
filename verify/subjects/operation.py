"""An operation under verification: a forward, a rule, and a way to run both on any kind of number.

On scalars (`Operation`), or on arrays so large that they are run whole (`ArrayOperation`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from backproof.verify.numerics.allowed import Allowed
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import cross, subject_code
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, kind_of
from backproof.verify.terms.ledger import Entry, Ledger
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Condition, Term, at_most, keeping, symbol, term
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.stopped import Stopped

if TYPE_CHECKING:
    from backproof.verify.evaluate.stepwise import At
    from backproof.verify.mirror.table import Spec
    from backproof.verify.numerics.lattices import Sample
    from backproof.verify.subjects.small_graphs import Graph


@dataclass(frozen=True)
class Run:
    """One forward and one backward pass through an operation.

    out: the forward value; gradients: each operand's gradient afterwards (including what was accumulated before)
    data, out_after, upstream_after: the operands' data, the forward value and the gradient of the output
        afterwards, which a rule must not modify
    """

    out: Any
    gradients: tuple[Any, ...]
    data: tuple[Any, ...]
    out_after: Any
    upstream_after: Any


@dataclass(frozen=True)
class Line:
    """A function of one number, whose slope at 0 is what a rule claims.  rates: at which operands move along it."""

    function: Callable[[float], float]
    rates: Mapping[int, float]


@dataclass(frozen=True)
class Traced:
    """An operation run on symbols, over all its branches.

    forward: the value in terms of the inputs
    gradients: each operand's gradient after the rule has run on upstream gradient `g`, with `acc_<input>` before
    leaks: what the code may have learned of a symbol that these terms do not record; guards: events of floats that it
        asks about; asked: the terms that the guards ask about; formats: narrow ones that it converts to (see
        `verify.terms.ledger`)
    """

    inputs: tuple[str, ...]
    forward: Term
    gradients: tuple[Term, ...]
    leaks: tuple[Entry, ...] = ()
    guards: tuple[Entry, ...] = ()
    asked: tuple[Term, ...] = ()
    formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Together:
    """An operation at many points, run once: its values and derivatives as columns of floats.

    doubtful: the points where a run on floats may raise instead, which must be evaluated one by one
    """

    out: NDArray[np.float64]
    partials: tuple[NDArray[np.float64], ...]
    doubtful: NDArray[np.bool_]


class BaseOperation(ABC):
    """What every operation has, on scalars or arrays: its entry in a report, and how a user verifies it again."""

    name: str
    inputs: tuple[str, ...]
    command = "python -m verify"  # how a user verifies this operation again
    kind: ClassVar[str] = "numbers"  # which checks are made: a key of `verify.checks.table.TABLES`
    problem = ""  # why it cannot be verified at all, such as a text that does not parse
    note = ""  # what is told beside its verdicts, a warning
    stopped = False  # it hung or ended its process in its first run, and is not run again
    own_definition = False  # it is compared with its own forward, in the absence of a definition
    bounds: Bounds = MappingProxyType({})  # of inputs: where it is checked on floats, and taken for the working range
    takes_bounds = True  # it honours them
    allowed: Allowed | None = None  # where its functions may be called, if a user said so
    domain_known = True  # it is known where it is meant; where not, no point refutes it
    surrogate = ""  # the function, as text, whose derivative its rule is declared to be, if not its forward's

    def __init_subclass__(cls, **options: Any) -> None:
        """Our adapters place the boundary around each call; an adapter from outside is user code as a whole."""
        super().__init_subclass__(**options)
        if not cls.__module__.startswith("backproof."):
            for name in RUNNING:
                if isinstance(method := vars(cls).get(name), FunctionType):
                    setattr(cls, name, _guarded(method))

    @property
    def compared(self) -> str:
        """What its rule is the derivative of, in a word."""
        return "surrogate" if self.surrogate else "forward"

    def bounded_names(self) -> dict[str, tuple[str, ...]]:
        """What a user may bound, and the inputs that each name stands for: the entries of an array, for example."""
        return {name: (name,) for name in self.inputs}

    @property
    @abstractmethod
    def source(self) -> Source:
        """The source location of the rule."""

    @abstractmethod
    def written(self) -> tuple[str, ...]:
        """The rule as written, one line per input."""

    def code_texts(self) -> list[tuple[str, str]]:
        """The functions that forward and rule are made of, each with its name and its text; none where there is none.

        A certificate is tied to them.
        """
        return []

    def source_of(self, operand: str) -> Source:
        """The source location of the rule for one operand, if known."""
        return self.source

    def remembers(self) -> tuple[str, list[tuple[str, str]]] | None:
        """What its rule depends on beside its arguments, and the evidence; None where nothing shows."""
        return None

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        """How a user reproduces this point; the point is exact, an operand's name -> its float in hex."""
        at = " ".join(f"--point {name}={value}" for name, value in point.items())
        return f"{self.command} --seed {seed} {at}"


class Operation(BaseOperation):
    """One scalar operation, with its constants fixed."""

    constants: tuple[Any, ...] = ()
    compiled = False  # its floats come from another program than its trace: a kernel, which is audited
    flush_to_zero_below = 0.0  # an intermediate below it may become 0: floats without subnormal numbers
    sampled_region: Condition | None = None  # where it is checked on floats, if not on its whole domain
    near_its_name = False  # its forward may be only nearly the function of its name
    raises_outside = False  # an error of its own, as in ``if y == 0: raise``, says that there is no value
    of_entries = False  # its inputs are entries of arrays
    keeps_policy = False  # the user declared its derivatives at kinks
    arriving: tuple[str, ...] = ()  # inputs that are the upstream gradient: a 0 there is not a kink
    held: frozenset[str] = frozenset()  # inputs by which nothing is differentiated, and no gradient is expected
    returns_derivative = False  # its rule is handed over as a derivative, which no upstream gradient arrives at
    likely = ""  # what is wrong with it, where that is proved
    wanted = ""  # what its rule must be, in words, if not the derivative of its definition
    remark = ""  # what is told beside a proof
    assumed: tuple[Condition, ...] = ()  # what its code takes for granted, by its last trace
    own_pass = "backward()"  # what runs the subject's own pass
    leaked: tuple[Entry, ...] = ()  # what its code may have learned of symbols, by its last trace
    matches_mirror_kinks = False  # at kinks it returns what its spec declares, not just a valid subgradient

    @abstractmethod
    def run(
        self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None
    ) -> Run:
        """The operation on ``data``, its rule given ``upstream``, with ``before`` in the operands' gradients.

        Raises SubjectError if the subject's own code fails, as do all methods that run that code.
        """

    def written(self) -> tuple[str, ...]:
        """The rule as written, one formula per operand; from the trace if the source does not show it."""
        data = [symbol(name) for name in self.inputs]
        try:
            rules = explore(lambda: terms_of(*self.run(data, upstream=1).gradients))
        except NO_TRACE as error:
            return (f"(does not run on symbols: {kind_of(error)})",) * len(self.inputs)
        return tuple(written(rule, READABLE) for rule in rules)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        """What `run` returns at many points, bit for bit; None where only `run` itself can compute it."""
        return None

    def forward(self, *data: Any) -> Any:
        """The forward value alone."""
        return self.run(data).out

    def partials(self, *data: Any) -> tuple[Any, ...]:
        """The local derivatives at a point: the gradients for an upstream gradient of one."""
        return self.run(data).gradients

    def coordinates(self, point: Sequence[Any]) -> list[tuple[str, Any]]:
        """A point as a reader knows it: names and numbers, which may be others than the operands."""
        return list(zip(self.inputs, point, strict=True))

    def line(self, point: Sequence[float], i: int) -> Line | None:
        """What finite differences by operand ``i`` are taken of; None where that is the forward, by that operand."""
        return None

    def format_of_results(self) -> str:
        """The narrowest format of floats among what it returns on floats, where that shows."""
        return "float64"

    def constants_of_code(self) -> tuple[float, ...]:
        """The numbers that its code mentions, where they are known beside those in its trace."""
        return ()

    def run_shared(self, value: Any, *, upstream: Any = 1.0) -> Any:
        """The gradient of one leaf that is passed as every operand; None if the subject does not support that."""
        return None

    def run_among(self, data: Sequence[Any], others: Sequence[Any], *, upstream: Any = 1.0) -> Run | None:
        """`run` on ``data``, but the operation is applied to ``others`` between the forward and the rule.

        None if the subject keeps no state between the two that could be lost.
        """
        return None

    def unreached(self) -> tuple[str, ...]:
        """The operands that a backward pass from the result would not reach."""
        return ()

    def through(self, *data: Any) -> tuple[Any, ...] | None:
        """The operands' gradients by the subject's own backward pass; None if it has none."""
        return None

    def siblings(self) -> Mapping[str, Operation]:
        """The operations of the same subject that graphs can be made of, by their names; none without graphs."""
        return {}

    def on_graph(self, graph: Graph, *, down: bool = False) -> tuple[float, ...] | None:
        """The leaves' gradients after the subject's own pass through a graph; None if it has no pass.

        down: with sets of nodes in another order
        """
        return None

    def by_rules(self, graph: Graph) -> tuple[float, ...] | None:
        """The leaves' gradients by the rules alone, run in our order; None if the subject has no rules to run."""
        return None

    def again_on_graph(self, graph: Graph, expected: Sequence[float]) -> dict[str, tuple[float, ...]]:
        """The leaves' gradients after later passes, by what these are on."""
        return {}

    def reflected(self, number: float, value: Any) -> tuple[Any, Any] | None:
        """Forward and gradient of ``number`` f leaf (2 - x); None if the subject has no such form."""
        return None

    def beside(self, value: Any, number: float) -> tuple[Any, Any] | None:
        """Forward and gradient of leaf f ``number`` (x - 2); None if the subject has no such form."""
        return None

    def traced(self) -> Traced:
        """The operation on symbols.

        Raises SubjectError if the subject's code cannot be traced: TooManyPaths for a loop on a symbol.
        """
        data = [symbol(name) for name in self.inputs]
        before = [symbol(f"acc_{name}") for name in self.inputs]

        def run() -> tuple[Term, ...]:
            result = self.run(data, upstream=symbol("g"), before=before)
            return terms_of(result.out, *result.gradients)

        ledger = Ledger(arrays=self.of_entries)
        try:
            with keeping(ledger), at_most(MOST_TERMS):
                forward, *gradients = explore(run, gaps=self.raises_outside)
        except SubjectError as error:
            if type(error) is SubjectError:  # the code raised, and the tracer has not said why
                raise Stopped(error, ledger) from error
            raise
        finally:
            self.leaked, self.assumed = tuple(ledger.leaks), tuple(ledger.assumed)
        asked = dict.fromkeys(term for terms in ledger.asked.values() for term in terms)
        entries = tuple(ledger.leaks), tuple(ledger.asked)
        return Traced(self.inputs, forward, tuple(gradients), *entries, tuple(asked), tuple(ledger.formats))


class CompiledOperation(Operation):
    """An operation with a kernel: a compiled program of its own, which takes a batch of points and a format."""

    compiled = True

    @abstractmethod
    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        """Values and derivatives at a batch of points by the kernel for ``dtype``, all as arrays of float64."""


Shape = tuple[int, ...]
"""Of an array; () for a scalar."""

Arrays = dict[str, Any]
"""Arrays of floats, or scalars, by their names."""


class ArrayOperation(BaseOperation):
    """An operation on whole arrays at fixed shapes, too large to be checked entry by entry.

    It has its own checks (`verify.checks.table.OF_ARRAYS`), and no spec: its forward is compared with another function,
    or is its own definition.

    inputs: the names of its arrays; upstream: the name of the upstream gradient
    shapes: of its inputs; out_shape: of its value; sizes: the number of entries of each input, and of the upstream
        gradient; domain: where it is checked, a condition on the entries
    """

    shapes: dict[str, Shape]
    sizes: dict[str, int]
    out_shape: Shape
    upstream: str
    domain: Condition
    kind = "arrays"
    takes_bounds = False  # unless its `samples` lie between them
    as_it_is = False  # its forward has no trace for all points: along the path of one it may be an approximation

    wrt: tuple[str, ...]
    """The inputs that are differentiated."""

    @property
    @abstractmethod
    def case(self) -> str:
        """The shapes in readable form, which distinguish its cases: x: 768, or a: 16×16, b: 16×8."""

    @abstractmethod
    def samples(self, seed: int, *, far: bool = False) -> Iterator[Sample]:
        """Points for all of its arrays, and for the upstream gradient."""

    def reach(self, arrays: Arrays, direction: Arrays) -> tuple[float, float]:
        """How far a difference may go against and along a direction of its inputs."""
        return -math.inf, math.inf

    @abstractmethod
    def values(self, arrays: Arrays) -> Any:
        """The forward on floats, called with copies; where it has a surrogate, that."""

    def out(self, arrays: Arrays) -> Any:
        """What the backward is given as the forward's output."""
        return self.values(arrays)

    @abstractmethod
    def partials(self, arrays: Arrays) -> Arrays:
        """The gradients on floats of Σ w·f(x), each an array; forward and backward are called with copies."""

    @abstractmethod
    def returned(self, given: Arrays) -> Arrays:
        """What the backward alone returns for given arrays: the inputs, the value ``out`` and ``g``."""

    @abstractmethod
    def symbols(self, name: str) -> list[Term]:
        """The entries of an input, or of the upstream gradient, as symbols."""

    @abstractmethod
    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        """Outputs, gradients and the definition, on symbols, along the path of the point ``at``.

        Raises SubjectError if the subject's own code cannot be traced: OnKink, TooManyTerms among others.
        """

    @abstractmethod
    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        """The same rule at small shapes, where it is a scalar operation of all its entries, with its spec.

        Raises UsageError if it is not one there, or too large.
        """


def terms_of(*results: Any) -> tuple[Term, ...]:
    """What a subject returned on symbols.  Raises SubjectError for a value that is not a number."""
    with subject_code:
        return tuple(map(term, results))


RUNNING = frozenset(
    {
        *("run", "forward", "partials", "batch", "at_once", "run_shared", "run_among", "unreached", "through"),
        *("on_graph", "by_rules", "again_on_graph", "reflected", "beside", "values", "answered", "along"),
    }
)
"""The methods that run a subject's code."""


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method inside the boundary; a UsageError is the adapter's message to its user, and propagates."""

    @wraps(method)
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return method(*arguments, **options)
        except UsageError:
            raise
        except BaseException as error:  # the boundary
            cross(error)

    return guarded


MOST_TERMS = 200_000
"""Most terms of one run on symbols, of forward and rule: the reference and the trials need a few times as many."""

READABLE = 150
"""Most steps of a formula that is shown in a line of a report; an unrolled loop has thousands."""


INPUT_NAMES = ("x", "y", "z", "u", "v", "w")
"""The operands of an operation, in order, if it has no names of its own."""
