"""Rules of PyTorch on whole arrays: `torch.autograd.Function` and whatever autograd differentiates.

Nothing of autograd is imitated: the rule itself runs, on tensors of 64 bits, and below it every operation comes by a
mode that writes the program down (`verify.subjects.tensors.torch`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from backproof.verify.arrays.layouts import values_in
from backproof.verify.arrays.program import Node, contiguous
from backproof.verify.arrays.traced import Floats, Point, Traced, Unread, upstream
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.looked_at import source_of
from backproof.verify.subjects.tensors.code import Ran, TensorCode, is_float, shapes_of
from backproof.verify.subjects.tensors.torch.arguments import Arguments, Name, arguments, is_usual, with_state
from backproof.verify.subjects.tensors.torch.call import Record
from backproof.verify.subjects.tensors.torch.errors import explained
from backproof.verify.subjects.tensors.torch.passes import Pass, gradients_of, real
from backproof.verify.subjects.tensors.torch.storages import floats_of
from backproof.verify.subjects.tensors.torch.tape import Tape
from backproof.verify.subjects.tensors.torch.targets import Target, target_of
from backproof.verify.subjects.tensors.torch.watch import Watch
from backproof.verify.subjects.tensors.torch.widths import Wide, default_of_64_bits, narrowest, one_thread
from backproof.verify.support.errors import SubjectError, UsageError
from backproof.verify.terms.parser import nearest
from backproof.verify.tracing.source_code import reached

T = TypeVar("T")


def torch_code(
    function: Any,
    inputs: Mapping[str, Any] | Sequence[Any],
    name: str = "",
    wrt: Sequence[str] | None = None,
) -> TorchCode:
    """A function of PyTorch with its rule, for these inputs.

    function: a `torch.autograd.Function` or its `apply`, a module or a method of one, an operation of `torch.library`,
    or any differentiable function
    inputs: tensors, arrays of NumPy, and whatever else it takes, in order or by name
    wrt: what is differentiated, by name; every tensor of floats

    Raises UsageError for a name that is none of an input, and for what is no array of real numbers.
    """
    target = target_of(function)
    given = arguments(target.parameters, inputs)
    with_state(given, target.state)
    fixed = {given.state[key] for key, parameter in target.state.items() if not parameter.requires_grad}
    floats = [key for key in given.values if key in given.tensors and is_float(given.values[key])]
    chosen = [key for key in floats if key not in fixed] if wrt is None else list(wrt)
    for one in chosen:
        if one not in given.values:
            raise UsageError(f"wrt: {one!r} is not an input{nearest(one, tuple(given.values))}")
        if one not in floats:
            raise UsageError(f"wrt: {one} is no tensor of floats: pass torch.tensor(...) to have it differentiated")
    called = name or target.name
    command = f"verify.check({called}, inputs=...)"
    return TorchCode(called, command, given.values, tuple(chosen), target=target, arguments=given)


def derived(code: TorchCode) -> TorchCode:
    """The gradients of a rule, as a function of its inputs and upstream gradients: its own rule is the double backward.

    The upstream gradients are inputs g0, g1, ...; a gradient that is None is left out.  Raises what `forward` raises.
    """
    weights = upstream(shapes_of(code.forward(code.inputs)), 0)
    names = [_free(f"g{place}", code.inputs) for place in range(len(weights))]
    inputs = {**code.inputs, **dict(zip(names, weights, strict=True))}
    keywords = {name: Name(name) for name in inputs}
    given = Arguments(inputs, code.arguments.tensors | set(names), keywords=dict(keywords))
    function = gradients_of(code.target, code.arguments, code.wrt, names)
    target = replace(code.target, call=function, parameters=(), is_function=False, module=None, state={})
    name = f"the gradient of {code.name}"
    found = TorchCode(name, code.command, inputs, (*code.wrt, *names), target=target, arguments=given)
    found.has_requests = False  # its function asks for the gradients of all inputs itself
    return found


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name of an upstream gradient, that no input has."""
    return _free(f"upstream {name}", taken) if name in taken else name


MOST_ALONE = 100_000
"""Entries of the inputs up to which a rule is run in one thread."""


