"""``--coq DIR`` from the command line, with and without Coq."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backproof.verify.commands import coq
from backproof.verify.commands.cli import main
from backproof.verify.proof.coq import compile as compiler

Capture = pytest.CaptureFixture[str]

FOUR = """\
Axioms:
ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    (forall n : nat, {P n} + {~ P n}) -> {n : nat | ~ P n} + {forall n : nat, P n}
FunctionalExtensionality.functional_extensionality_dep
  : forall (A : Type) (B : A -> Type) (f g : forall x : A, B x), (forall x : A, f x = g x) -> f = g
Classical_Prop.classic : forall P : Prop, P \\/ ~ P
"""


@pytest.fixture
def without_coq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)


@pytest.fixture
def with_coq(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str], str], None]:
    """A Coq that refuses these files for these reasons, and says this of what the others rest on."""

    def coqc(refused: dict[str, str], rests: str) -> None:
        monkeypatch.setattr(compiler.shutil, "which", lambda name: "coqc")
        monkeypatch.setattr(compiler, "_compiled", lambda coqc, folder, name: (rests, refused.get(name, "")))

    return coqc


@pytest.mark.usefixtures("without_coq")
def test_without_coq_the_files_are_written(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "new" / "coq"
    assert main(["tanh", "power", "--coq", str(folder)]) == 0
    out = capsys.readouterr().out
    names = sorted(path.name for path in folder.iterdir())
    assert names[:3] == ["Assumptions.v", "Prelude.v", "rule_power_n_0.v"]
    assert {"rule_tanh.v", "rule_power_n_1.v", "rule_power_n_minus_1.v", "rule_power_n_minus_3_2.v"} <= set(names)
    assert len(names) == 12
    assert "written, not checked" in out
    assert "there is no coqc here: with Coq and its library Coquelicot (apt-get install coq libcoq-coquelicot)" in out
    assert "coqc -Q . Backproof FILE" in out


def test_what_coq_accepts_is_proved(tmp_path: Path, capsys: Capture, with_coq: Callable[..., None]) -> None:
    with_coq({}, FOUR)
    assert main(["tanh", "abs", "--coq", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    rows = [line.split(maxsplit=2) for line in out.splitlines()[2:4]]
    assert rows == [["tanh", "1", "proved (Coq)"], ["abs", "5", "proved (Coq)"]]
    assert "2 of 2 files accepted by Coq" in out


def test_what_coq_refuses_is_not_accepted(tmp_path: Path, capsys: Capture, with_coq: Callable[..., None]) -> None:
    with_coq({"rule_abs.v": "cell1_x, line 9: No applicable tactic."}, FOUR)
    assert main(["tanh", "abs", "--coq", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "not accepted: cell1_x, line 9: No applicable" in out
    assert "1 of 2 files accepted by Coq" in out
    assert "rule_abs" not in (tmp_path / "Assumptions.v").read_text(encoding="utf-8")


def test_what_assumes_more_than_the_reals_is_not_accepted(
    tmp_path: Path, capsys: Capture, with_coq: Callable[..., None]
) -> None:
    with_coq({}, f"{FOUR}Somebody.trust_me : 0 = 1\n")
    assert main(["tanh", "--coq", str(tmp_path)]) == 1
    assert "not accepted: it assumes Somebody.trust_me" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (FOUR, ""),
        ("Closed under the global context\n", ""),
        ("", "Coq does not say what the theorems rest on"),
        (f"{FOUR}Top.a\n  : False\nTop.b : False\n", "it assumes Top.a, Top.b"),
    ],
)
def test_what_is_assumed_is_read(output: str, expected: str) -> None:
    assert compiler.foreign(output) == expected


def test_a_coq_without_its_library_checks_nothing(
    tmp_path: Path, capsys: Capture, with_coq: Callable[..., None]
) -> None:
    with_coq({"Prelude.v": "line 5: Cannot find a physical path"}, "")
    assert main(["tanh", "--coq", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "coqc does not compile Prelude.v: line 5: Cannot find a physical path" in out
    assert "apt-get install coq libcoq-coquelicot" in out


@pytest.mark.usefixtures("without_coq")
def test_what_has_no_words_is_told_and_fails_nothing(tmp_path: Path, capsys: Capture) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "gamma"\ndefinition = "gamma(x)"\ndomain = "x > 0"\n'
        'backward = { x = "g*gamma(x)*digamma(x)" }\n'
        '[[rule]]\nname = "cube"\ndefinition = "x**3"\nbackward = { x = "2*x**2*g" }\n'
    )
    folder = tmp_path / "coq"
    assert main(["rules", str(rules), "--coq", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "no words: the function gamma" in out
    assert "not proved: a difference between the rule and the derivative is left" in " ".join(out.split())
    assert "nothing is written" in out


@pytest.mark.usefixtures("without_coq")
def test_a_folder_that_cannot_be_used_is_an_error_of_usage(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["tanh", "--coq", str(file)]) == 2
    assert "--coq: " in capsys.readouterr().err
    assert main(["tanh", "--coq", str(file / "below")]) == 2


def test_file_names_are_names_of_coq_and_kept_apart() -> None:
    titles = ["tan", "Tan", "power (n = -1)", "power (n = 1)", "größe", "*", "match", "x" * 100, "x" * 101]
    names = coq._names(titles)
    assert names[:4] == ["rule_tan.v", "rule_Tan_2.v", "rule_power_n_minus_1.v", "rule_power_n_1.v"]
    assert names[4:7] == ["rule_gr_e.v", "rule_.v", "rule_match.v"]
    assert len({name.lower() for name in names}) == len(names)


def test_a_message_of_coq_is_brought_to_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    path.write_text("Theorem one : True.\nProof. exact I. Qed.\nExample two : False.\nProof.\n  trivial.\n")
    stderr = 'File "./a.v", line 5, characters 2-10:\nError:\n In environment\nNo   such goal.\n'
    assert compiler._reason(stderr, path) == "two, line 5: In environment No such goal."
    assert compiler._reason("", path) == "coqc ended without a word"


@pytest.mark.optional
@pytest.mark.skipif(shutil.which("coqc") is None, reason="no coqc here")
def test_coq_accepts_a_rule(tmp_path: Path, capsys: Capture) -> None:
    assert main(["tanh", "relu", "--coq", str(tmp_path), "--jobs", "1"]) == 0
    assert capsys.readouterr().out.count("proved (Coq)") == 2
