"""The differential field: normal forms, derivatives, signs, limits of size."""

from fractions import Fraction
from typing import Any

import pytest

from backproof.verify.proof.cell import NOT_ZERO, Cell, Split, everywhere
from backproof.verify.proof.cells.strata import zeros
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import GENS, Element, TooHard, factors, generator, number, quotient
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.halfspaces import Empty, open_directions, refuse_contradictions
from backproof.verify.proof.field.interpret import Interpreter, Undefined, Unsupported
from backproof.verify.proof.field.samples import sample_point
from backproof.verify.proof.field.signs import known_sign, learn, require_nonzero, roots_within, sign
from backproof.verify.terms.term import PI, TERMS, Term, apply, constant, symbol, term

T: Any = TERMS
x, y = symbol("x"), symbol("y")


def interpreter(cell: Cell | None = None) -> Interpreter:
    return Interpreter(Field(cell or everywhere(("x", "y"))), trusting=True)


def equal(a: Any, b: Any, cell: Cell | None = None, hints: dict[str, Fraction] | None = None) -> bool:
    """Whether two terms give the same element."""
    field = Field(cell or everywhere(("x", "y")), hints)
    try:
        read = Interpreter(field, trusting=True)
        return field.is_zero(read.element(term(a)) - read.element(term(b)))
    except Restart as finer:
        return equal(a, b, cell, {**field.hints, finer.name: finer.grain})


positive = Cell((("x", Fraction(0), None), ("y", Fraction(0), None)))


class TestAlgebra:
    def test_lowest_terms_are_unique(self):
        a, b = GENS[-1], GENS[-2]
        assert repr(quotient(2 * a * a - 2 * b * b, 4 * a + 4 * b)) == repr(quotient(b - a, algebra.ONE * -2))

    def test_a_quotient_by_zero(self):
        with pytest.raises(ZeroDivisionError):
            number(1) / (generator(3) - generator(3))

    def test_factors_have_a_positive_leading_coefficient(self):
        a = GENS[-1]
        assert factors(2 - 2 * a * a) == (Fraction(-2), [(a - 1, 1), (a + 1, 1)])

    def test_what_would_outgrow_the_limits_is_refused(self):
        big = Element(sum(GENS, algebra.ONE) ** 2)
        with pytest.raises(TooHard, match="terms"):
            big**40
        with pytest.raises(TooHard, match="terms"):
            big**3 * big**3


class TestNormalForms:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            (T.exp(x + y), T.exp(x) * T.exp(y)),
            (T.exp(2 * T.log(1 + x * x)), (1 + x * x) ** 2),
            (T.exp(x / 2) ** 6, T.exp(x) ** 3),
            (T.exp((x + 1) / x), T.exp(constant(1)) * T.exp(1 / x)),
            (T.sin(3 * x), 3 * T.sin(x) - 4 * T.sin(x) ** 3),
            (T.cos(PI / 6), T.sqrt(term(3)) / 2),
            (T.sin(x + PI / 2), T.cos(x)),
            (T.sin(T.atan(x)), x / T.sqrt(1 + x * x)),
            (T.sqrt(term(8)), 2 * T.sqrt(term(2))),
            (T.erf(-x), -T.erf(x)),
            (T.erf(x / T.sqrt(term(2))), T.erf(x * T.sqrt(term(Fraction(1, 2))))),
            (T.asinh(-x), -T.asinh(x)),
            (T.log(term(12)), 2 * T.log(term(2)) + T.log(term(3))),
            (T.tanh(x), T.sinh(x) / T.cosh(x)),
            (T.hypot(x, 1), T.sqrt(1 + x**2)),
            (T.atan2(x, 1 + x * x), T.atan2(2 * x, 2 + 2 * x * x)),
        ],
    )
    def test_equal_everywhere(self, a, b):
        assert equal(a, b)

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            (T.sqrt(x) * T.cbrt(x), x ** Fraction(5, 6)),
            (T.log(x * x * y), 2 * T.log(x) + T.log(y)),
            (x**y, T.exp(y * T.log(x))),
            (T.sqrt(x * x * y), x * T.sqrt(y)),
            (x**0.1 * x**0.1 * x, x**0.2 * x),
            (T.sqrt(x + 2 * T.sqrt(x) + 1), 1 + T.sqrt(x)),
            (1 / (T.sqrt(x + 1) - T.sqrt(x)), T.sqrt(x + 1) + T.sqrt(x)),
        ],
    )
    def test_equal_above_0(self, a, b):
        assert equal(a, b, positive)

    @pytest.mark.parametrize(("a", "b"), [(T.exp(x), T.exp(y)), (T.sqrt(1 + x * x), 1 + x), (T.erf(x), T.tanh(x))])
    def test_not_equal(self, a, b):
        assert not equal(a, b)

    def test_a_finer_grain_is_requested(self):
        read = interpreter()
        read.element(T.exp(x))
        with pytest.raises(Restart):
            read.element(T.exp(x / 3))

    def test_the_stock_of_generators_ends(self):
        read = interpreter()
        many = term(sum((T.erf(x + k) for k in range(50)), constant(0)))
        with pytest.raises(TooHard, match="different functions"):
            read.element(many)

    def test_no_value(self):
        with pytest.raises(Undefined, match="divides by 0"):
            interpreter().element(x / (x - x))
        with pytest.raises(Undefined, match="logarithm"):
            interpreter().element(T.log(-1 - x * x))
        with pytest.raises(Unsupported, match="floor"):
            interpreter().element(apply("floor", x))

    @pytest.mark.parametrize("u", [T.exp(x) / (1 + x), T.sqrt(1 + x * x), T.log(1 + T.exp(x)), T.erf(x) * T.cos(x)])
    def test_an_element_can_be_written_as_a_term(self, u: Term):
        read = interpreter()
        again = read.field.term(read.element(u))
        assert equal(u, again)


