"""Array programs: nodes are shared, and both modes are transposes of each other for every kind of node."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.functions import NoNodes, applied, power
from backproof.verify.arrays.program import PI, Node, Program, contiguous, numbers_of_view
from backproof.verify.arrays.tangents import tangents

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.5, 2, (3, 4)), RNG.uniform(0.5, 2, (3, 4))
SQUARE = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)

Made = Callable[[Program, Node, Node], Node]

KINDS: dict[str, Made] = {
    "add": lambda p, x, y: p.add(x, y),
    "negative": lambda p, x, y: p.negative(p.add(x, y)),
    "multiply": lambda p, x, y: p.multiply(x, p.multiply(y, x)),
    "power": lambda p, x, y: p.power(p.add(x, y), Fraction(-3, 2)),
    "function": lambda p, x, y: applied(p, "lgamma", p.multiply(x, y)),
    "take, an operand twice": lambda p, x, y: p.take([x, y, x], [[0, 25, 3], [3, -1, 23]]),
    "view, broadcast": lambda p, x, y: p.multiply(p.broadcast(p.sum(x, [1], keep=True), (3, 4)), y),
    "view, overlapping": lambda p, x, y: p.view(x, 1, (5, 3), (2, 1)),
    "view, transposed": lambda p, x, y: p.permute(p.multiply(x, y), (1, 0)),
    "view, every second": lambda p, x, y: p.view(x, 1, (2, 3), (4, 1)),
    "collect": lambda p, x, y: p.collect(p.multiply(x, y), RNG_PLACES, 5),
    "sum": lambda p, x, y: p.sum(p.multiply(x, y), (0,)),
    "mean": lambda p, x, y: p.mean(p.multiply(x, x), (0, 1), keep=True),
    "dot": lambda p, x, y: p.dot(x, p.transpose(y)),
    "product, odd": lambda p, x, y: p.product(p.multiply(x, y), 0),
    "inverse": lambda p, x, y: p.inverse(p.add(p.dot(p.transpose(x), y), p.constant(9 * np.eye(4)))),
    "determinant": lambda p, x, y: p.determinant(p.add(p.dot(x, p.transpose(y)), p.constant(9 * np.eye(3)))),
}
RNG_PLACES = np.array([[0, 1, 1, -1], [4, 4, 4, 4], [2, 3, -1, 0]])


@pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)
def test_tangents_and_adjoints_are_transposes_and_agree_with_differences(made: Made) -> None:
    p = Program()
    x, y = p.leaf("x", X), p.leaf("y", Y)
    root = made(p, x, y)
    g = RNG.normal(size=root.shape)
    v, w = RNG.normal(size=X.shape), RNG.normal(size=Y.shape)
    (tangent,) = tangents(p, [root], {x: p.constant(v), y: p.constant(w)})
    by_x, by_y = adjoints(p, [root], [p.constant(g)], [x, y])
    forward, back_x, back_y = values(p, [tangent, by_x, by_y], {})
    along = float((g * forward).sum())
    assert along == pytest.approx(float((back_x * v).sum() + (back_y * w).sum()), rel=1e-9)
    h = 1e-6
    ahead, behind = (values(p, [root], {"x": X + t * v, "y": Y + t * w})[0] for t in (h, -h))
    assert along == pytest.approx(float((g * (ahead - behind)).sum() / (2 * h)), rel=1e-5)


def test_equal_nodes_are_the_same_and_trivial_ones_are_not_made() -> None:
    p = Program()
    x, y = p.leaf("x", X), p.leaf("y", Y)
    assert p.add(x, y) is p.add(y, x)
    assert p.take([x], np.arange(12).reshape(3, 4)) is x
    assert p.add(x, p.number(0)) is x
    assert p.multiply(p.number(1), x) is x
    assert p.negative(p.negative(x)) is x
    assert p.reshape(p.reshape(x, (12,)), (3, 4)) is x
    assert p.constant(np.full((2, 2), 0.5)) is p.number(0.5, (2, 2))
    assert p.constant(np.eye(2)) is p.constant(np.eye(2))
    assert p.multiply(x, p.number(0)).kind == "constant"


def test_a_root_of_a_square_stays_an_absolute_value() -> None:
    p = Program()
    x = p.leaf("x", -X)
    (found,) = values(p, [p.power(p.power(x, 2), Fraction(1, 2))], {})
    assert np.allclose(found, X)
    assert p.power(p.power(x, 2), 3) is p.power(x, 6)
    assert p.power(p.power(x, Fraction(1, 2)), 2) is x


def test_views_are_read_by_their_numbers() -> None:
    p = Program()
    x = p.leaf("x", X)
    node = p.view(x, 1, (2, 3), (4, 1))
    assert numbers_of_view(node).tolist() == [[1, 2, 3], [5, 6, 7]]
    assert contiguous((2, 0, 3)) == (3, 3, 1)
    assert np.array_equal(values(p, [node], {})[0], X[:2, 1:])


def test_a_matrix_product_of_shapes_that_do_not_fit_is_refused() -> None:
    p = Program()
    with pytest.raises(ValueError, match="a matrix product of"):
        p.dot(p.leaf("x", X), p.leaf("y", Y))


def test_functions_are_written_in_others_or_stay_with_the_slope_of_the_table() -> None:
    p = Program()
    x = p.leaf("x", X)
    assert applied(p, "tanh", x).kind != "function"
    assert applied(p, "erf", x).parameter == "erf"
    one = p.leaf("one", np.ones(1))
    (slope,) = tangents(p, [applied(p, "digamma", one)], {one: p.number(1, (1,))})
    assert values(p, [slope], {})[0][0] == pytest.approx(np.pi**2 / 6)
    assert applied(p, "expit", x).kind == "power"
    for name in ("floor", "abs", "nonsense"):
        with pytest.raises(NoNodes, match=name):
            applied(p, name, x)


def test_powers_with_one_rational_exponent_are_no_exponentials() -> None:
    p = Program()
    x, y = p.leaf("x", X), p.leaf("y", Y)
    assert power(p, x, p.number(0.5)).parameter == Fraction(1, 2)
    assert np.allclose(values(p, [power(p, x, y)], {})[0], X**Y)
    assert np.allclose(values(p, [power(p, x, p.number(PI))], {})[0], X**np.pi)


def test_another_program_is_grafted_on_the_same_leaves() -> None:
    p, q = Program(), Program()
    x, again = p.leaf("x", X), q.leaf("x", X)
    (node,) = p.grafted([q.multiply(again, again)], q)
    assert node is p.multiply(x, x)
