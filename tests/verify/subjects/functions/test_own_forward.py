"""The spec of an operation's own forward is computed on first use, and not before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backproof.verify.subjects.functions.own_forward import spec_from_forward
from backproof.verify.subjects.functions.pairs import FunctionPair


def test_the_forward_is_run_when_the_spec_is_used_and_once() -> None:
    runs: list[Any] = []

    class Counted(FunctionPair):
        def forward(self, *data: Any) -> Any:
            runs.append(data)
            return super().forward(*data)

    spec = spec_from_forward(Counted(lambda x: abs(x - 2) / x, lambda x, g: g, "bend"))
    held = replace(spec, given_kinks=lambda: tuple(replace(c, returns=(0.0,)) for c in spec.kinks))
    assert runs == []
    assert (spec.op, spec.inputs, spec.case) == ("bend", ("x",), "by its own forward")
    assert runs == []
    assert repr(spec.form) == "abs(x - 2)/x"
    assert repr(spec.domain) == "x != 0"
    assert [repr(c.at[0]) for c in spec.kinks] == ["x - 2"]
    assert len(runs) == 1
    assert [c.returns for c in held.kinks] == [(0.0,)]
    assert held.case == spec.case
    assert len(runs) == 1
