"""The worked example of docs/adapters.md does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The page's files, installed as far as entry points go."""
    for _, name, text in re.findall(r"```(python|toml)\n# (\w+\.\w+)\n(.*?)```", PAGE, flags=re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    entries = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    info = tmp_path / "polynomials-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: polynomials\nVersion: 1.0\n", encoding="utf-8")
    entries = entries.replace('project.entry-points."backproof.subjects"', "backproof.subjects").replace('"', "")
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")
    return tmp_path


def _ran(project: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(project)])}
    return subprocess.run([sys.executable, "-c", code], cwd=project, env=environment, capture_output=True, text=True)


def test_the_example_is_verified(project: Path) -> None:
    code = PAGE.partition("like any other subject:")[2].partition("```python\n")[2].partition("```")[0]
    ran = _ran(project, code + "\nprint(verify.check(Polynomial('p', [1, 2, 3]))['p'].right.verdict)")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "proved"


def test_two_functions_are_an_operation_and_a_number_type_has_functions(project: Path) -> None:
    entries = project / "polynomials-1.0.dist-info" / "entry_points.txt"
    entries.write_text(entries.read_text() + "cubes = cubes_adapter:subject\n")
    code = (
        "import verify; print(verify.check('cubes')['cube'].right.verdict)\n"
        "from dual_numbers import *; m = arithmetic(Dual(0.0, 2.0)); d = m.exp(Dual(0.0, 2.0)); print(m, d.x, d.y)"
    )
    ran = _ran(project, code)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["proved", "<dual arithmetic> 1.0 2.0"]


def test_a_mistake_in_it_is_found(project: Path) -> None:
    file = project / "polynomials.py"
    file.write_text(file.read_text().replace("total * x + k *", "total * x + (k - 1) *"))
    ran = _ran(project, "import verify, polynomials; verify.check(polynomials.Polynomial('p', [1, 2, 3]))")
    assert "REFUTED  p: the rule is not the derivative of" in ran.stderr
    assert "polynomials.py:" in ran.stderr
