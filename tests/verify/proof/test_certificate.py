"""Certificates of the engine's proofs, the checker that goes through them, and tampering that it must see."""

import ast
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.verify.proof.engine_rules import all_obligations
from verify.proof import checker, quotients
from verify.proof.certificate import Uncertifiable, certificate, write
from verify.proof.checker import check, main
from verify.proof.obligation import Obligation
from verify.proof.prove import prove
from verify.trace.term import TERMS, TRUE, symbol, term

T: Any = TERMS
x = symbol("x")


@pytest.fixture(scope="module")
def certificates() -> dict[str, str]:
    return {f"{o.op} {o.definition!r}": certificate(prove(o)) for o in all_obligations()}


def tanh() -> dict[str, Any]:
    rule = symbol("acc_x") + symbol("g") * (1 - T.tanh(x) ** 2)
    return json.loads(certificate(prove(Obligation("tanh", ("x",), T.tanh(x), TRUE, T.tanh(x), (rule,)))))


def test_every_proof_of_the_engine_has_a_certificate_that_holds(certificates):
    assert {name: check(text) for name, text in certificates.items() if check(text)} == {}


def test_a_certificate_is_about_a_kilobyte_a_cell(certificates):
    cells = sum(len(json.loads(text)["cells"]) for text in certificates.values())
    assert sum(map(len, certificates.values())) < 1500 * cells


def test_the_checker_imports_nothing_but_the_standard_library_and_its_own_arithmetic():
    for module in (checker, quotients):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert {str(name).partition(".")[0] for name in imported} - set(sys.stdlib_module_names) <= {"verify"}
        assert {name for name in imported if str(name).startswith("verify")} <= {"verify.proof.quotients"}


def test_the_checker_is_short():
    lines = Path(checker.__file__).read_text(encoding="utf-8").splitlines()
    assert len(lines) < 300


def test_the_checker_runs_alone(tmp_path):
    (tmp_path / "tanh.json").write_text(json.dumps(tanh()), encoding="utf-8")
    code = "import sys; sys.argv[1:] = ['tanh.json']\n" + (
        "from verify.proof.checker import main\nstatus = main()\n"
        "print([m for m in sys.modules if m.partition('.')[0] in ('flint', 'sympy', 'numpy', 'engine')])\n"
        "sys.exit(status)"
    )
    root = Path(checker.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.splitlines()) == (0, ["tanh.json: holds", "[]"])


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    document = tanh()
    document["cells"] = []
    path = tmp_path / "empty.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.endswith("there is no cell in it\n")


def test_write(tmp_path):
    square = Obligation("square", ("x",), x * x, TRUE, x * x, (symbol("acc_x") + 2 * x * symbol("g"),))
    write(prove(square), tmp_path / "square.json")
    assert main([str(tmp_path / "square.json")]) == 0


def test_what_is_not_proved_has_no_certificate():
    wrong = Obligation("square", ("x",), x * x, TRUE, x * x, (symbol("acc_x") + 3 * x * symbol("g"),))
    with pytest.raises(Uncertifiable, match="difference"):
        certificate(prove(wrong))


def problems(document: dict[str, Any]) -> list[str]:
    return check(json.dumps(document))


def test_another_rule_is_seen():
    document = tanh()
    sub = next(node for node in document["nodes"] if node[0] == "sub")
    sub[0] = "add"
    assert "gradient of x" in problems(document)[0]


def test_another_definition_is_seen():
    document = tanh()
    next(node for node in document["nodes"] if node[0] == "tanh")[0] = "sinh"
    assert problems(document)


def test_a_generator_of_itself_is_seen():
    document = tanh()
    generators = document["cells"][0]["generators"]
    generators[-1]["argument"][0] = [["2", [[len(generators) - 1, 1]]]]
    assert "function of itself" in problems(document)[0]


def test_another_argument_of_a_generator_is_seen():
    document = tanh()
    exponential = next(g for g in document["cells"][0]["generators"] if g["kind"] == "exp")
    exponential["argument"][0][0][0] = "3"
    assert "exponential" in problems(document)[0]


def test_a_point_outside_the_cell_is_seen():
    document = tanh()
    document["cells"][0]["box"]["x"] = ["5", "6"]
    assert "outside the cell" in problems(document)[0]


def test_the_wrong_branch_of_a_root_is_seen():
    rule = symbol("acc_x") + symbol("g") / (2 * T.sqrt(x))
    document = json.loads(certificate(prove(Obligation("sqrt", ("x",), T.sqrt(x), x > 0, T.sqrt(x), (rule,)))))
    for claim in document["cells"][0]["claims"].values():
        if "value" in claim:
            claim["value"][0][0][0] = "-1"
    assert "branch" in problems(document)[0]


def forged(nodes: list[Any], claims: dict[str, Any], generators: Any = (), box: Any = (None, None)) -> list[str]:
    """What is wrong with a certificate that the last of the nodes is the slope of the one before it."""
    symbols = [{"kind": "symbol", "name": name} for name in ("x", "g", "acc_x")]
    meant = len(nodes) - 2
    nodes = [*nodes, ["symbol", "g"], ["symbol", "acc_x"], ["mul", len(nodes), len(nodes) - 1]]
    nodes.append(["add", len(nodes) - 2, len(nodes) - 1])
    cell = {
        "box": {"x": list(box), "g": [None, None], "acc_x": [None, None]},
        "point": {"x": "1/2", "g": "1", "acc_x": "1"},
        "generators": [*symbols, *generators],
        "signs": [],
        "claims": claims,
    }
    document = {"inputs": ["x"], "nodes": nodes, "definition": meant, "forward": meant, "gradients": [len(nodes) - 1]}
    return problems({**document, "cells": [cell]})


