"""docs/rules-files.md lists every function, and its example is the tested one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backproof.verify.terms.functions import functions

DOCS = Path(__file__).parents[3] / "docs"
WORDS = set(re.findall(r"\w+", (DOCS / "rules-files.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(functions()))
def test_every_function_is_documented(name: str) -> None:
    kin = name.startswith("arc")  # "`arcsin` and its kin"
    assert name in WORDS or kin


@pytest.mark.parametrize("document", ["rules-files.md", "pytest.md"])
def test_links_lead_somewhere(document: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", (DOCS / document).read_text(encoding="utf-8")):
        assert (DOCS / link).exists(), link