class TestDerivatives:
    @pytest.mark.parametrize(
        ("f", "partial"),
        [
            (T.exp(x * x), 2 * x * T.exp(x * x)),
            (T.log(1 + T.exp(x)), T.exp(x) / (1 + T.exp(x))),
            (T.sqrt(1 + x * x), x / T.sqrt(1 + x * x)),
            (T.sin(x * y), y * T.cos(x * y)),
            (T.atan2(x, y), y / (x * x + y * y)),
            (T.erf(2 * x), 4 / T.sqrt(PI) * T.exp(-4 * x * x)),
            (T.tan(x), 1 + T.tan(x) ** 2),
        ],
    )
    def test_by_x(self, f, partial):
        read = interpreter()
        given = Cell(read.field.cell.box, ((x * x + y * y, 1),))
        read = interpreter(given)
        learn(read.field, read.element(x * x + y * y), 1)
        difference = read.field.derivative(read.element(f), "x") - read.element(partial)
        assert read.field.is_zero(difference)


class TestSigns:
    def sign(self, u: Any, cell: Cell | None = None) -> int | None:
        read = interpreter(cell)
        return known_sign(read.field, read.element(term(u)))

    def test_signs_that_are_known(self):
        unit = Cell((("x", Fraction(-1), Fraction(1)), ("y", Fraction(2), None)))
        assert self.sign(1 + T.exp(x)) == 1
        assert self.sign(-1 - x * x) == -1
        assert self.sign(x - x) == 0
        assert self.sign(1 - x * x, unit) == 1
        assert self.sign(x * x - 2, unit) == -1
        assert self.sign(T.exp(x) - 3, unit) == -1
        assert self.sign(T.sqrt(term(2)) - 1) == 1
        assert self.sign(PI - 3) == 1
        assert self.sign(T.sqrt(1 + x * x) + x) == 1
        assert self.sign(T.cos(x / 2), unit) == 1
        assert self.sign(x * y + y * y, Cell((("x", Fraction(0), None), ("y", Fraction(0), None)))) == 1

    def test_signs_that_are_not(self):
        assert self.sign(x) is None
        assert self.sign(T.exp(x) - 3) is None
        assert self.sign(x * x) is None  # 0 at 0

    def test_a_boundary_has_a_simple_form(self):
        read = interpreter()
        for u, at in ((3 - 2 * x, Fraction(3, 2)), (T.exp(2 * x) - 1, 0), (T.erf(x), 0), (T.sqrt(x * x), 0)):
            with pytest.raises(Split) as split:
                sign(read.field, read.element(term(u)))
            assert (split.value.variable, split.value.at) == ("x", at)

    def test_a_sum_of_squares_has_one_side(self):
        read = interpreter()
        with pytest.raises(Split) as split:
            sign(read.field, read.element(x * x + y * y))
        assert split.value.one_sided == 1

    def test_a_term_below_0_gives_it_two_sides(self):
        read = interpreter(positive)
        with pytest.raises(Split) as split:
            sign(read.field, read.element(2 * T.sqrt(x) - 1))
        assert split.value.one_sided == 0

    def test_what_is_learnt_is_used(self):
        read = interpreter()
        learn(read.field, read.element(x * y - 1), 1)
        assert known_sign(read.field, read.element(2 - 2 * x * y)) == -1
        learn(read.field, read.element(x), NOT_ZERO)
        require_nonzero(read.field, read.element(x * x))
        with pytest.raises(Empty):
            learn(read.field, read.element(1 - x * y), 1)

    def test_roots(self):
        assert roots_within([Fraction(-1), Fraction(2)], None, None) == [Fraction(1, 2)]
        assert roots_within([Fraction(-2), Fraction(0), Fraction(1)], Fraction(2), None) == []
        assert len(roots_within([Fraction(-2), Fraction(0), Fraction(1)], None, None) or []) == 2

    def test_open_directions(self):
        rows = [[Fraction(c) for c in row] for row in ((1, -1, 0), (0, 1, -1), (-1, 0, 1))]
        assert open_directions(rows[:2])
        assert not open_directions(rows)

    def contradicts(self, *given: tuple[Any, int]) -> bool:
        read = interpreter()
        for u, s in given:
            learn(read.field, read.element(term(u)), s)
        try:
            refuse_contradictions(read.field)
        except Empty:
            return True
        return False

    def test_linear_inequalities_that_contradict_each_other_have_no_point(self):
        assert self.contradicts((x + y - 1, 1), (x + y, -1))
        assert self.contradicts((x - y, 1), (y - 1, 1), (x - 1, -1))
        assert not self.contradicts((x + y - 1, 1), (x + y - 2, -1))

    def test_other_inequalities_are_not_taken_for_linear_ones(self):
        """x = y = 2 satisfies both."""
        assert not self.contradicts((x * x + y * y - 4, 1), (x * y - 1, 1))

    def test_what_is_only_not_0_contradicts_nothing(self):
        assert not self.contradicts((x + y, NOT_ZERO), (x - y, NOT_ZERO))


