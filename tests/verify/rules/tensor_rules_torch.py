"""All rules of PyTorch; none where it is not installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from tests.verify.rules.tensor_rule import TensorRule

PARTS = (
    *("norms", "layer_norms", "cross_entropy", "losses", "attention", "linear_attention"),
    *("gates", "experts", "scans", "lookups", "papers", "algebra"),
)

RULES: list[TensorRule] = []

if find_spec("torch"):
    RULES += [rule for part in PARTS for rule in import_module(f"tests.verify.rules.tensor_rules_torch_{part}").RULES]
