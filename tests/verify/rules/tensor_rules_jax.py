"""All rules of JAX; none where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from tests.verify.rules.tensor_rule import TensorRule

RULES: list[TensorRule] = []

if find_spec("jax"):
    from tests.verify.rules import tensor_rules_jax_implicit, tensor_rules_jax_layers, tensor_rules_jax_scalars

    RULES += [*tensor_rules_jax_scalars.RULES, *tensor_rules_jax_layers.RULES, *tensor_rules_jax_implicit.RULES]