@dataclass(kw_only=True)
class TorchCode(TensorCode):
    """A function of PyTorch."""

    has_requests = True

    target: Target
    arguments: Arguments
    is_hooked: bool = True  # autograd may call hooks for what is saved: some transforms of PyTorch do not allow it
    is_wide: bool = True  # it runs with float64 for narrower formats: some code looks at the formats of its numbers

    # ------------------------------------------------------------------------------------------------------ floats

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        return self._tried(lambda wide: self._forward(inputs, wide))

    def _forward(self, inputs: Mapping[str, Any], wide: Wide) -> list[Floats]:
        one = Pass(self.arguments, self.wrt, inputs, is_hooked=False)
        with self._running(*self._formats(wide)):
            one.forward(self.target)
        return real(one.outputs)

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        return self._tried(lambda wide: self._ran(inputs, weights, layout, wide))

    def _ran(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str, wide: Wide) -> Ran:
        one = Pass(self.arguments, self.wrt, inputs, is_hooked=self.is_hooked, is_watched=True)
        with self._running(*self._formats(wide)):
            one.forward(self.target)
        one.weighted(weights, layout)
        with self._running(*self._formats(wide)):
            found = one.backward()
        gradients = {name: None if g is None else floats_of(g) for name, g in found.items()}
        for name in sorted(one.ignored):
            note = f"its backward returns a gradient for {name}, which is of integers: it is ignored"
            self.notes += [note] if note not in self.notes else []
        formats = narrowest([*one.outputs, *(g for g in found.values() if g is not None)])
        return Ran(real(one.outputs), gradients, formats, one.changed())

    def _formats(self, wide: Wide) -> list[Any]:
        return [default_of_64_bits(), wide] if self.is_wide else []

    @contextmanager
    def _running(self, *modes: Any) -> Iterator[None]:
        """Encloses a call of the code, under modes of PyTorch."""
        try:
            with subject_code, ExitStack() as stack:
                if self._is_small:
                    stack.enter_context(one_thread())
                for mode in modes:
                    stack.enter_context(mode)
                yield
        except SubjectError as error:
            raise explained(error, self.target, self.arguments) from error

    @property
    def _is_small(self) -> bool:
        return sum(x.size for x in self.inputs.values() if isinstance(x, np.ndarray)) <= MOST_ALONE

    def as_given(self, weights: Sequence[Floats]) -> Ran | None:
        usual = [is_usual(one) for one in self.arguments.originals.values()]
        if all(usual) or set(self.inputs) != set(self.arguments.values):
            return None
        one = Pass(self.arguments, self.wrt, self.inputs, is_hooked=False, as_given=True)
        with self._running():
            one.forward(self.target)
        one.weighted(weights, "contiguous")
        with self._running():
            found = one.backward()
        formats = narrowest([*one.outputs, *(g for g in found.values() if g is not None)])
        return Ran(real(one.outputs), {n: None if g is None else floats_of(g) for n, g in found.items()}, formats)

    def _tried(self, run: Callable[[Wide], T]) -> T:
        """What a run returns; if the code fails, without what we add to it and it may not stand."""
        wide = Wide()
        try:
            return run(wide)
        except SubjectError as error:
            if self.is_hooked and "saved tensor hooks" in str(error):
                self.is_hooked = False
                return self._tried(run)
            if not (self.is_wide and wide.widening.met):
                raise
        self.is_wide = False
        try:
            return self._tried(run)
        except SubjectError:
            self.is_wide = True
            raise

    # ------------------------------------------------------------------------------------------------------- nodes

    def trace(self, point: Point) -> Traced:
        if not self.is_wide:
            raise Unread("no reading of code that depends on the formats of its floats")
        return self._tried(lambda _: self._traced(point))

    def _traced(self, point: Point) -> Traced:
        tape = Tape()
        record, program = tape.record, tape.record.program
        one = Pass(self.arguments, self.wrt, point.inputs, is_hooked=self.is_hooked)
        for name in one.given:
            if name in self.arguments.tensors and is_float(self.inputs[name]):
                record.storages.write(one.given[name], program.leaf(name, floats_of(one.given[name])))
        with self._running(default_of_64_bits(), Watch(tape), tape):
            one.forward(self.target)
        values = real(one.outputs)
        outputs = [record.node(out) for out in one.outputs]
        drawn = upstream(shapes_of(values), point.seed)
        weights = [
            self._upstream(record, _free(f"g{place}", self.inputs), tensor, values_in(weight, point.layout))
            for place, (tensor, weight) in enumerate(zip(one.weighted(drawn, point.layout), drawn, strict=True))
        ]
        with self._running(default_of_64_bits(), Watch(tape), tape):
            found = one.backward()
        return Traced(
            program,
            {name: leaf.node for name, leaf in program.leaves.items() if name in self.inputs},
            outputs,
            weights,
            {name: None if g is None else record.node(g) for name, g in found.items()},
            values,
            {name: None if g is None else floats_of(g) for name, g in found.items()},
            record.margins,
            record.decisions,
            [f"{', '.join(sorted(tape.widening.met))} in its code is run as float64"] if tape.widening.met else [],
        )

    def _upstream(self, record: Record, name: str, tensor: Any, values: Floats) -> Node:
        """The node of an upstream gradient: its leaf; where one entry stands for an axis, a view of the first ones."""
        leaf = record.program.leaf(name, values)
        stored = tensor[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in tensor.stride())]
        record.storages.write(stored, record.program.view(leaf, 0, stored.shape, contiguous(leaf.shape)))
        return record.node(tensor)

    # ------------------------------------------------------------------------------------------------------ source

    @property
    def source(self) -> Source:
        return source_of(self.target.rule)

    def written(self) -> tuple[str, ...]:
        return (self.source.text,)

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(*self.target.texts)
