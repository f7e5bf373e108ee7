"""Operations on arrays are a separate type: code that needs a scalar operation does not receive one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.checks.array_case import ArrayCase
from backproof.verify.checks.case import Case
from backproof.verify.checks.cases import case_of
from backproof.verify.commands.cli import main
from backproof.verify.config.options import USUAL
from backproof.verify.subjects.operation import ArrayOperation, Operation
from backproof.verify.subjects.project_subjects import together
from backproof.verify.subjects.subject import Cases, of_numbers
from backproof.verify.support.errors import UsageError

FILE = """
import numpy as np
from backproof import verify

def double(x): return 2.0 * np.asarray(x)
def double_back(x, g): return 2.0 * g

PAIRS = [verify.pair(double, double_back, shapes={"x": 40}), verify.pair(lambda x: x, lambda x, g: g, name="same")]
"""


@pytest.fixture(scope="module")
def cube() -> Any:
    """Not as a tensor rule, which has other checks."""
    program, _ = verify.pair(lambda x: x**3, lambda x, g: 3 * x**2 * g, shapes={"x": (4, 10)}, name="cube")
    return program.pair, None


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "doubles.py").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "doubles.py:PAIRS"


def test_it_is_not_a_scalar_operation_and_has_no_spec(cube: Any) -> None:
    operation, spec = cube
    assert isinstance(operation, ArrayOperation)
    assert not isinstance(operation, Operation)
    assert spec is None
    assert of_numbers([cube]) == []
    assert (operation.inputs, operation.case, operation.out_shape) == (("x",), "x: 4×10", (4, 10))


def test_its_case_is_an_array_case(cube: Any) -> None:
    case = case_of(*cube, USUAL)
    assert isinstance(case, ArrayCase)
    assert case.title == "cube (x: 4×10)"


def test_at_a_small_shape_it_is_a_scalar_operation_with_its_spec(cube: Any) -> None:
    operation, spec = cube[0].at_shapes({"x": (1, 2)})
    assert isinstance(operation, Operation)
    assert operation.inputs == spec.inputs == ("x_0_0", "x_0_1", "w_0_0", "w_0_1")
    assert isinstance(case_of(operation, spec, USUAL), Case)
    assert operation.run([1.0, 2.0, 1.0, 1.0]).gradients[:2] == (3.0, 12.0)
    with pytest.raises(UsageError, match="more than 16"):
        cube[0].at_shapes({"x": (4, 4)})


def test_its_values_and_gradients_are_arrays(cube: Any) -> None:
    arrays = next(cube[0].samples(0)).arrays
    assert np.shape(cube[0].values(arrays)) == (4, 10)
    assert np.shape(cube[0].partials(arrays)["x"]) == (4, 10)


def test_a_policy_of_kinks_is_not_for_arrays(cube: Any) -> None:
    with pytest.raises(UsageError, match="cube: kinks of large arrays are not checked"):
        together([Cases("pairs", (cube,))], {"cube": (0.0,)})


def test_commands_for_scalar_operations_reject_it(pairs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", pairs, "double", "--accuracy"]) == 2
    assert "double: how accurate a rule of arrays is on floats is not measured" in capsys.readouterr().err
    assert main(["engine", pairs, "double", "--proof"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("double (x: 40)")
    assert "so large an array is tested as a whole; small shapes have a proof" in out
    assert main(["engine", pairs, "--certificate", "both.jsonl"]) == 1
    assert "double (x: 40) has no certificate: so large an array is tested as a whole" in capsys.readouterr().err
    assert len(Path("both.jsonl").read_text(encoding="utf-8").splitlines()) == 1
