"""Ways out of PyTorch: numbers that leave a traced tensor would be constants to the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.overrides import TorchFunctionMode

from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.lines import calling_line
from backproof.verify.subjects.tensors.torch.tape import Tape
from backproof.verify.subjects.tensors.torch.trees import leaves

_NAMES = """
numpy tolist data_ptr untyped_storage storage _typed_storage share_memory_ apply_ map_ map2_ __array__ __dlpack__
__deepcopy__ __reduce_ex__
"""

WAYS_OUT = frozenset(_NAMES.split())
"""Methods of a tensor that hand out its memory; PyTorch does not dispatch them as operations."""

MAKERS = frozenset({"tensor", "as_tensor", "asarray", "new_tensor"})
"""Functions that read numbers out of the tensors in a list."""

SHOWN = frozenset({"__repr__", "__format__"})


class Watch(TorchFunctionMode):  # type: ignore[misc]
    """Refuses them, by name, for tensors whose numbers are in the program."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape
        tape.watch = self

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in WAYS_OUT and args and self._tape.knows(args[0]):
            raise Unread(f"no reading of Tensor.{name}: its numbers leave PyTorch{calling_line()}")
        if name in MAKERS and any(map(self._tape.knows, _listed(args))):
            raise Unread(f"no reading of torch.{name} of a list: torch.stack is of tensors, too{calling_line()}")
        if name in SHOWN:
            with self._tape.silence():
                return function(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


def _listed(args: Sequence[Any]) -> list[Any]:
    return leaves([one for one in args if isinstance(one, (list, tuple))])
