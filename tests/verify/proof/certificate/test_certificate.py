"""Certificates of the engine's proofs: what holds, what is printed, and what may be written."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backproof.verify.proof.certificate import checker
from backproof.verify.proof.certificate.checker import check, examined, main
from backproof.verify.proof.certificate.claims import Uncertifiable
from backproof.verify.proof.certificate.writer import certificate, write
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.terms.term import TERMS, TRUE, compare, symbol
from tests.verify.proof.certificate.made import certified, engine, leaves, obligation, tanh

T: Any = TERMS
x, y, z, g = symbol("x"), symbol("y"), symbol("z"), symbol("g")
acc_x, acc_y = symbol("acc_x"), symbol("acc_y")

CHECKERS = ("quotients", "signs", "schema", "generators", "region", "boundary", "cover", "checker")
"""What must not share code with the prover, ground first: one imports from those before it."""


def test_every_proof_of_the_engine_has_a_certificate_that_holds() -> None:
    results = {name: examined(text) for name, text in engine().items()}
    assert {name: r.line for name, r in results.items() if r.code != checker.UNTIED} == {}
    assert len(results) == 63


def test_a_certificate_is_about_a_kilobyte_a_leaf() -> None:
    count = sum(len(leaves(json.loads(text)["cover"])) for text in engine().values())
    assert sum(map(len, engine().values())) < 1000 * count


def test_the_checker_imports_nothing_but_the_standard_library_and_itself() -> None:
    folder = Path(checker.__file__).parent
    for place, name in enumerate(CHECKERS):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        ours = {str(m) for m in imported if str(m).startswith("backproof")}
        assert {str(m).partition(".")[0] for m in imported} - set(sys.stdlib_module_names) <= {"backproof"}
        assert ours <= {f"backproof.verify.proof.certificate.{other}" for other in CHECKERS[:place]}, name


def test_the_checker_is_short() -> None:
    """Less than two thousand lines in eight files: an afternoon's reading."""
    folder = Path(checker.__file__).parent
    sizes = {name: len((folder / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in CHECKERS}
    assert max(sizes.values()) < 400
    assert sum(sizes.values()) < 2000


def test_no_float_is_computed_by_the_checker() -> None:
    folder = Path(checker.__file__).parent
    for name in CHECKERS:
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)], name
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "float"], name


