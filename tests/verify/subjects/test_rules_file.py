"""Rules files: rules as text, verified like any other; one that cannot be read does not affect the others."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.rules_file import rules_file
from backproof.verify.support.errors import UsageError

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "rules.toml"
FEW = Options(points=100)

TANH = """
[[rule]]
name = "tanh"
definition = "tanh(x)"
backward = { x = "g*(1 - out**2)" }
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def judged(tmp_path: Path, text: str):
    return verify_here(rules_file(written(tmp_path, text)), options=FEW)


def test_the_example_has_ten_rules_and_all_are_right() -> None:
    report = verify_here(rules_file(str(EXAMPLE)), options=Options(points=200))
    assert len(report.operations) == 10
    assert report.ok
    assert all(o.right.verdict is Verdict.PROVED for o in report.operations)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ('definition = "tanh(x)"\nbackward = "g*(1 + out**2)"', "refuted"),
        ('definition = "tanh(x)"\nforward = "tanh(x)*1.01"\nbackward = "g*(1 - out**2)"', "refuted"),
        ('definition = "tanh(x)"\nbackward = "1 - out**2"', "miswired"),
        ('definition = "abs(x)"\nbackward = "where(x > 0, g, where(x < 0, -g, 3*g))"', "unsafe"),
        ('definition = "relu(x)"\nkinks = { x = 1 }\nbackward = "where(x > 0, g, 0)"', "unsafe"),
        ('definition = "x*exp(x)/exp(x)"\nbackward = "g*exp(x)/exp(x)"', "unsafe"),
        ('definition = "lgamma(x)"\ndomain = "x > 0"\nbackward = "g*log(x)"', "refuted"),
        ('inputs = ["a", "b"]\ndefinition = "a*b"\nbackward = { a = "g*b", b = "g*b" }', "refuted"),
        ('definition = "sigmoid(x)"\nbackward = "g*out*(1 + out)"', "refuted"),
    ],
)
def test_wrong_rules_are_found(tmp_path: Path, rule: str, verdict: str) -> None:
    report = judged(tmp_path, f'[[rule]]\nname = "r"\n{rule}\n')
    assert not report.ok
    assert any(f.verdict == verdict for f in report.findings)


def test_bounds_say_where_a_rule_is_checked(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "r"\ndefinition = "1/(1 + x**2)"\nbackward = "-2*x*g/(1 + x**2)**2"\n'
    found = [judged(tmp_path, rule + more)["r"].safe.verdict for more in ("", "bounds = { x = [-10, 10] }\n")]
    assert found == [Verdict.FRAGILE, Verdict.SAFE]


UNREADABLE = [
    ('name = "r"\ndefinition = "tahn(x)"\nbackward = "g"', 4, 15, "unknown function 'tahn': did you mean 'tanh'?"),
    ('name = "r"\ndefinition = "x"\nbackward = { x = "g*(1 -" }', 5, 0, "backward"),
    ('name = "r"\ndefinition = "x"\nbackward = { x = "g*y" }', 5, 21, "unknown name 'y'"),
    ('name = "r"\ndefinition = "x"\nbackward = { y = "g" }\ninputs = ["x"]', 5, 14, "'y' is not an input"),
    ('name = "r"\ninputs = ["x", "y"]\ndefinition = "x"\nbackward = { x = "g" }', 6, 1, "no backward expression for y"),
    ('name = "r"\ndefinition = "x"\nbackwards = "g"', 5, 1, "unknown key 'backwards': did you mean 'backward'?"),
    ('name = "r"\nbackward = "g"', 2, 1, "the rule has no definition"),
    ('definition = "x"\nbackward = "g"', 2, 1, "the rule has no name"),
    ('name = "r"\ninputs = ["g"]\ndefinition = "1"\nbackward = { g = "1" }', 4, 0, "is a reserved name"),
    ('name = "r"\ndefinition = "x"\ndomain = "x"\nbackward = "g"', 5, 11, "a condition is needed"),
    ('name = "r"\ndefinition = "x"\nkinks = { x = [0, 1] }\nbackward = "g"', 5, 1, "one derivative per input, not 2"),
    ('name = "r"\ndefinition = "x"\nbounds = { x = [1, 0] }\nbackward = "g"', 5, 1, "leaves no room"),
    ('name = "r"\ndefinition = "x"\nbounds = { y = [0, 1] }\nbackward = "g"', 5, 1, "'y' is not an input"),
    ('name = "r"\ndefinition = ["x"]\nbackward = "g"', 4, 1, "definition must be an expression in quotes"),
    ('name = "tanh"\ndefinition = "x"\nbackward = "g"', 3, 9, "the name 'tanh' occurs twice"),
    ('name = "r"\ndefinition = """\nx +\n  qq"""\nbackward = "g"', 6, 3, "unknown name 'qq'"),
]


@pytest.mark.parametrize(("rule", "line", "column", "message"), UNREADABLE)
def test_a_rule_that_cannot_be_read_does_not_affect_the_others(
    tmp_path: Path, rule: str, line: int, column: int, message: str
) -> None:
    """The file begins with a rule of five lines; lines here are counted from the [[rule]] of the bad one, plus one."""
    text = f"{TANH}\n[[rule]]\n{rule}\n{TANH.replace('tanh', 'sinh').replace('1 - out**2', 'cosh(x)')}"
    report = judged(tmp_path, text)
    bad = [o for o in report.operations if o.name not in ("tanh", "sinh")]
    assert report["tanh"].right.verdict is Verdict.PROVED
    assert report["sinh"].right.verdict is Verdict.PROVED
    (finding,) = bad[0].findings
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert message in finding.message
    place, found_line, found_column = finding.message.split(": ")[0].rsplit(":", 2)
    assert place.endswith("rules.toml")
    assert int(found_line) == line + 5
    assert not column or int(found_column) == column
    assert not report.ok


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rules"),
        ("[[rules]]\nname = 'x'", "unknown table 'rules': did you mean 'rule'?"),
        ("[[rule]\n", "is not TOML"),
        ("rule = 3", "has no rules"),
        ("\udcff", "is not UTF-8"),
    ],
)
def test_invalid_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=message):
        rules_file(str(path))
    with pytest.raises(UsageError, match="No such file"):
        rules_file(str(tmp_path / "absent.toml"))


