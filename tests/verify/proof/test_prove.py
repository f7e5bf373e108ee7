"""Proofs of the engine's rules, and the verdicts on wrong ones."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from backproof.verify.proof.field.algebra import NoValue
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import BoundaryKind, Proof, Status
from backproof.verify.terms.term import TERMS, TRUE, Term, apply, compare, constant, symbol, term
from tests.verify.proof.engine_rules import all_obligations

T: Any = TERMS
x, y, z, g = (symbol(name) for name in ("x", "y", "z", "g"))
maximum, where, hypot, exp = T.maximum, T.where, T.hypot, T.exp


def rule(definition: Any, *partials: Any, domain: Any = TRUE, forward: Any = None) -> Proof:
    """The proof for a rule that accumulates g·partial for x, y, z in this order."""
    names = ("x", "y", "z")[: len(partials)]
    gradients = tuple(symbol("acc_" + n) + g * term(s) for n, s in zip(names, partials, strict=True))
    definition = term(definition)
    forward = definition if forward is None else term(forward)
    return prove(Obligation("rule", names, definition, domain, forward, gradients))


def sign_of(u: Any, at_zero: Any = 0) -> Term:
    return where(u > 0, 1, where(u < 0, -1, at_zero))


def written(proof: Proof) -> list[tuple[str, BoundaryKind, str]]:
    """Every boundary: its place, its kind, and the rule's derivatives there."""
    return [
        (", ".join(f"{n} = {t!r}" for n, t in b.where), b.kind, repr(b.rule)) for b in proof.boundaries
    ]


@pytest.mark.parametrize("obligation", all_obligations(), ids=lambda o: f"{o.op}-{o.definition!r}"[:60])
def test_every_rule_of_the_engine_is_proved(obligation):
    proof = prove(obligation)
    assert proof.reasons == ()
    assert proof.status is Status.PROVED
    assert any(not cell.outside for cell in proof.cells)


class TestWiring:
    """The use of the upstream gradient and of the gradient accumulated before."""

    def identity(self, gradient: Any) -> Status:
        return prove(Obligation("square", ("x",), x * x, TRUE, x * x, (term(gradient),))).status

    def test_right(self):
        assert self.identity(symbol("acc_x") + 2 * x * g) is Status.PROVED

    def test_overwritten(self):
        assert self.identity(2 * x * g) is Status.RESIDUAL

    def test_upstream_forgotten(self):
        assert self.identity(symbol("acc_x") + 2 * x) is Status.RESIDUAL

    def test_not_linear_upstream(self):
        assert self.identity(symbol("acc_x") + 2 * x * g * g) is Status.RESIDUAL

    def test_clipped_upstream(self):
        assert self.identity(symbol("acc_x") + where(g > 0, 2 * x * g, 0)) is Status.RESIDUAL

    def test_a_branch_on_upstream_that_changes_nothing(self):
        assert self.identity(symbol("acc_x") + where(g > 0, 2 * x * g, 2 * g * x)) is Status.PROVED

    def test_something_added_where_upstream_is_0(self):
        added = where(compare("eq", g, 0), 1, 2 * x * g)
        assert self.identity(symbol("acc_x") + added) is Status.REJECTED


