"""Functions of SciPy on traced arrays: by replay on floats, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays.traced import Point, Unread
from tests.verify.subjects.tensors.numpy_replay import of_function, replayed

pytestmark = pytest.mark.optional

RNG = np.random.default_rng(3)
A, PART, OTHER = RNG.normal(size=(3, 4)), RNG.uniform(0.2, 0.8, (3, 4)), RNG.uniform(0.2, 0.8, (3, 4))
SPD = (lambda m: m @ m.T + np.eye(4))(RNG.normal(size=(4, 4)))


def names(text: str) -> list[str]:
    return text.split()


def of_scipy(module: str) -> Any:
    return pytest.importorskip(f"scipy.{module}")


@pytest.mark.parametrize(
    "name",
    names(
        """
        expit erf erfc gammaln gamma rgamma digamma psi logit log_expit ndtr log_ndtr entr erfinv erfcx i0 i1 j0 j1 k0
        exp1 dawsn expi spence softmax log_softmax logsumexp
        """
    ),
)
def test_a_function_of_scipy_special(name: str) -> None:
    function = getattr(of_scipy("special"), name)
    replayed(of_function(lambda x: function(x), PART))


@pytest.mark.parametrize("name", names("xlogy xlog1py rel_entr kl_div huber pseudo_huber betaln beta"))
def test_a_function_of_scipy_special_of_two_arrays(name: str) -> None:
    function = getattr(of_scipy("special"), name)
    replayed(of_function(lambda x, y: function(x, y), PART, OTHER))
    replayed(of_function(lambda x: function(x, 0.5), PART))


def test_functions_of_scipy_special_that_are_zero_by_definition() -> None:
    special = of_scipy("special")
    replayed(of_function(lambda x: special.xlogy(x, x) + special.entr(x), np.array([0.0, 0.5, 2.0])))


def test_sums_of_exponentials_and_orders() -> None:
    special = of_scipy("special")
    weights = np.array([[0.5], [1.5], [2.5]])
    replayed(of_function(lambda x: special.softmax(x, axis=0) + special.log_softmax(x, axis=1), A))
    replayed(of_function(lambda x: special.logsumexp(x, axis=1, b=weights) + special.logsumexp(x), A))
    replayed(of_function(lambda x: special.jv(1, x) + special.polygamma(1, x), PART))


def test_a_function_of_scipy_linalg() -> None:
    linalg = of_scipy("linalg")

    def several(s: Any) -> Any:
        m = s + s.T
        found = linalg.inv(s) + linalg.solve(s, s + 1) + linalg.cholesky(m) + linalg.cholesky(m, lower=True)
        found += linalg.solve_triangular(s, s[:, :2], lower=True) @ np.ones((2, 4))
        found += linalg.solve_triangular(s, s, trans=1, unit_diagonal=True)
        return found + linalg.cho_solve(linalg.cho_factor(m), s) * linalg.det(s) * linalg.norm(s)

    replayed(of_function(several, SPD))
    replayed(of_function(lambda s: linalg.block_diag(s, s[:2]) * 2, SPD))
    replayed(of_function(lambda s: linalg.toeplitz(s[0], s[1]), SPD))


def test_a_function_of_scipy_without_a_reading_is_refused_by_name() -> None:
    linalg = of_scipy("linalg")
    with pytest.raises(Unread, match=r"no reading of scipy\.linalg\.expm"):
        of_function(lambda s: linalg.expm(s), SPD).trace(Point({"s": SPD}))
