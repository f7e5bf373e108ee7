"""Every operation is derived to its closure, every line is proved, and a wrong line is not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backproof.derivations.steps.check import Checker
from backproof.derivations.steps.derivation import Derivation, cases_of, derivation
from backproof.derivations.steps.named import spelled_out
from backproof.derivations.steps.rules import KNOWN, RULES, D, Rule, at_the_variable
from backproof.derivations.steps.worked_forms import WORKED_FORMS, WorkedForm
from backproof.derivations.steps.workings import NotDerived, derivative_of, path
from backproof.engine import OPS
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.terms.notation.plain import UNICODE
from backproof.verify.terms.term import TRUE, apply, compare, constant, symbol

CASES = cases_of()
x, y, out, g, acc = (symbol(name) for name in ("x", "y", "out", "g", "acc_x"))


@pytest.fixture(scope="module")
def derived() -> dict[str, Derivation]:
    return {op: derivation(op, cases) for op, cases in CASES.items()}


@pytest.mark.parametrize("op", OPS)
def test_every_operation_is_derived_and_proved(op: str, derived: dict[str, Derivation]) -> None:
    found = derived[op]
    assert [d.failure for d in found.derived] == [""] * len(found.inputs)
    assert found.defined.proved, found.defined.reason
    assert [c.reason for d in found.derived for c in d.checks if not c.proved] == []
    assert found.proved


@pytest.mark.parametrize("op", OPS)
def test_the_last_line_is_what_the_closure_computes(op: str, derived: dict[str, Derivation]) -> None:
    for d in derived[op].derived:
        assert d.path.result is d.closure


def test_no_road_leads_to_an_operation_that_is_none() -> None:
    assert set(WORKED_FORMS) == set(OPS)


@pytest.mark.parametrize("op", [op for op in OPS if CASES[op][0].spec.inputs == ("x",)])
def test_a_wrong_line_is_not_proved(op: str, derived: dict[str, Derivation]) -> None:
    """The check can fail: a thousandth more, and no line passes."""
    checker = Checker(CASES[op], WORKED_FORMS[op].constants)
    (d,) = derived[op].derived
    for step in d.path.steps:
        wrong = step.line + constant(Fraction(1, 1000))
        assert not checker.line(0, wrong, d.path.names, d.path.conditions).proved


def test_a_wrong_definition_is_not_proved() -> None:
    assert not Checker(CASES["tanh"], {}).definition(apply("sinh", x)).proved


def test_a_line_with_an_open_derivative_is_checked_by_its_result() -> None:
    checker = Checker(CASES["expm1"], {})
    assert checker.line(0, D(apply("exp", x), x), {}, ()).proved
    assert not checker.line(0, D(apply("exp", 2 * x), x), {}, ()).proved


def test_an_unknown_function_is_not_derived() -> None:
    with pytest.raises(NotDerived, match="no rule is known"):
        derivative_of(apply("floor", x), x)
    found = path(WorkedForm(apply("floor", x)), "x", ())
    assert "no rule is known" in found.failure


def test_a_road_that_ends_elsewhere_is_not_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORKED_FORMS, "tanh", WorkedForm(apply("sinh", x) / apply("cosh", x)))
    found = derivation("tanh", CASES["tanh"])
    assert "no algebra is known" in found.derived[0].failure
    assert not found.proved


# ------------------------------------------------------------------------------------------------------ rules

_SAMPLES = {"f": 2 + apply("sin", x), "g": 3 + x**2, "c": constant(5), "n": constant(3)}


@pytest.mark.parametrize("rule", [*RULES, *KNOWN], ids=lambda r: f"{r.id}-{r.left}")
def test_each_rule_is_true(rule: object) -> None:
    """The rule for f = 2 + sin(x), g = 3 + x², c = 5, n = 3, against the prover's own calculus."""
    from backproof.verify.terms.term import Term, substitute

    values: dict[Term, Term] = {symbol(k): v for k, v in _SAMPLES.items()}
    values[compare("gt", symbol("h"), 0)] = compare("gt", x, 1)
    left, right = substitute((rule.left, rule.right), values)  # type: ignore[attr-defined]
    partials = {D(v, x): derivative_of(v, x) for v in (*_SAMPLES.values(), x)}
    function, partial = spelled_out(left.args[0]), spelled_out(substitute((right,), partials)[0])
    if function.op == "where":  # it jumps at the boundary, where no derivative is claimed: each side on its own
        assert right.op == "where"
        return
    proof = prove(Obligation("rule", ("x",), function, TRUE, function, (acc + g * partial,)))
    assert proof.status is Status.PROVED, proof.reasons