class TestWrongRules:
    @pytest.mark.parametrize(
        ("definition", "partial"),
        [
            (T.tanh(x), 1 - T.tanh(x)),
            (T.tanh(x), (1 - T.tanh(x) ** 2) * (1 + Fraction(1, 10**40) * x)),
            (exp(x), exp(x) + Fraction(1, 10**30)),
            (x * x, where((x > 10**6) & (x < 10**6 + 1), 0, 2 * x)),
            (T.erf(x), exp(-x * x)),
        ],
    )
    def test_a_difference_on_a_cell(self, definition, partial):
        proof = rule(definition, partial)
        assert proof.status is Status.RESIDUAL
        assert any(v.residual is not None for c in proof.cells for v in c.gradients)

    def test_a_wrong_forward(self):
        proof = rule(x * x, 2 * x, forward=x * x + 1)
        assert proof.cells[0].forward.status is Status.RESIDUAL

    def test_a_forward_wrong_at_one_point(self):
        assert rule(x * x, 2 * x, forward=where(compare("eq", x, 1), 5, x * x)).status is Status.REJECTED

    def test_a_wrong_value_at_one_point(self):
        proof = rule(x * x, where(compare("eq", x, 0.3), 7, 2 * x))
        assert written(proof) == [("x = 0.3", BoundaryKind.REJECTED, "(7,)")]

    def test_undefined_where_a_derivative_exists(self):
        proof = rule(x * x, 2 * x * x / x)
        assert proof.status is Status.REJECTED
        assert proof.boundaries[0].rule is None
        assert "divides by 0" in proof.boundaries[0].reason

    def test_softplus_of_jax_issue_2107(self):
        right = exp(x) / (1 + exp(x))
        proof = rule(T.log(1 + exp(x)), where(compare("eq", x, 0), 0, right))
        assert written(proof) == [("x = 0", BoundaryKind.REJECTED, "(0,)")]

    def test_no_value_on_a_whole_cell(self):
        assert rule(x * x, 2 * x + 0 * T.log(x)).status is Status.RESIDUAL


class TestKinks:
    @pytest.mark.parametrize("returned", [0, Fraction(1, 2), 1])
    def test_relu_may_return_a_subgradient(self, returned):
        proof = rule(maximum(x, 0), where(x > 0, 1, where(x < 0, 0, returned)))
        assert proof.status is Status.PROVED
        assert repr(proof.boundaries[0].weights[1:]) in (f"({term(returned)!r},)", "(0,)", "(1,)")

    @pytest.mark.parametrize("returned", [2, Fraction(-1, 10)])
    def test_relu_may_not_return_more(self, returned):
        assert rule(maximum(x, 0), where(x > 0, 1, where(x < 0, 0, returned))).status is Status.REJECTED

    @pytest.mark.parametrize(
        ("at_tie", "status"),
        [
            ((1, 0), Status.PROVED),
            ((0, 1), Status.PROVED),
            ((Fraction(1, 2), Fraction(1, 2)), Status.PROVED),
            ((1, 1), Status.REJECTED),
            ((0, 0), Status.REJECTED),
            ((Fraction(1, 3), Fraction(1, 3)), Status.REJECTED),
            ((2, -1), Status.REJECTED),
        ],
    )
    @pytest.mark.parametrize("larger", [maximum, T.minimum])
    def test_a_tie_is_checked_as_a_pair(self, larger, at_tie, status):
        first, second = (x > y, x < y) if larger is maximum else (x < y, x > y)
        proof = rule(
            larger(x, y),
            where(first, 1, where(second, 0, at_tie[0])),
            where(second, 1, where(first, 0, at_tie[1])),
        )
        assert proof.status is status

    def test_an_irrational_kink(self):
        u = x * x - 2
        assert rule(abs(u), 2 * x * sign_of(u)).status is Status.PROVED
        wrong = rule(abs(u), 2 * x * sign_of(u, 2))
        assert {b for _, b, _ in written(wrong)} == {BoundaryKind.REJECTED}

    def test_a_transcendental_kink(self):
        proof = rule(abs(exp(x) - 2), exp(x) * sign_of(exp(x) - 2))
        assert written(proof) == [("x = log(2)", BoundaryKind.SUBGRADIENT, "(0,)")]

    def test_a_curved_kink(self):
        u = x * x + y * y - 1
        proof = rule(maximum(u, 0), where(u > 0, 2 * x, 0), where(u > 0, 2 * y, 0))
        assert proof.status is Status.PROVED
        assert len(proof.boundaries) == 4

    def test_kinks_without_end_are_named(self):
        proof = rule(abs(T.sin(x)), T.cos(x) * sign_of(T.sin(x)))
        assert proof.status is Status.UNKNOWN
        assert proof.reasons == ("the zeros of sin(x) are not solved for",)

    def test_three_at_once(self):
        m = maximum(y, z)
        first, second = term(x >= m), where(x >= m, 0, where(y >= z, 1, 0))
        third = where(x >= m, 0, where(y >= z, 0, 1))
        assert rule(maximum(maximum(x, y), z), first, second, third).status is Status.PROVED

    def test_three_at_once_counted_twice(self):
        partials = [term(a >= b) * term(a >= c) for a, b, c in ((x, y, z), (y, x, z), (z, x, y))]
        proof = rule(maximum(maximum(x, y), z), *partials)
        assert ("x = z, y = z", BoundaryKind.REJECTED, "(1, 1, 1)") in written(proof)

    def test_a_cross(self):
        proof = rule(abs(x) * abs(y), sign_of(x) * abs(y), abs(x) * sign_of(y))
        assert proof.status is Status.PROVED
        assert ("x = 0, y = 0", BoundaryKind.SMOOTH, "(0, 0)") in written(proof)

    @pytest.mark.parametrize(
        ("tip", "status"), [((0, 0), Status.PROVED), ((1, 0), Status.PROVED), ((1, 1), Status.REJECTED)]
    )
    def test_the_tip_of_a_cone(self, tip, status):
        r = hypot(x, y)
        proof = rule(T.sqrt(x * x + y * y), *(where(r > 0, v / r, t) for v, t in zip((x, y), tip, strict=True)))
        assert proof.status is status

    def test_no_value_at_the_tip(self):
        assert rule(hypot(x, y), x / hypot(x, y), y / hypot(x, y)).status is Status.REJECTED


