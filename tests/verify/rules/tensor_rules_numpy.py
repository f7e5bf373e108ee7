"""All rules of NumPy."""

from __future__ import annotations

from tests.verify.rules import (
    tensor_rules_numpy_autograd,
    tensor_rules_numpy_by_hand,
    tensor_rules_numpy_courses,
    tensor_rules_numpy_layers,
    tensor_rules_numpy_papers,
    tensor_rules_numpy_sequences,
)
from tests.verify.rules.tensor_rule import TensorRule

RULES: list[TensorRule] = [
    *tensor_rules_numpy_courses.RULES,
    *tensor_rules_numpy_autograd.RULES,
    *tensor_rules_numpy_by_hand.RULES,
    *tensor_rules_numpy_layers.RULES,
    *tensor_rules_numpy_papers.RULES,
    *tensor_rules_numpy_sequences.RULES,
]
