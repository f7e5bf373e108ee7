"""The case of an operation of any kind: what its checks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backproof.verify.subjects.operation import ArrayOperation, BaseOperation, Operation

if TYPE_CHECKING:
    from backproof.verify.checks.array_case import ArrayCase
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.tensor_case import TensorCase
    from backproof.verify.config.options import Options
    from backproof.verify.mirror.table import Spec


def case_of(operation: BaseOperation, spec: Spec | None, options: Options) -> Case | ArrayCase | TensorCase:
    """The case of an operation with its spec, or of an operation on arrays, which has none."""
    if isinstance(operation, Operation):
        from backproof.verify.checks.case import Case

        assert spec is not None, f"{operation.name}: a scalar operation needs a spec"
        return Case(operation, spec, options)
    if isinstance(operation, ArrayOperation):
        from backproof.verify.checks.array_case import ArrayCase

        return ArrayCase(operation, options)
    from backproof.verify.checks.tensor_case import TensorCase
    from backproof.verify.subjects.tensors.operation import TensorOperation

    assert isinstance(operation, TensorOperation), f"{operation.name}: no checks for a {type(operation).__name__}"
    return TensorCase(operation, options)