class TestEnds:
    def test_a_jump_has_no_derivative(self):
        assert written(rule(where(x > 0, 1, 0), 0)) == [("x = 0", BoundaryKind.DISCONTINUOUS, "None")]

    def test_the_threshold_of_torch_softplus_is_a_jump(self):
        proof = rule(where(x > 20, x, T.log(1 + exp(x))), where(x > 20, 1, exp(x) / (1 + exp(x))))
        assert [b.kind for b in proof.boundaries] == [BoundaryKind.DISCONTINUOUS]

    def test_an_infinite_derivative(self):
        assert written(rule(T.sqrt(x), 1 / (2 * T.sqrt(x)), domain=x >= 0)) == [
            ("x = 0", BoundaryKind.VERTICAL, "None")
        ]

    def test_a_finite_derivative_at_an_edge(self):
        proof = rule(x**2.5, 2.5 * x**1.5, domain=x >= 0)
        assert written(proof) == [("x = 0", BoundaryKind.EDGE, "(0,)")]

    def test_outside_its_domain_nothing_is_checked(self):
        proof = rule(T.log(x), 1 / x)
        assert [c.outside for c in proof.cells] == [True, False]
        assert proof.status is Status.PROVED

    def test_nothing_inside_is_not_proved(self):
        assert rule(T.sqrt(-1 - x * x), x).status is Status.UNKNOWN

    def test_an_operation_without_normal_form_is_named(self):
        proof = rule(apply("floor", x), 0)
        assert proof.status is Status.UNKNOWN
        assert "floor" in proof.failure

    def test_a_domain_in_two_parts(self):
        parts = (x > 0) | (x < -1)
        assert rule(x, 1, domain=parts).status is Status.PROVED
        assert rule(x, where(x > 0, 1, 2), domain=parts).status is not Status.PROVED
        assert rule(x, where((x < 0) & (x > -1), 7, 1), domain=parts).status is Status.PROVED


