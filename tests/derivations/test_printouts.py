"""Printouts: recorded ones to the byte, and what holds for all of them.

After a change that is meant, look at the difference and record anew:  BACKPROOF_RECORD=1 pytest tests/derivations
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import html5lib
import pytest

from backproof.derivations import show
from backproof.derivations.cli import main
from backproof.derivations.pages.derivation import to_document
from backproof.derivations.pages.html import HtmlPrinter
from backproof.derivations.pages.latex import LatexPrinter
from backproof.derivations.pages.markdown import MarkdownPrinter
from backproof.derivations.pages.text import TextPrinter
from backproof.derivations.steps.derivation import Derivation, cases_of, derivation
from backproof.engine import OPS

RECORDED = Path(__file__).parent / "recorded"
ROOT = Path(__file__).parents[2]

COMMANDS = {
    "tanh.txt": "tanh",
    "gelu.txt": "gelu",
    "max.txt": "max",
    "add.txt": "add",
    "mul.txt": "mul",
    "sigmoid.txt": "sigmoid",
    "power.txt": "power",
    "asin.txt": "asin",
    "gelu-ascii.txt": "gelu --ascii --width 60",
    "tanh.md": "tanh --format markdown",
    "gelu.tex": "gelu --format latex",
    "max.html": "max --format html",
    "walk.txt": "walk",
    "walk.md": "walk --format markdown",
    "walk-shared.txt": "walk tanh(x*w+b)+x**2*x --at x=2 --at w=-3 --at b=1",
    "walk-shared.html": "walk tanh(x*w+b)+x**2*x --at x=2 --at w=-3 --at b=1 --html",
    "quiz.txt": "quiz tanh gelu max --seed 0",
    "quiz-answers.md": "quiz tanh gelu max --seed 0 --answers --format markdown",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_recorded(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(COMMANDS[name].split()) == 0
    printed = capsys.readouterr().out
    file = RECORDED / name
    if os.environ.get("BACKPROOF_RECORD"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(printed, encoding="utf-8")
    assert printed == file.read_text(encoding="utf-8"), f"differs from {file.relative_to(ROOT)}"


def test_nothing_else_is_recorded() -> None:
    assert {file.name for file in RECORDED.iterdir()} == set(COMMANDS)


# ---------------------------------------------------------------------------------------------- all operations


@pytest.fixture(scope="module")
def derived() -> dict[str, Derivation]:
    return {op: derivation(op, cases) for op, cases in cases_of().items()}


@pytest.mark.parametrize("op", OPS)
def test_text_fits_and_is_complete(op: str, derived: dict[str, Derivation]) -> None:
    d = derived[op]
    text = TextPrinter(80)(to_document(d))
    code = {f"    {line}" for line in (*d.rule.source, *d.rule.forward)}
    long = [line for line in text.splitlines() if len(line) > 80 and line not in code and line[1:] not in code]
    assert [line for line in long if line.strip() not in {c.strip() for c in code}] == []
    for part in ("Definition", "The derivative", "The closure", "Proof", "Numerical checks", "Digits", "Picture"):
        assert part in text
    assert "not checked" not in text
    assert "DISAGREES" not in text
    assert "too coarse" not in text


@pytest.mark.parametrize("op", OPS)
def test_ascii_is_ascii(op: str, derived: dict[str, Derivation]) -> None:
    text = TextPrinter(72, ascii_only=True)(to_document(derived[op]))
    assert text.isascii()
    assert "?" not in text


@pytest.mark.parametrize("op", OPS)
def test_latex_is_balanced_and_ascii(op: str, derived: dict[str, Derivation]) -> None:
    text = LatexPrinter()(to_document(derived[op]))
    outside = re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", text, flags=re.S)
    bare = re.sub(r"\\[{}\\]", "", outside)
    assert bare.count("{") == bare.count("}")
    assert outside.count("\\left") == outside.count("\\right")
    assert outside.isascii(), [c for c in outside if not c.isascii()]


@pytest.mark.parametrize("op", OPS)
def test_markdown_formulas_close(op: str, derived: dict[str, Derivation]) -> None:
    text = MarkdownPrinter()(to_document(derived[op]))
    assert text.count("$$") % 2 == 0
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("op", OPS)
def test_html_stands_alone(op: str, derived: dict[str, Derivation]) -> None:
    text = HtmlPrinter()(to_document(derived[op]))
    assert "http" not in text.replace("http://www.w3.org/", "")
    assert "<script" not in text
    assert text.count("<math ") == text.count("</math>") == text.count(" alttext=")
    assert 'role="img"' in text
    assert "aria-label=" in text
    assert _errors(text) == []


def _errors(text: str) -> list[str]:
    """What a strict parser of HTML finds."""
    parser = html5lib.HTMLParser()
    parser.parse(text)
    return [str(error) for error in parser.errors]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.endswith(".html")])
def test_recorded_pages_are_valid(name: str) -> None:
    assert _errors((RECORDED / name).read_text(encoding="utf-8")) == []


def test_an_open_step_is_reported_as_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worked form that is wrong is printed as not proved, and the command fails."""
    from backproof.derivations.steps.worked_forms import WORKED_FORMS, WorkedForm, algebra
    from backproof.verify.terms.term import apply, symbol

    x, out = symbol("x"), symbol("out")
    detour = (algebra(1 + out**2, "Wrong."), algebra(1 - out**2, "Back."))
    wrong = WorkedForm(apply("sinh", x) / apply("cosh", x), {"x": detour})
    monkeypatch.setitem(WORKED_FORMS, "tanh", wrong)
    d = derivation("tanh", cases_of()["tanh"])
    text = TextPrinter()(to_document(d))
    assert not d.proved
    assert "not checked" in text
    assert "Not proved" in text
    assert "Proved:" not in text
    assert main(["tanh"]) == 1


