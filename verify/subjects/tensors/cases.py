"""Rules of whole arrays from the arguments of `check`: which front end reads them, at which inputs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

from backproof.verify.numerics.working_range import Bounds
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks import framework_of
from backproof.verify.subjects.functions.arguments import bounds_of, is_function
from backproof.verify.subjects.functions.looked_at import name_of
from backproof.verify.subjects.subject import Cases
from backproof.verify.subjects.tensors.code import TensorCode, is_float
from backproof.verify.subjects.tensors.defined import DefinedCode
from backproof.verify.subjects.tensors.first_inputs import first_inputs
from backproof.verify.subjects.tensors.operation import TensorOperation
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.terms.parser import nearest

FRAMEWORKS = ("torch", "jax")
"""Those whose rules are run on whole arrays."""

MOST_ENTRIES = 10**8
"""Of all inputs together: a run on floats of more of them does not fit into memory."""


def tensor_framework(function: Any, inputs: Any) -> str:
    """The framework of a function of whole arrays: its own, or that of the arrays it is given; "" for neither."""
    owner = function if framework_of(function) else getattr(function, "__self__", None)
    own = framework_of(owner) if owner is not None else ""
    if own in FRAMEWORKS:
        return own
    arrays = (found for x in _leaves(inputs) if (found := framework_of(x)) in FRAMEWORKS)
    return next(arrays, "") or next(_mentioned(function), "")


def _leaves(inputs: Any) -> Iterator[Any]:
    """What stands in lists, tuples and dictionaries."""
    if isinstance(inputs, Mapping):
        inputs = tuple(inputs.values())
    if not isinstance(inputs, (list, tuple)):
        yield inputs
        return
    for one in inputs:
        yield from _leaves(one)


def _mentioned(function: Any) -> Iterator[str]:
    """The frameworks of what the code of a Python function mentions: a module, a function with a rule of its own."""
    plain = inspect.unwrap(getattr(function, "__func__", function)) if callable(function) else None
    code = getattr(plain, "__code__", None)
    if code is None:
        return
    known = {**getattr(plain, "__globals__", {}), **_closed_over(plain)}
    for name in (*code.co_names, *code.co_freevars):
        value = known.get(name)
        root = value.__name__.partition(".")[0] if isinstance(value, ModuleType) else framework_of(value)
        if root in FRAMEWORKS:
            yield root


def _closed_over(function: Any) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it is not filled yet
            found[name] = cell.cell_contents
    return found


def tensor_cases(
    function: Any,
    framework: str,
    *,
    inputs: Any = None,
    shapes: Mapping[str, Any] | None = None,
    dtypes: Mapping[str, str] | None = None,
    names: Sequence[str] = (),
    wrt: str | Sequence[str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    definition: Any = None,
    surrogate: Any = None,
    name: str = "",
    seed: int = 0,
    order: int = 1,
    command: str = "",
) -> Cases:
    """A function of PyTorch or JAX with its own rule, at the inputs that are given, or drawn in these shapes.

    order: 2 for the derivative of the rule as well, as a second differentiation takes it

    Raises UsageError.
    """
    if order not in (1, 2):
        raise UsageError(f"order: {order!r} is neither 1 nor 2")
    if shapes is not None and not isinstance(shapes, Mapping):
        raise UsageError(f'shapes: {shapes!r} names no inputs: write {{"x": (2, 3)}}')
    if bounds:
        bounds_of(bounds, {one: (one,) for one in bounds})  # pairs of numbers that leave room
    if inputs is None:
        given: Any = _drawn(function, framework, shapes or {}, dtypes or {}, bounds or {}, names, seed)
    else:
        if shapes is not None:
            raise UsageError("shapes and inputs: the inputs have their shapes; pass one of the two")
        if dtypes:
            raise UsageError("dtypes: the inputs have their types; dtypes= goes with shapes=")
        given = _named(inputs, names)
    wanted = (wrt,) if isinstance(wrt, str) else wrt
    called = name or name_of(function, "function")
    made = _code(framework, function, given, called, wanted)
    _refuse_huge(made)
    has_kind = inputs is not None or _draw_where_it_has_a_value(made, shapes or {}, bounds or {}, seed)
    for what, other in (("definition", definition), ("surrogate", surrogate)):
        if other is not None:
            if not is_function(other):
                raise UsageError(f"{what}: of whole arrays it must be a function of the same inputs, not {other!r}")
            meant = _code(framework, other, made.inputs, name_of(other, what), made.wrt)
            _refuse_other_shapes(made, meant, what)
            made = DefinedCode(made, meant, surrogate=what == "surrogate")
    entries = {one: (one,) for one in made.inputs}
    operation = TensorOperation(made, bounds_of(bounds or {}, entries), has_kind=has_kind)
    operation.command = command or _call(called, made, inputs is None, wanted)
    _refuse_broken(operation)
    if order == 1:
        return Cases(called, ((operation, None),))
    second = TensorOperation(_derived(framework, made), operation.bounds, has_kind=has_kind)
    second.command = f"{operation.command[:-1]}, order=2)"
    _refuse_broken(second)
    return Cases(called, ((operation, None), (second, None)))


def _draw_where_it_has_a_value(code: TensorCode, shapes: Mapping[str, Any], bounds: Bounds, seed: int) -> bool:
    """Replace drawn floats by others where the forward has no value at them; whether these are of a kind."""
    floats = {name: np.shape(code.inputs[name]) for name in shapes if is_float(code.inputs[name])}
    found = first_inputs(floats, bounds, lambda some: code.forward({**code.inputs, **some}), seed)
    if found is None:
        return False
    code.inputs.update(found[0])
    return found[1]


def _derived(framework: str, code: TensorCode) -> TensorCode:
    """The rule as a function, with its own derivative."""
    if framework == "torch":
        from backproof.verify.subjects.tensors.torch_code import TorchCode, derived

        if isinstance(code, TorchCode):
            return derived(code)
    raise UsageError("order: 2 is for functions of PyTorch without definition= or surrogate=")


def _code(framework: str, function: Any, inputs: Any, name: str, wrt: Sequence[str] | None) -> TensorCode:
    if framework == "torch":
        from backproof.verify.subjects.tensors.torch_code import torch_code

        return torch_code(function, inputs, name, wrt)
    from backproof.verify.subjects.tensors.jax_code import jax_code

    return jax_code(function, inputs, name, wrt)


def _named(inputs: Any, names: Sequence[str]) -> Any:
    """The inputs by name where names are known; a single array may stand for itself."""
    if isinstance(inputs, Mapping):
        return dict(inputs)
    values = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    if not values:
        raise UsageError("inputs: there are none")
    if not names:
        return values
    if len(names) != len(values):
        raise UsageError(f"names: {len(names)} for {len(values)} inputs")
    return dict(zip(names, values, strict=True))


def _refuse_huge(code: TensorCode) -> None:
    entries = sum(np.size(x) for x in code.inputs.values() if isinstance(x, np.ndarray))
    if entries > MOST_ENTRIES:
        raise UsageError(f"inputs: {entries} entries are more than {MOST_ENTRIES}: pass smaller arrays")
    if not code.wrt:
        raise UsageError(f"{code.name}: no input is differentiated: none is an array of floats (wrt= names them)")


def _refuse_other_shapes(code: TensorCode, meant: TensorCode, what: str) -> None:
    """Raises UsageError for a definition whose outputs are others than those of the rule's forward."""
    try:
        ours, theirs = (tuple(map(np.shape, one.forward(code.inputs))) for one in (code, meant))
    except SubjectError as error:
        raise UsageError(f"{what}: it does not run on these inputs ({in_a_line(error)})") from None
    if ours != theirs:
        raise UsageError(f"{what}: it returns shapes {list(theirs)}, the forward {list(ours)}")