def test_the_forward_that_runs_is_the_one_that_is_given(tmp_path: Path) -> None:
    ((operation, _),) = rules_file(
        written(
            tmp_path,
            '[[rule]]\nname = "s"\ndefinition = "log(1 + exp(x))"\nforward = "softplus(x)"\nbackward = "g*sigmoid(x)"',
        )
    ).operations()
    assert operation.forward(1e4) == 1e4
    assert operation.run([1e4], upstream=2.0, before=[1.0]).gradients == (3.0,)
    assert operation.written() == ("exp(minimum(x, 0))/(1 + exp(-abs(x)))",)
    assert operation.source.text == 'backward = "g*sigmoid(x)"'
    assert math.isnan(operation.forward(math.nan))


def test_rules_written_another_way_are_read_too(tmp_path: Path) -> None:
    text = 'rule = [{ name = "a", definition = "x", backward = "g" }, { name = "b", definition = "q", backward = "g" }]'
    report = judged(tmp_path, text)
    assert report["a"].right.verdict is Verdict.PROVED
    assert "unknown name 'q'" in report["b"].findings[0].message


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, TANH + TANH.replace('"tanh"', '"bad"').replace("1 - out", "1 + out"))
    assert main(["rules", path, "tanh", "--points", "50"]) == 0
    assert main(["rules", path, "--points", "50"]) == 1
    out = capsys.readouterr().out
    assert "REFUTED  bad: the rule is not the derivative of tanh(x)" in out
    assert f"rules {path} bad --seed 0 --point x=" in out
    assert main(["rules"]) == 2
    assert main(["rules", path, "tahn"]) == 2
    err = capsys.readouterr().err
    assert "rules needs a file" in err
    assert "did you mean 'tanh'?" in err


def test_thousands_of_rules_are_read(tmp_path: Path) -> None:
    rules = [TANH.replace('"tanh"', f'"tanh{i}"') for i in range(2000)]
    rules[1234] = rules[1234].replace("tanh(x)", "tahn(x)")
    operations = [operation for operation, _ in rules_file(written(tmp_path, "".join(rules))).operations()]
    assert [o.name for o in operations if o.problem] == ["tanh1234"]
    assert f":{1234 * 5 + 4}:15: " in operations[1234].problem


HARD = {
    "x**1000000 and its derivative": ('definition = "x**1000000"\nbackward = "g*1000000*x**999999"', "proved", "wired"),
    "a definition without a value": ('definition = "nan"\nbackward = "g*0"', "inconclusive", "wired"),
    "a domain without a point": ('definition = "log(x)"\ndomain = "x < 0"\nbackward = "g/x"', "inconclusive", "wired"),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_rules_are_not_refuted(tmp_path: Path, name: str) -> None:
    rule, right, wired = HARD[name]
    (operation,) = judged(tmp_path, f'[[rule]]\nname = "r"\n{rule}\n').operations
    assert (operation.right.verdict, operation.wired.verdict) == (right, wired)
    assert not any(f.message.endswith("not decided: ") for f in operation.findings)


@pytest.mark.parametrize(
    ("definition", "backward", "message"),
    [
        ("9**9**99*x", "g*9**9**99", "a power of a number that has too many digits"),
        ("x/0", "g/0", "the definition has no value anywhere in its domain"),
        ("x*nan", "g*nan", "the definition has no value anywhere in its domain"),
    ],
)
def test_what_has_no_value_or_too_many_digits_is_not_decided(
    tmp_path: Path, definition: str, backward: str, message: str
) -> None:
    (operation,) = judged(
        tmp_path, f'[[rule]]\nname = "f"\ninputs = ["x"]\ndefinition = "{definition}"\nbackward = "{backward}"\n'
    ).operations
    assert operation.right.verdict is Verdict.INCONCLUSIVE
    assert any(message in f.message for f in operation.findings)
    assert not any("internal error" in f.message for f in operation.findings)