def test_stable_ids() -> None:
    ids = {r.id for r in RULES}
    assert ids == {
        *("constant", "identity", "linearity", "product", "reciprocal", "quotient", "power", "exponential", "branch")
    }
    assert all(r.id.startswith("known:") for r in KNOWN)


def test_inner_functions_get_names_and_lose_them_again(derived: dict[str, Derivation]) -> None:
    steps = derived["gelu"].derived[0].path.steps
    chain = next(s for s in steps if s.rule == "chain")
    assert [(UNICODE(a), UNICODE(b)) for a, b in chain.lets] == [("u", "x/√2")]
    back = next(s for s in steps if s.rule == "substitute")
    assert symbol("u") not in _parts(back.line)


def _parts(term: object) -> set[object]:
    from backproof.verify.terms.term import topological

    return set(topological(term))  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------- what is kept


@pytest.mark.parametrize(
    ("op", "keeps"),
    [
        ("tanh", ("out",)),
        ("sigmoid", ("out",)),
        ("exp", ("out",)),
        ("sqrt", ("out",)),
        ("gelu", ("x",)),
        ("mul", ("x", "y")),
        ("add", ()),
        ("div", ("y", "out")),
    ],
)
def test_what_the_closure_keeps_is_read_from_it(
    op: str, keeps: tuple[str, ...], derived: dict[str, Derivation]
) -> None:
    assert derived[op].keeps == keeps


def test_masks(derived: dict[str, Derivation]) -> None:
    masks = {op for op, d in derived.items() if d.mask and d.keeps}
    assert masks == {"abs", "max", "min", "relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid"}


def test_gelus_pair(derived: dict[str, Derivation]) -> None:
    """Found by the program: two inputs, one out, two derivatives."""
    pair = derived["gelu"].pair
    assert pair is not None
    (a,), (b,) = pair.points
    (s,), (t,) = pair.partials
    assert (round(a, 4), round(b, 4), round(s, 4), round(t, 4)) == (-0.2025, -1.6221, 0.3407, -0.1212)


_TURNING = ("gelu", "gelu_tanh", "silu", "mish", "hardswish", "sin", "cos", "cosh", "square", "abs")


@pytest.mark.parametrize("op", _TURNING)
def test_a_pair_is_a_pair(op: str, derived: dict[str, Derivation]) -> None:
    """The engine itself says so: same value, different derivatives."""
    pair = derived[op].pair
    assert pair is not None
    operation = CASES[op][0].operation
    first, second = (operation.run(p) for p in pair.points)
    assert first.out == pytest.approx(second.out, rel=1e-12)
    assert first.gradients[0] != pytest.approx(second.gradients[0], rel=1e-3)


def test_where_out_is_enough_there_is_no_pair(derived: dict[str, Derivation]) -> None:
    without = {op for op, d in derived.items() if d.keeps and d.pair is None and "x" in d.keeps}
    assert {"log", "atan", "asinh", "erf", "relu"} <= without
    assert all(derived[op].pair is None for op in ("tanh", "sigmoid", "exp"))


@pytest.mark.parametrize("rule", [r for r in KNOWN if r.because.startswith("As derived")], ids=lambda r: r.id)
def test_what_is_said_to_be_derived_elsewhere_is(rule: Rule, derived: dict[str, Derivation]) -> None:
    """The rule for an operation of the engine is that operation's own derivative, which is derived in full."""
    op = rule.because.removeprefix("As derived for the operation ").rstrip(".")
    _, partial = at_the_variable(rule)
    assert Checker(CASES[op], {}).line(0, partial, {}, ()).proved
    assert derived[op].proved