def _refuse_broken(operation: TensorOperation) -> None:
    """What fails at the very inputs that were passed is a mistake in the call.  Raises UsageError."""
    code = operation.code
    try:
        outputs = code.forward(code.inputs)
        if not outputs:
            raise UsageError(f"{code.name}: no output depends on {', '.join(code.wrt)}: nothing is differentiated")
        rng = np.random.default_rng(0)
        code.run(code.inputs, [np.asarray(rng.standard_normal(np.shape(out))) for out in outputs])
    except SubjectError as error:
        raise UsageError(f"{code.name} does not run on these inputs ({in_a_line(error)})") from None


def _call(name: str, code: TensorCode, drawn: bool, wrt: Sequence[str] | None) -> str:
    """The call, as far as it can be typed again."""
    shapes = {one: np.shape(x) for one, x in code.inputs.items() if isinstance(x, np.ndarray)}
    given = f"shapes={ {one: s[0] if len(s) == 1 else s for one, s in shapes.items()}!r}" if drawn else "inputs=..."
    return f"verify.check({name}, {given}{f', wrt={tuple(wrt)!r}' if wrt else ''})"


# ------------------------------------------------------------------------------------------------ from their shapes


def _drawn(
    function: Any,
    framework: str,
    shapes: Mapping[str, Any],
    dtypes: Mapping[str, str],
    bounds: Mapping[str, tuple[float, float]],
    names: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """Values in these shapes: whole numbers and booleans by ``dtypes``, zeros for floats, which are drawn later."""
    parameters = _parameters(function, framework, names)
    for what, one in [*(("shapes", n) for n in shapes), *(("dtypes", n) for n in dtypes)]:
        if one not in parameters:
            way = "" if parameters else ": its inputs are not known by name; pass names=, or inputs="
            raise UsageError(f"{what}: {one!r} is not an input{nearest(one, tuple(parameters)) if parameters else way}")
    rng = np.random.default_rng([seed, 7])
    found: dict[str, Any] = {}
    for one, default in parameters.items():
        if one in shapes:
            found[one] = _array(one, _shape(one, shapes[one]), dtypes.get(one, "float64"), bounds.get(one), rng)
        elif default is not inspect.Parameter.empty:
            found[one] = default
        else:
            raise UsageError(f"shapes: {one} has none: write shapes={{..., {one!r}: 3}}, or pass inputs=")
    return found


def _parameters(function: Any, framework: str, names: Sequence[str]) -> dict[str, Any]:
    """The inputs by name, with their defaults."""
    if names:
        return dict.fromkeys(names, inspect.Parameter.empty)
    target, skipped = function, 0
    if framework == "torch":
        from backproof.verify.subjects.frameworks.torch_rules import is_rule

        owner = getattr(function, "__self__", None)
        rule = function if is_rule(function) else owner if is_rule(owner) else None
        if rule is not None:
            import torch

            target, skipped = rule.forward, int(rule.setup_context is torch.autograd.Function.setup_context)
    try:
        with subject_code:
            signature = inspect.signature(target)
    except SubjectError:
        raise UsageError(f"shapes: the inputs of {name_of(function)} are not known: pass inputs= or names=") from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [(p.name, p.default) for p in signature.parameters.values() if p.kind in kinds]
    return dict(found[skipped:])


def _shape(name: str, given: Any) -> tuple[int, ...]:
    sizes = given if isinstance(given, (tuple, list)) else (given,)
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0 for n in sizes):
        raise UsageError(f"shapes: {given!r} of {name} is not a shape: write 3, or (2, 3)")
    if math.prod(sizes) > MOST_ENTRIES:
        raise UsageError(f"shapes: {name} has {math.prod(sizes)} entries, more than {MOST_ENTRIES}")
    return tuple(map(int, sizes))


def _array(
    name: str, shape: tuple[int, ...], dtype: str, bounds: tuple[float, float] | None, rng: np.random.Generator
) -> Any:
    low, high = bounds or (0, 1)
    kinds: dict[str, Callable[[], Any]] = {
        "f": lambda: np.zeros(shape),  # drawn once it is known where the forward has a value
        "i": lambda: rng.integers(int(low), int(high), size=shape, endpoint=True),
        "b": lambda: rng.random(shape) < 0.5,
    }
    try:
        kind = np.dtype(dtype)
    except TypeError:
        raise UsageError(f"dtypes: {dtype!r} of {name} is no type: write float64, int64 or bool") from None
    code = "i" if kind.kind == "u" else kind.kind
    if code not in kinds:
        raise UsageError(f"dtypes: {dtype} of {name}: only floats, integers and booleans are drawn")
    if code == "i" and bounds is None:
        raise UsageError(f"dtypes: {name} is of integers: say which ones, bounds={{{name!r}: (0, 9)}}")
    return np.asarray(kinds[code]()).astype(kind)
