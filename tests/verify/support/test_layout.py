"""Text in so many columns, and what the commands print: at 80 columns no line is wider but what is to be pasted."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.support.layout import WIDTH, columns, folded, labelled, located, table

ROOT = Path(__file__).parents[3]

WRONG = '''
def tall(x):
    return x * x * x + 3 * x * x - 4 * x + 7 - x * x * x * x / 24 + x * x * x * x * x / 120

def tall_slope(x, g):
    return g * (3 * x * x + 6 * x - 4 - x * x * x / 6 + x * x * x * x / 24 + x * x * x * x * x * x / 720000000)

def product_of_two(first_operand, second_operand):
    return first_operand * second_operand

def product_slopes(first_operand, second_operand, g):
    return g * second_operand, g * first_operand * 1.0000000001

def unreadable(x):
    return float(str(float(x)))

def unreadable_slope(x, g):
    return g * float(str(float(x)))

PAIRS = {
    "tall": (tall, tall_slope),
    "a_rather_long_name_of_a_product": (product_of_two, product_slopes),
    "unreadable": (unreadable, unreadable_slope, "x"),
}
'''

COMMANDS = [
    ["all"],
    ["list"],
    ["pow", "tanh", "max", "selu", "power"],
    ["engine", "wrong.py:PAIRS"],
    ["engine", "wrong.py:PAIRS", "tall", "unreadable"],
    ["engine", "wrong.py:PAIRS", "--quiet"],
    ["all", "--proof"],
    ["engine", "wrong.py:PAIRS", "--proof"],
    ["asin", "atan2", "--accuracy"],
    ["all", "--accuracy"],
    ["tanh", "--accuracy", "--dtype", "float32"],
    ["tanh", "--dtype", "bfloat16", "--exhaustive"],
    ["repair", "asin", "gelu"],
    ["mutants", "neg"],
    ["sweep", "tanh", "--dtype", "bfloat16", "--backend", "sequential", "--journal", "sweep.jsonl"],
    ["all", "--report", "text=-"],
]


def too_wide(printed: str, pasted: set[str]) -> list[str]:
    """The lines past 80 columns that are neither code of a file, nor a command, nor one word that cannot be broken."""
    return [
        line
        for line in printed.splitlines()
        if len(line) > WIDTH
        and line.strip() not in pasted
        and not line.lstrip().startswith(("rerun ", "self.grad += "))
        and len(line.split()) > 1
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_line_is_too_wide(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "wrong.py").write_text(WRONG)
    sources = chain(ROOT.glob("engine/**/*.py"), tmp_path.glob("*.py"))
    pasted = {line.strip() for path in sources for line in path.read_text(encoding="utf-8").splitlines()}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    quick = ["--points", "60"] if command[0] not in ("list", "mutants") else []
    assert main([*command, *quick]) in (0, 1)
    printed = capsys.readouterr().out
    assert len(printed) > 40
    assert too_wide(printed, pasted) == []


def test_the_help_is_no_wider(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert too_wide(capsys.readouterr().out, set()) == []


def test_a_pipe_has_80_columns_and_a_terminal_its_own(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert columns() == 200
    monkeypatch.delenv("COLUMNS")
    script = "from backproof.verify.support.layout import columns; print(columns())"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT).stdout == "80\n"


def test_text_is_broken_at_its_gaps_first():
    assert folded("ours is 1.25   at x = 1, y = 2", 22) == ["ours is 1.25", "at x = 1, y = 2"]
    assert folded("one two three", 9, hang=2) == ["one two", "  three"]
    assert folded("", 9) == [""]
    assert folded("a" * 20, 9) == ["a" * 20]  # a word is never broken
    assert folded("1    2", 9) == ["1    2"]


def test_nothing_is_lost():
    text = "the rule is not the derivative of x + y   (reference)   at x = 1"
    for width in range(12, 70):
        for hang in (0, 3):
            assert " ".join(folded(text, width, hang=hang)).split() == text.split()


def test_evidence_is_beside_its_label():
    assert labelled("ours", "1 2 3 4 5 6", 20) == ["  ours        1 2 3", "              4 5 6"]
    assert labelled("ours", "1\n2") == ["  ours        1", "              2"]


def test_code_stays_on_one_line():
    code = "self.grad += " + "x * " * 30 + "x"
    assert located("tanh", "a.py:3", code) == ["tanh   a.py:3", f"  {code}"]
    assert located("tanh", "a.py:3", "x = 1") == ["tanh   a.py:3   x = 1"]
    assert located("", "a.py:3", "") == ["a.py:3"]


def test_a_table_narrows_the_columns_that_may_be_folded():
    text = table([["a", "b " * 30, "x = 1.5"]], ["name", "formula", "at"], 40, fold=(1,))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 40
    assert text.count("b") == 30
    assert lines[2].endswith("x = 1.5")


def test_a_table_breaks_no_number():
    at = "x = -1.3376969130209659e+154, y = 1.3407807929942596e+154"
    text = table([["div", at]], ["name", "at"], 40, fold=(0, 1))
    assert text.splitlines()[2].endswith("  x = -1.3376969130209659e+154,")
    assert text.splitlines()[3].endswith("  y = 1.3407807929942596e+154")


def test_a_table_that_cannot_be_narrowed_goes_on_below():
    row = ["key", *("v" * 12 for _ in range(6))]
    text = table([row], ["name", *"abcdef"], 50)
    assert max(map(len, text.splitlines())) <= 50
    assert text.count("key") == 2
    assert text.count("v" * 12) == 6


def test_a_table_breaks_formulas_and_dotted_names_where_they_may_be_broken():
    rule = "x*exp(x*x*(-1/2))*0.3989422804014327+erf(x*0.7071067811865476)"
    text = table([["torch.nn.functional:gelu", rule, "proved"]], ["operation", "rule", "right"], 50, fold=(0, 1))
    assert max(map(len, text.splitlines())) <= 50
    first = len(text.splitlines()[1].split(" ")[0])
    assert "".join(line[:first].strip() for line in text.splitlines()[2:]) == "torch.nn.functional:gelu"
    assert "0.3989422804014327" in text  # no number is broken