def test_the_sign_of_a_square_does_not_decide_its_root() -> None:
    """cos x - 1 is -2·sin(x/2)², and its being below 0 shows only that sin(x/2) is not 0.

    The fuzz found a prover that took sin(x/2) to be above 0 there: then this rule, wrong for x < 0, was proved.
    """
    x, half = symbol("x"), symbol("x") / 2
    beta = apply("betainc", 2, constant(Fraction(1, 2)), TERMS.cos(x))
    for f, partial in (
        (TERMS.sqrt(1 - TERMS.cos(x)), TERMS.cos(half) * TERMS.sqrt(2) / 2),
        (beta, -3 * TERMS.sqrt(2) * TERMS.cos(half) * TERMS.cos(x) / 4),
    ):
        domain = compare("lt", TERMS.cos(x), 1) & compare("gt", TERMS.cos(x), 0)
        gradient = symbol("acc_x") + symbol("g") * partial
        found = prove(Obligation("root", ("x",), f, domain, f, (gradient,)))
        assert found.status is not Status.PROVED
        by_sign = {str(cell.cell): cell.gradients[0].status for cell in found.cells if not cell.outside}
        assert Status.PROVED in by_sign.values(), "it is right where sin(x/2) is above 0"


ONE_IN_DISGUISE = T.sqrt(1 - T.sin(x) ** 2) / T.cos(x)
NEARBY = (x > -1) & (x < 1)  # where that is 1, as it is not where the cosine is below 0


class TestABoundThatEndsNothing:
    """√(x²·y²) requires x²·y² ≥ 0, which holds on both sides of x = 0: that is a kink, and not an end of the domain."""

    definition = T.sqrt(x * x * y * y)
    domain = x * x * y * y >= 0

    def test_any_convex_combination_is_valid_there(self):
        proof = rule(self.definition, abs(y) * sign_of(x), abs(x) * sign_of(y), domain=self.domain)
        assert proof.status is Status.PROVED

    def test_but_nothing_beyond(self):
        partial = where(compare("eq", x, 0), 2 * abs(y), abs(y) * sign_of(x))
        assert rule(self.definition, partial, abs(x) * sign_of(y), domain=self.domain).status is Status.REJECTED

    @pytest.mark.parametrize("domain", [x - x >= 0, x * x / 2 >= 0, -x * x <= 0])
    def test_one_that_always_holds_is_none(self, domain):
        (cell,) = rule(x, 1, domain=domain).cells
        assert str(cell.cell) == "everywhere"

    def test_a_cube_is_a_bound(self):
        assert rule(abs(x), where(x > 0, 1, 0), domain=x * x * x >= 0).status is Status.REJECTED


class TestWhereTheDefinitionHasAValueAfterAll:
    """Each was proved once, since a rule is not checked on a cell that is considered outside of the domain."""

    @pytest.mark.parametrize(
        ("elsewhere", "domain"),
        [
            (T.asin(ONE_IN_DISGUISE), NEARBY),  # u/√(1 - u²) divides by 0
            (T.acos(ONE_IN_DISGUISE), NEARBY),
            (constant(-2) ** ONE_IN_DISGUISE, NEARBY),
            ((x - x) ** (x + 2), NEARBY),
            (T.gammainc(0, x), (x > -1) & (x < 3)),
            (T.atan2(x - x, x - x), NEARBY),
            (where(T.sqrt(-x) >= -1, 1, T.acos(x + 1)), NEARBY),  # of floats NaN >= -1 is false
        ],
        ids=repr,
    )
    def test_a_wrong_rule_there_is_not_proved(self, elsewhere, domain):
        proof = rule(where(x > 0, elsewhere, x * x), where(x > 0, 77, 2 * x), domain=domain)
        assert proof.status is not Status.PROVED

    def test_the_right_rule_of_an_angle_of_one_in_disguise_is(self):
        assert rule(T.asin(ONE_IN_DISGUISE) + x, 1, domain=NEARBY).status is Status.PROVED

    def test_a_part_without_a_value_is_checked_in_ball_arithmetic(self, monkeypatch):
        monkeypatch.setattr("backproof.verify.proof.field.interpret.functions.atan", _no_value)
        (cell,) = rule(T.atan(x), 77).cells
        assert cell.status is Status.UNKNOWN
        assert "has no real value: of nothing, and yet it has one at x = " in cell.forward.reason