class TestZeros:
    @pytest.mark.parametrize(
        ("u", "where"),
        [
            (2 * x - 3, ["x = 3/2"]),
            (x - y, ["x = y"]),
            (x * y, ["x = 0", "y = 0"]),
            (x * x - 2, ["x = -sqrt(2)", "x = sqrt(2)"]),
            (x * x + 1, []),
            (x * x + y * y, ["x = 0, y = 0"]),
            (T.exp(x) - 1, ["x = 0"]),
            (T.exp(3 * x) - 2, ["x = log(2)/3"]),
            (T.exp(x) + 1, []),
            (T.atan(x - 1), ["x = 1"]),
        ],
    )
    def test_solved(self, u, where):
        read = interpreter()
        found = zeros(read.field, read.element(term(u))) or []
        assert [", ".join(f"{n} = {t!r}" for n, t in binding) for binding in found] == where

    def test_a_difference_of_squares_is_not_0_at_the_origin_alone(self):
        read = interpreter()
        found = zeros(read.field, read.element(x * x - 2 * y * y)) or []
        assert [name for binding in found for name, _ in binding] in (["x", "x"], ["y", "y"], [])

    def test_not_solved(self):
        read = interpreter()
        assert zeros(read.field, read.element(T.sin(x))) is None
        assert zeros(read.field, read.element(T.exp(x) - x - 2)) is None


def test_a_varying_power_of_a_negative_base_has_no_value() -> None:
    """Its reading exp(y·log|x|) is that of |x|**y."""
    below = Cell((("x", None, Fraction(0)), ("y", None, None)))
    with pytest.raises(Undefined):
        interpreter(below).element(x**y)
    assert interpreter(positive).element(x**y)


def test_a_logarithm_of_0_has_no_value() -> None:
    with pytest.raises(Undefined):
        interpreter().element(T.log(x - x))


def test_conjugate_roots_are_one_root() -> None:
    beyond = Cell((("x", Fraction(1), None),))
    root = T.sqrt(x * x - 1)
    assert equal(T.sqrt(x + root) * T.sqrt(x - root), 1, beyond)


def test_known_values_of_the_dilogarithm() -> None:
    assert equal(T.spence(constant(1)), 0)
    assert equal(T.spence(constant(0)), PI * PI / 6)


def test_the_sampled_point_is_where_nothing_is_0_that_must_not_be() -> None:
    line = Cell((("x", Fraction(0), Fraction(7)),))  # the first point tried is 9/2, which ball arithmetic holds exactly
    first = sample_point(Field(line))
    assert first is not None
    field = Field(line)
    learn(field, Interpreter(field, trusting=True).element(x - first["x"]), NOT_ZERO)
    other = sample_point(field)
    assert other is not None
    assert other != first


def test_the_text_of_a_cell():
    cell = Cell((("x", None, Fraction(1)), ("y", Fraction(0), Fraction(2)), ("z", None, None)), ((x * y - 1, -1),))
    assert str(cell) == "x < 1, 0 < y < 2, x*y - 1 < 0"
    assert str(everywhere(("x",))) == "everywhere"


def test_a_power_of_a_number_has_only_so_many_digits() -> None:
    """FLINT aborts on such a power."""
    for base in (number(9), number(Fraction(1, 3)), number(-2) * generator(0)):
        with pytest.raises(TooHard, match="too many digits"):
            base ** 10**12
    assert number(2) ** 64 == number(2**64)
    assert number(-1) ** (10**9 + 1) == number(-1)
    assert len((generator(0) ** 10**9).num) == 1