def test_notebooks_need_no_ipython() -> None:
    bundle = show.derive("tanh")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/latex", "text/html"}
    assert "IPython" not in sys.modules


# --------------------------------------------------------------------------------------------- command line


def test_pages_and_an_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "gelu", "--format", "markdown", "--output", str(tmp_path / "out")]) == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["gelu.md", "index.md", "tanh.md"]
    assert "[tanh](tanh.md)" in (tmp_path / "out" / "index.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html"])
def test_several_on_stdout(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", "mul", "--format", form]) == 0
    text = capsys.readouterr().out
    assert text.count("<!DOCTYPE") == (form == "html")
    assert text.count("\\documentclass") == (form == "latex")


def test_colour_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["add", "--color", "always"])
    assert "\033[1m" in capsys.readouterr().out
    main(["add"])
    assert "\033" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("tanhh", "did you mean 'tanh'"),
        ("", "required"),
        ("tanh --width 10", "not a number of columns"),
        ("tanh --format pdf", "invalid choice"),
        ("walk x.y", "an attribute"),
        ("walk x*y --at x=1", "y needs a value"),
        ("walk x --at x=one", "write a name and a number"),
        ("walk --at x=1", "belongs to an expression"),
        ("quiz nothing", "not an operation"),
        ("quiz tanh --seed -1", "not a non-negative integer"),
        ("quiz tanh --judge 9=x", "from 1 to 4"),
        ("tanh --output /nowhere/at/all.txt", "No such file"),
    ],
)
def test_usage(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert message in capsys.readouterr().err


def test_the_quiz_fails_for_a_wrong_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quiz", "tanh", "--judge", "1=1 - x^2"]) == 1
    assert "wrong: at x = 1" in capsys.readouterr().out


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    """No set or dictionary of objects decides an order."""
    outputs = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "derivations", "max", "gelu", "hypot", "--format", "html"],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        )  # fmt: skip
        outputs.add(run.stdout)
    assert len(outputs) == 1


@pytest.mark.parametrize("arguments", [["tanh"], ["tanh", "abs", "--output", "out/"], ["walk", "tanh(x)", "--at=x=1"]])
def test_html_needs_nothing_but_ourselves(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "latex2mathml", None)  # which made the formulas once
    assert main([*arguments, "--format", "html"]) == 0
    assert "<math " in capsys.readouterr().out + "".join(page.read_text("utf-8") for page in tmp_path.rglob("tanh.*"))