def _no_value(*_: Any) -> Any:
    raise NoValue("of nothing")


def test_a_logarithm_of_a_size_ends_where_that_is_0():
    assert rule(T.log(abs(x)), 1 / x).status is Status.PROVED
    assert rule(T.log(abs(x)), 1 / abs(x)).status is Status.RESIDUAL


class TestEndsThatAreNotSolvedFor:
    """At an end that belongs to the domain the rule must be right, too; which points those are may be undecidable."""

    INSIDE = T.exp(x) - x

    @pytest.mark.parametrize("at_the_end", [77, 2 * x])
    def test_nothing_is_proved_where_the_end_belongs_to_the_domain(self, at_the_end):
        partial = where(compare("eq", self.INSIDE, 2), at_the_end, 2 * x)
        proof = rule(x * x, partial, domain=compare("ge", self.INSIDE, 2))
        assert proof.status is Status.UNKNOWN
        assert any("are not solved for" in reason for reason in proof.reasons)

    def test_an_end_outside_the_domain_is_not_checked(self):
        assert rule(x * x, 2 * x, domain=self.INSIDE > 2).status is Status.PROVED


class TestAlongABoundary:
    """Where the operation jumps, or has an infinite derivative, across x = 0, it may have one along it all the same."""

    STEEP = T.sqrt(x) + y * y
    JUMP = where(x > 0, 1, 0) + y * y
    AWRY = where(compare("eq", x, 0), 77, 2 * y)

    def test_steep(self):
        across = where(compare("eq", x, 0), 0, 1 / (2 * T.sqrt(x)))
        assert rule(self.STEEP, across, 2 * y, domain=x >= 0).status is Status.PROVED
        assert rule(self.STEEP, across, self.AWRY, domain=x >= 0).status is Status.REJECTED
        assert rule(self.STEEP, 1 / (2 * T.sqrt(x)), self.AWRY, domain=x >= 0).status is Status.REJECTED

    def test_a_jump(self):
        assert rule(self.JUMP, 0, 2 * y).status is Status.PROVED
        proof = rule(self.JUMP, 0, self.AWRY)
        assert proof.boundaries[0].rule is not None
        reason = "the operation is discontinuous, but not along y, where the rule gives a different derivative, or none"
        assert proof.reasons == (reason,)

    def test_which_side_a_jump_belongs_to_is_a_convention(self):
        step, other_step = (where(c, 1 + y * y, -y * y) for c in (x > 0, x >= 0))
        assert rule(step, 0, where(x >= 0, 2 * y, -2 * y), forward=other_step).status is Status.PROVED
        assert rule(step, 0, where(x > 0, 2 * y, where(x < 0, -2 * y, 5))).status is Status.REJECTED


class TestBoundsOfConstants:
    """A generator is assumed to be strictly between its bounds."""

    def test_a_power_of_e_is_not_bounded_by_what_is_many_digits(self):
        large = constant(10**600)  # e**x exceeds it at x = 1381
        definition = where(exp(x) > large, x, 2 * x)
        assert rule(definition, 2, domain=(x > 0) & (x < 5000)).status is not Status.PROVED

    def test_a_root_that_is_a_whole_number_does_not_exceed_itself(self):
        whole = 2**40 + 1  # its square is too large to be factored quickly
        nothing = T.sqrt(constant(whole**2)) - constant(whole)
        definition = where(nothing + x * x > 0, x, x + 5)
        assert rule(definition, 1).status is not Status.PROVED  # it jumps to 5 at 0


