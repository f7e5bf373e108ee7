"""The guides say what is so: every example in them is run, and prints what stands there."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
GUIDES = "how-a-rule-is-verified.md", "the-prover.md", "certificates.md", "contracts.md"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_example_prints_the_documented_output(guide: str) -> None:
    found = doctest.testfile(str(DOCS / guide), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert found.failed == 0
    assert found.attempted > 10