def test_the_checker_runs_alone(tmp_path: Path) -> None:
    (tmp_path / "tanh.json").write_text(json.dumps(tanh()), encoding="utf-8")
    code = "import sys; sys.argv[1:] = ['tanh.json']\n" + (
        "from backproof.verify.proof.certificate.checker import main\nstatus = main()\n"
        "others = 'flint', 'sympy', 'numpy', 'backproof.engine'\n"
        "print([m for m in sys.modules if m.startswith(others)])\n"
        "sys.exit(status)"
    )
    root = Path(checker.__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    line, modules = done.stdout.splitlines()
    assert line == (
        "tanh.json: holds: tanh: d/dx of tanh(x) is the rule in the file, all real x, 1 cell, 0 boundaries, over the "
        "reals; 0 leaks; holds for the nodes in the file; not tied to any source"
    )
    assert (done.returncode, modules) == (6, "[]")


def test_write(tmp_path: Path) -> None:
    write(prove(Obligation("square", ("x",), x * x, TRUE, x * x, (acc_x + 2 * x * g,))), tmp_path / "square.json")
    assert main([str(tmp_path / "square.json")]) == checker.UNTIED


def test_what_is_not_proved_has_no_certificate() -> None:
    wrong = Obligation("square", ("x",), x * x, TRUE, x * x, (acc_x + 3 * x * g,))
    with pytest.raises(Uncertifiable, match="difference"):
        certificate(prove(wrong))


def test_a_power_that_varies_has_a_certificate_that_holds() -> None:
    partials = (y * T.pow(x, y - 1), T.pow(x, y) * T.log(x))
    gradients = tuple(symbol(f"acc_{n}") + g * s for n, s in zip("xy", partials, strict=True))
    power = T.pow(x, y)
    assert check(certificate(prove(Obligation("pow", ("x", "y"), power, compare("gt", x, 0), power, gradients)))) == []


# -------------------------------------------------------------------------------------------- the boundaries


def kinds(document: dict[str, Any]) -> list[str]:
    """The kinds of the leaves, in order."""
    return [next(k for k in leaf if k not in ("by", "touching")) for leaf in leaves(document["cover"])]


def test_a_kink_is_a_leaf_with_weights() -> None:
    document = certified(T.maximum(x, 0), T.where(x > 0, 1, 0))
    assert kinds(document) == ["cell", "stratum", "cell"]
    (item,) = document["cover"]["on"]["touching"]
    assert item["leaf"] == 0


def test_a_rule_may_be_between_the_two_limits() -> None:
    document = certified(T.maximum(x, 0), T.where(x > 0, 1, T.where(x < 0, 0, x + 1 / T.cosh(x) / 4)))
    weights = [item["weight"] for item in document["cover"]["on"]["touching"]]
    assert [w[0][0][0] for w in weights] == ["3/4", "1/4"]


def test_a_tie_of_two_inputs_is_solved_for_one() -> None:
    document = certified(T.maximum(x, y), T.where(x > y, 1, 0), T.where(x > y, 0, 1))
    assert kinds(document) == ["cell", "stratum", "cell"]
    ((bindings, _),) = document["cover"]["on"]
    assert [name for name, _ in bindings] == ["x"]


def test_of_an_infinite_derivative_nothing_is_claimed_and_that_is_printed() -> None:
    half = T.where(x > 0, 1 / (2 * T.sqrt(x)), 0)
    document = certified(T.sqrt(x), half, domain=compare("ge", x, 0))
    assert kinds(document) == ["outside", "unclaimed", "cell"]
    assert "; nothing is claimed at x = 0 (the writer's reason: " in examined(json.dumps(document)).line


def test_of_a_jump_nothing_is_claimed() -> None:
    document = certified(T.where(x > 0, 1, 0) + x, 1)
    assert kinds(document) == ["cell", "unclaimed", "cell"]
    assert "(the writer's reason: the operation is discontinuous)" in examined(json.dumps(document)).line


def test_the_end_of_a_domain_is_a_boundary() -> None:
    document = certified(T.pow(x, 1.5), 1.5 * T.sqrt(x), domain=compare("ge", x, 0))
    assert kinds(document) == ["outside", "stratum", "cell"]


def test_a_rule_that_branches_on_the_upstream_gradient() -> None:
    gradient = T.where(g > 0, acc_x + 2 * x * g, acc_x + g * x + g * x)
    document = json.loads(certificate(prove(Obligation("square", ("x",), x * x, TRUE, x * x, (gradient,)))))
    assert kinds(document) == ["cell", "stratum", "cell"]
    assert document["cover"]["at"] == ["g", "0"]


def test_what_linear_facts_exclude_is_empty_with_multipliers() -> None:
    """x > y, y > z and z > x contradict each other: each counts once."""
    first = T.where(x > y, T.where(y > z, T.where(z > x, 7, 1), T.where(x > z, 1, 0)), T.where(x > z, 0, 0))
    larger = T.maximum(x, T.maximum(y, z))
    second = T.where(x > y, 0, T.where(y > z, 1, 0))
    third = T.where(x > y, T.where(x > z, 0, 1), T.where(y > z, 0, 1))
    document = certified(larger, first, second, third)
    contradictions = [leaf["by"] for leaf in leaves(document["cover"]) if "empty" in leaf]
    assert any(len(by) == 3 for by in contradictions)
    assert "unclaimed" not in kinds(document)


def test_lines_and_points_where_three_inputs_tie_are_leaves() -> None:
    first = T.where((x > y) & (x > z), 1, 0)
    second, third = T.where((y >= x) & (y > z), 1, 0), T.where((z >= x) & (z >= y), 1, 0)
    found = kinds(certified(T.maximum(x, T.maximum(y, z)), first, second, third))
    assert (found.count("cell"), found.count("stratum")) == (6, 7)


def test_the_edge_of_a_disc_is_outside_where_the_domain_leaves_it_out() -> None:
    document = certified(x * y, y, x, domain=compare("lt", x * x + y * y, 1))
    assert kinds(document) == ["cell", "outside", "outside"]


def test_of_the_edge_of_a_disc_that_belongs_to_it_nothing_is_claimed() -> None:
    """No symbol is a function of the others on all of the circle; it is thin all the same."""
    document = certified(x * y, y, x, domain=compare("le", x * x + y * y, 1))
    assert kinds(document) == ["cell", "unclaimed", "outside"]
    assert "nothing is claimed at y**2 + x**2 - 1 = 0 (" in examined(json.dumps(document)).line


def test_where_an_exponential_takes_a_value_is_solved_by_a_logarithm() -> None:
    document = certified(T.where(T.exp(x) > 2, T.exp(x), 2), T.where(T.exp(x) > 2, T.exp(x), 0))
    assert kinds(document) == ["cell", "stratum", "cell"]


def test_at_the_tip_of_a_cone_the_limits_are_those_along_rays() -> None:
    norm = T.sqrt(x * x + y * y)
    inside = x * x + y * y > 0
    document = certified(norm, T.where(inside, x / norm, 0), T.where(inside, y / norm, 0))
    ((_, tip),) = document["cover"]["on"]
    assert [item["steps"] for item in tip["touching"]] == [[["x", "1"]], [["x", "-1"]]]


def test_a_sum_of_squares_is_not_negative() -> None:
    norm = T.sqrt(x * x + y * y)
    document = certified(norm, x / norm, y / norm, domain=compare("gt", x * x + y * y, 0))
    assert "empty" in kinds(document)


def test_a_rule_that_divides_by_0_where_the_definition_does_not() -> None:
    """x·(x/x) has no value at 0."""
    rule = acc_x + g * (2 * x * (x / x))
    found = prove(Obligation("square", ("x",), x * x, TRUE, x * x, (rule,)))
    with pytest.raises(Uncertifiable):
        certificate(found)


def test_an_obligation_of_the_engine_that_is_larger_than_usual() -> None:
    assert check(certificate(prove(obligation("gelu_tanh")))) == []