class TestEndsOfSineAndCosine:
    """Their ranges are closed: sin(x) - 1 has no constant sign on a cell, for it is 0 on some points of it."""

    @pytest.mark.parametrize("end", [1, -1])
    @pytest.mark.parametrize(("function", "partial"), [(T.sin, T.cos(x)), (T.cos, -T.sin(x))])
    def test_a_rule_that_is_wrong_at_the_ends_is_not_proved(self, function, partial, end):
        assert rule(function(x), where(compare("eq", function(x), end), 5, partial)).status is not Status.PROVED

    @pytest.mark.parametrize("end", [1, -1])
    def test_a_rule_equal_there_is_not_rejected(self, end):
        proof = rule(T.sin(x), where(compare("eq", T.sin(x), end), 0, T.cos(x)))
        assert proof.status not in (Status.REJECTED, Status.RESIDUAL)


class TestOutsideTheDomain:
    """The rule is not rejected at a boundary that the domain excludes."""

    @pytest.mark.parametrize(
        ("definition", "partials"),
        [(x * x, (where(x > 0, 2 * x, 5),)), (x * y, (where(x > 0, y, 7), where(x > 0, x, 7)))],
    )
    def test_the_rule_is_not_checked_at_an_open_end(self, definition, partials):
        assert rule(definition, *partials, domain=x > 0).status is Status.PROVED
        assert rule(definition, *partials, domain=x >= 0).status is Status.REJECTED


class TestStatus:
    """A proof is as good as its weakest part, and none where a part is missing."""

    proof = prove(Obligation("square", ("x",), x * x, TRUE, x * x, (symbol("acc_x") + 2 * x * g,)))

    def test_a_part_that_could_not_be_examined_leaves_it_unknown(self):
        assert self.proof.status is Status.PROVED
        assert replace(self.proof, failure="more than 64 cells").status is Status.UNKNOWN

    def test_cells_outside_the_domain_prove_nothing(self):
        outside = tuple(replace(cell, outside=True) for cell in self.proof.cells)
        assert replace(self.proof, cells=outside).status is Status.UNKNOWN


def test_the_difference_that_is_left_is_named():
    """The forward's from the definition, and the rule's from the derivative."""
    wrong = (symbol("acc_x") + 3 * x * g,)
    found = prove(Obligation("square", ("x",), x * x, TRUE, x * x + 1, wrong)).reasons
    assert found == (
        "a difference between the forward and the definition is left",
        "a difference between the rule and the derivative is left",
    )


@pytest.mark.parametrize(("at_0", "kind"), [(T.pi / 2, BoundaryKind.UNKNOWN), (term(7), BoundaryKind.REJECTED)])
def test_a_value_that_may_be_the_limit_is_not_rejected(at_0, kind):
    """atan(x) + atan(1/x) is π/2 where x > 0: the prover does not know this, and says so."""
    slope = T.atan(x) + T.atan(1 / x)
    by_y = where(compare("eq", y, 0), at_0, slope)
    gradients = (symbol("acc_x"), symbol("acc_y") + by_y * g)
    proof = prove(Obligation("product", ("x", "y"), y * slope, compare("gt", x, 0), y * slope, gradients))
    assert [b.kind for b in proof.boundaries if b.where == (("y", constant(0)),)] == [kind]


@pytest.mark.parametrize("at_0", [0, 5])
def test_a_limit_of_the_form_0_times_infinity_is_not_taken_for_infinity(at_0):
    """The derivative of x·sin(x)·log(x) tends to 0 at 0, where sin(x)·log(x) is not seen to."""
    slope = T.sin(x) * T.log(x) + x * T.cos(x) * T.log(x) + T.sin(x)
    f = where(compare("gt", x, 0), x * T.sin(x) * T.log(x), 0)
    partial = where(compare("gt", x, 0), slope, where(compare("eq", x, 0), at_0, 0))
    proof = prove(Obligation("f", ("x",), f, TRUE, f, (symbol("acc_x") + partial * g,)))
    assert [b.kind for b in proof.boundaries] == [BoundaryKind.UNKNOWN]
