"""`verify.extend` is all that an adapter imports: its docstring lists it, and docs/adapters.md uses nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from backproof.verify import extend

PAGE = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
USERS = {"verify", "backproof", "backproof.verify"}
"""What a user imports, to check something: the verifier itself, none of its parts."""


def foreign_to_adapters(code: str) -> list[str]:
    """What the code imports of ours that is neither in `verify.extend` nor the verifier itself."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if _ours(alias.name) and alias.name not in USERS]
        elif isinstance(node, ast.ImportFrom) and _ours(node.module or ""):
            names = [alias.name for alias in node.names]
            known = extend.__all__ if node.module == "backproof.verify.extend" else ()
            found += [f"{node.module}.{name}" for name in names if name not in known]
    return found


def _ours(module: str) -> bool:
    return module.partition(".")[0] in ("backproof", "verify", "engine", "derivations")


def test_every_name_is_there_and_none_twice() -> None:
    assert [name for name in extend.__all__ if not hasattr(extend, name)] == []
    assert len(set(extend.__all__)) == len(extend.__all__)


def test_the_docstring_has_a_line_on_each_in_their_order() -> None:
    lines = re.findall(r"^    (\w+) {2,}(\S.*)$", extend.__doc__ or "", flags=re.MULTILINE)
    assert [name for name, _ in lines] == extend.__all__


def test_the_page_lists_each_in_their_order() -> None:
    table = PAGE.partition("## What an adapter imports")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert re.findall(r"`(\w+)`", "\n".join(rows)) == extend.__all__


@pytest.mark.parametrize("code", BLOCKS)
def test_the_page_imports_nothing_else(code: str) -> None:
    assert foreign_to_adapters(code) == []


def test_the_page_speaks_of_no_other_module() -> None:
    assert set(re.findall(r"\b(?:backproof|verify|engine)(?:\.\w+)+", PAGE)) <= {
        *("backproof.verify.extend", "backproof.subjects"),
        *("verify.check", "verify.cases"),
    }


@pytest.mark.parametrize(
    "code",
    [
        "from backproof.verify.subjects.operation import Operation",
        "from backproof.verify.extend import Operation, Traced",
        "from verify.terms.term import symbol",
        "import backproof.engine.arithmetic",
    ],
)
def test_another_import_is_seen(code: str) -> None:
    assert foreign_to_adapters(code) != []
