"""One forward and backward pass of somebody's rule: what goes in, what comes out, and what was written into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch

from backproof.verify.arrays.layouts import laid_out, values_in
from backproof.verify.arrays.traced import Floats
from backproof.verify.subjects.tensors.torch.arguments import Arguments, as_it_lies, tensor_of
from backproof.verify.subjects.tensors.torch.storages import floats_of, is_float
from backproof.verify.subjects.tensors.torch.targets import Target
from backproof.verify.subjects.tensors.torch.trees import leaves
from backproof.verify.support.errors import UsageError


class Pass:
    """Fresh tensors with these values, and what the function makes of them.

    leaves: the tensors that are differentiated, by name; given: what is passed, which are copies of these, so that a
    function may write into its arguments
    outputs: the tensors of floats that it returned and that depend on the leaves
    ignored: the tensors of integers for which a Function returned a gradient
    is_watched: it is to be known what was written into; is_hooked: there may be hooks on what is saved
    as_given: the tensors are in the formats and with the strides that they were given in
    """

    def __init__(
        self,
        arguments: Arguments,
        wrt: Sequence[str],
        values: Mapping[str, Any],
        *,
        is_watched: bool = False,
        is_hooked: bool = True,
        as_given: bool = False,
    ) -> None:
        self._arguments, self._is_watched, self._is_hooked = arguments, is_watched, is_hooked
        known = {name: value for name, value in arguments.values.items() if name in arguments.tensors}
        tensors = {name: tensor_of(values[name], value) for name, value in known.items()}
        if as_given:
            tensors.update({name: as_it_lies(one) for name, one in arguments.originals.items()})
        self.leaves = {name: tensors[name].requires_grad_() for name in wrt}
        self.given = {name: values[name] for name in arguments.values}
        self.given.update({name: one.view_as(one) if as_given else one.clone() for name, one in tensors.items()})
        self.outputs: list[Any] = []
        self.ignored: set[str] = set()
        self._weights: list[Any] = []
        self._watched = [_Watched(name, self.given[name]) for name in tensors] if is_watched else []
        self._saved: list[_Watched] = []
        self._buffers: dict[str, Any] = {}

    def forward(self, target: Target) -> None:
        """Runs it.

        With hooks on what is saved, autograd does not refuse what was written into since: that is told by `changed`.
        """
        self._buffers = target.buffers()
        hooks = (self._pack, _unpack) if self._is_watched else (_same, _same)
        with torch.autograd.graph.saved_tensors_hooks(*hooks) if self._is_hooked else nullcontext():
            returned = _returned(target, self._arguments, self.given, self._buffers)
        self.outputs = _differentiated(returned)
        if self._is_watched:
            self._watched = [one for one in self._watched if not any(one.tensor is out for out in returned)]
            self._watched += _attributes(self.outputs)
            if target.is_function:
                self._listen()

    def _listen(self) -> None:
        """Notes gradients that a Function returns for integers."""
        names = self._arguments.among_positional()

        def hook(gradients: Sequence[Any], _: Sequence[Any]) -> None:
            for name, gradient in zip(names, gradients, strict=False):
                if gradient is not None and not is_float(self.given[name]):
                    self.ignored.add(name)

        for node in {one.grad_fn for one in self.outputs}:
            if isinstance(node, torch.autograd.function.BackwardCFunction):
                node.register_hook(hook)

    def weighted(self, weights: Sequence[Floats], layout: str) -> list[Any]:
        """The upstream gradients, as tensors that lie in memory as the layout says."""
        if len(weights) != len(self.outputs):
            raise UsageError(f"{len(weights)} upstream gradients for {len(self.outputs)} outputs")
        for place, weight in enumerate(weights):
            laid = laid_out(values_in(weight, layout), layout)
            buffer = torch.from_numpy(laid.buffer)
            if self._is_watched:
                self._watched.append(_Watched(_numbered("the upstream gradient", place, len(weights)), buffer))
            laid_there = buffer.as_strided(laid.shape, laid.strides, laid.offset)
            self._weights.append(laid_there.to(self.outputs[place].dtype))
        return self._weights

    def backward(self) -> dict[str, Any]:
        """The gradients, as tensors, None where there is none."""
        found = _gradients(self.outputs, self._weights, list(self.leaves.values()))
        dense = (one.to_dense() if one is not None and one.layout is not torch.strided else one for one in found)
        return dict(zip(self.leaves, dense, strict=True))

    def changed(self) -> tuple[str, ...]:
        """What has other values than at the beginning: inputs, upstream gradients, and what was saved and then used."""
        used = [one for one in self._saved if one.is_used and not self._is_buffer(one.tensor)]
        return tuple(dict.fromkeys(one.name for one in [*self._watched, *used] if one.has_changed()))

    def _is_buffer(self, tensor: Any) -> bool:
        """Whether it is the state of a module, which a pass may change."""
        return any(_shared(tensor, buffer) for buffer in self._buffers.values())

    def _pack(self, tensor: Any) -> _Watched:
        of = [name for name, given in self.given.items() if isinstance(given, torch.Tensor) and _shared(given, tensor)]
        self._saved.append(_Watched(of[0] if of else f"a saved tensor of shape {tuple(tensor.shape)}", tensor))
        return self._saved[-1]


def gradients_of(target: Target, arguments: Arguments, wrt: Sequence[str], upstream: Sequence[str]) -> Any:
    """A function of all inputs and of upstream gradients, by their names: the gradients, which can be differentiated.

    0 times the upstream gradients is added to each, so that one that the rule cut off is differentiated, too.
    """

    def function(**values: Any) -> list[Any]:
        outputs = _differentiated(_returned(target, arguments, values, target.buffers()))
        weights = [values[name] for name in upstream]
        slopes = _gradients(outputs, weights, [values[name] for name in wrt], again=True)
        found = [one for one in slopes if one is not None]
        if any(type(node).__name__ == "Error" for node in _nodes(found)):
            raise UsageError("its backward is marked with @once_differentiable: it has no second derivative")
        nothing = sum(weight.reshape(-1)[:0].sum() for weight in weights)
        return [one + nothing for one in found]

    return function


def _returned(target: Target, arguments: Arguments, values: Mapping[str, Any], buffers: Mapping[str, Any]) -> list[Any]:
    """The tensors that the function returns."""
    args, named = arguments.passed(values)
    parameters = {name: values[known] for name, known in arguments.state.items()}
    function = target.with_state({**buffers, **parameters})
    return [one for one in leaves([function(*args, **named)]) if isinstance(one, torch.Tensor)]


def _differentiated(returned: Sequence[Any]) -> list[Any]:
    if any(one.is_complex() and one.requires_grad for one in returned):
        raise UsageError("it returns complex numbers: return their real and imaginary parts")
    return [one for one in returned if is_float(one) and one.requires_grad]


def _gradients(outputs: Sequence[Any], weights: Sequence[Any], inputs: Sequence[Any], *, again: bool = False) -> Any:
    """The gradients, None where there is none; ``again``: they can be differentiated in turn.

    It is the engine that is called, since the functions of `torch.autograd` around it are operations to a mode, which
    then does not see what the rule calls.
    """
    engine = torch.autograd.Variable._execution_engine
    return engine.run_backward(tuple(outputs), tuple(weights), again, again, tuple(inputs), True, False)


class _Watched:
    """A tensor, with a copy of what it is at first."""

    def __init__(self, name: str, tensor: Any) -> None:
        self.name, self.tensor, self.is_used = name, tensor, False
        self._before = tensor.detach().clone()

    def has_changed(self) -> bool:
        now = self.tensor.detach()
        same = (now == self._before) | ((now != now) & (self._before != self._before))
        return not bool(same.all())


def _same(tensor: Any) -> Any:
    return tensor


def _unpack(saved: _Watched) -> Any:
    saved.is_used = True
    return saved.tensor


def _nodes(tensors: Iterable[Any]) -> list[Any]:
    """The nodes of autograd's graph behind some tensors."""
    waiting, found = [one.grad_fn for one in tensors], dict[Any, None]()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found[node] = None
            waiting += [before for before, _ in node.next_functions]
    return list(found)


def _attributes(outputs: Iterable[Any]) -> list[_Watched]:
    """The tensors that the rules behind the outputs keep as attributes of their ctx."""
    rules = [node for node in _nodes(outputs) if isinstance(node, torch.autograd.function.BackwardCFunction)]
    kept = [(name, one) for rule in rules for name, value in vars(rule).items() for one in leaves([value])]
    return [_Watched(f"ctx.{name}", one) for name, one in kept if isinstance(one, torch.Tensor)]


def _shared(a: Any, b: Any) -> bool:
    return bool(a.untyped_storage()._cdata == b.untyped_storage()._cdata)


def _numbered(what: str, place: int, count: int) -> str:
    return what if count == 1 else f"{what} {place}"


def real(tensors: Iterable[Any]) -> list[Floats]:
    """Their numbers, as arrays of NumPy."""
    return [floats_of(one) for one in tensors]