ONE = [["1", []]]
X = [["1", [[0, 1]]]]


def test_a_root_that_is_on_another_branch_elsewhere_is_seen():
    """√(x²) = x holds at every x > 0, the sampled point among them."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["sqrt", 1], ["const", "1"]]
    claims = {"2": {"value": [X, ONE]}}
    assert forged(nodes, claims, box=("0", None)) == []
    assert "nothing shows" in forged(nodes, claims)[0]


def test_a_root_of_what_may_be_negative_is_no_generator():
    """(√x)² = x would be above 0."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["sqrt", 1], ["const", "1"]]
    root = {"kind": "root", "order": 2, "argument": [X, ONE]}
    claims = {"2": {"value": [[["1", [[3, 2]]]], ONE]}}
    assert forged(nodes, claims, [root], box=("0", None)) == []
    assert forged(nodes, claims, [root])


def test_an_inverse_that_is_on_another_branch_elsewhere_is_seen():
    """acosh(cosh x) = x where x > 0."""
    nodes = [["symbol", "x"], ["cosh", 0], ["acosh", 1], ["const", "1"]]
    exponential = {"kind": "exp", "argument": [X, ONE]}
    e = [["1", [[3, 1]]]]
    claims = {"1": {"value": [e, ONE], "product": [[e, "1"]]}, "2": {"value": [e, ONE], "product": [[e, "1"]]}}
    assert forged(nodes, claims, [exponential])


def test_an_exponential_that_is_below_0_elsewhere_is_seen():
    """e**(log(x²)/2) = x where x > 0."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["log", 1], ["const", "2"], ["div", 2, 3], ["exp", 4], ["const", "1"]]
    logarithm = {"kind": "log", "argument": [X, ONE]}
    claims = {"2": {"product": [[X, "2"]]}, "5": {"value": [X, ONE], "product": [[X, "1"]]}}
    assert forged(nodes, claims, [logarithm], box=("0", None)) == []
    assert forged(nodes, claims, [logarithm])


@pytest.mark.parametrize(
    ("coefficients", "ends", "sign"),
    [
        ((1, 1, 1), (None, None), 1),  # 1 + x + x²
        ((-2, 0, 1), (2, None), 1),  # x² - 2
        ((-2, 0, 1), (None, -2), 1),
        ((-2, 0, 1), (-1, 1), -1),
        ((0, 1, -1), (0, 1), 1),  # x - x², 0 at both ends
        ((0, 0, 1), (0, 1), 1),
        ((1, -2, 1), (1, 2), 1),  # (1 - x)²
        ((-1, 3, -3, 1), (None, 1), -1),
    ],
)
def test_the_sign_of_a_polynomial(coefficients, ends, sign):
    p = {((0, n),) if n else (): Fraction(c) for n, c in enumerate(coefficients) if c}
    ranges = {0: tuple(None if end is None else Fraction(end) for end in ends)}
    assert quotients.shown_sign(p, ranges, []) == sign


@pytest.mark.parametrize(("coefficients", "ends"), [((-2, 0, 1), (1, 2)), ((1, -2, 1), (0, 2)), ((0, 1), (-1, 1))])
def test_a_sign_that_changes_or_is_0_is_not_shown(coefficients, ends):
    p = {((0, n),) if n else (): Fraction(c) for n, c in enumerate(coefficients) if c}
    with pytest.raises(quotients.Wrong):
        quotients.shown_sign(p, {0: (Fraction(ends[0]), Fraction(ends[1]))}, [])


def test_a_sign_that_does_not_follow_is_seen():
    rule = symbol("acc_x") + symbol("g") * T.where(x > 0, 1, 0)
    relu = T.maximum(x, 0)
    document = json.loads(certificate(prove(Obligation("relu", ("x",), relu, TRUE, relu, (rule,)))))
    document["cells"][0]["box"]["x"] = [None, None]
    assert "a sign that nothing shows" in problems(document)[0]


def _numbers(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a certificate holds coefficients and exponents of its polynomials."""
    if isinstance(data, dict):
        return [p for k, v in data.items() for p in _numbers(v, (*path, k))]
    if isinstance(data, list):
        return [p for k, v in enumerate(data) for p in _numbers(v, (*path, k))]
    return [path] if isinstance(data, (str, int)) else []


@pytest.mark.parametrize("seed", range(5))
def test_random_tampering_with_the_arithmetic_is_seen(certificates, seed):
    """A coefficient, exponent or index of the generators and claims is changed: the certificate falls."""
    source, survivors, tried = random.Random(seed), [], 0
    for name, text in certificates.items():
        document = json.loads(text)
        cell = source.choice(document["cells"])
        places = [("generators", *p) for p in _numbers(cell["generators"]) if "argument" in p]
        places += [("claims", *p) for p in _numbers(cell["claims"])]
        if not places:
            continue
        *head, last = source.choice(places)
        at = cell
        for key in head:
            at = at[key]
        at[last] = at[last] + 1 if isinstance(at[last], int) else f"{term(1)!r}7" if at[last] != "17" else "19"
        tried += 1
        if not problems(document):
            survivors.append((name, head, last, at[last]))
    assert tried > 30
    assert [s for s in survivors if s[1][-1] != "pairs"] == []


def test_what_is_wrong_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from verify.proof.checker import main

    (tmp_path / "prose.md").write_text("no certificate\n" * 40, encoding="utf-8")
    assert main([str(tmp_path / "prose.md")]) == 1
    assert capsys.readouterr().out.count("it is no certificate") == 1
