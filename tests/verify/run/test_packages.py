"""Objects that bring their derivatives: a small fake of each package's interface, right and with a planted mistake."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.run.packages import object_subject, specified
from backproof.verify.subjects.packages import brings_derivatives, pairs_of
from backproof.verify.subjects.packages.pair import Pair
from backproof.verify.support.errors import UsageError

FEW: dict[str, Any] = {"points": 200, "raises": False}


def of(module: str) -> Callable[[type], type]:
    """The class as if it stood in a module of a package's."""

    def mark(kind: type) -> type:
        kind.__module__ = module
        return kind

    return mark


class Problem:
    x0 = (1.0, 2.0)
    bounds = ((-3.0, 3.0), (None, 4.0))

    def __init__(self, wrong: bool) -> None:
        self.factor = 3.0 if wrong else 2.0

    def fun(self, x):
        return x[0] ** 2 * x[1]

    def jac(self, x):
        return np.array([self.factor * x[0] * x[1], x[0] ** 2])

    def hess(self, x):
        return np.array([[2 * x[1], self.factor * x[0]], [2 * x[0], 0 * x[0]]])


@of("astropy.modeling.functional_models")
class Line:
    fit_deriv: Any = None
    inputs, param_names, bounds, col_fit_deriv = ("x",), ("slope", "start"), {"slope": (0.0, None)}, True
    slope, start = SimpleNamespace(value=2.0), SimpleNamespace(value=0.0)

    def __init__(self, wrong: bool) -> None:
        self.fit_deriv = self.wrong if wrong else self.right

    @staticmethod
    def evaluate(x, slope, start):
        return slope**2 * x + start

    @staticmethod
    def right(x, slope, start):
        return [2 * slope * x, np.ones_like(x)]

    @staticmethod
    def wrong(x, slope, start):
        return [np.ones_like(x), 2 * slope * x]


@of("statsmodels.genmod.families.links")
class Logit:
    """It clips its argument, and is finite everywhere: only the image of its inverse says where it is meant."""

    def __init__(self, wrong: bool) -> None:
        self.sign = -1 if wrong else 1

    def __call__(self, p):
        p = np.clip(p, 2.0**-52, 1 - 2.0**-52)
        return np.log(p / (1 - p))

    def inverse(self, z):
        return 1 / (1 + np.exp(-z))

    def deriv(self, p):
        p = np.clip(p, 2.0**-52, 1 - 2.0**-52)
        return self.sign / (p * (1 - p))

    def inverse_deriv(self, z):
        t = np.exp(z)
        return self.sign * t / (1 + t) ** 2


@of("statsmodels.robust.norms")
class Square:
    def __init__(self, wrong: bool) -> None:
        self.half = 1.0 if wrong else 0.5

    def rho(self, z):
        return self.half * z**2

    def psi(self, z):
        return z

    def psi_deriv(self, z):
        return 2 * self.half


@of("statsmodels.distributions.copula.transforms")
class TransfClayton:
    def __init__(self, wrong: bool) -> None:
        self.sign = 1 if wrong else -1

    def evaluate(self, t, theta):
        return (t ** (-theta) - 1) / theta

    def inverse(self, phi, theta):
        return (1 + theta * phi) ** (-1 / theta)

    def deriv(self, t, theta):
        return self.sign * t ** (-theta - 1)


@of("statsmodels.discrete.discrete_model")
class Poisson:
    start_params = np.array([0.5, 0.25])

    def __init__(self, wrong: bool) -> None:
        self.exog, self.endog, self.off = np.array([[1.0, 0.5], [1.0, 2.0]]), np.array([1.0, 3.0]), int(wrong)

    def loglike(self, params):
        eta = self.exog @ params
        return (self.endog * eta - np.exp(eta)).sum()

    def score(self, params):
        return self.exog.T @ (self.endog - np.exp(self.exog @ params)) + self.off

    def hessian(self, params):
        return -(self.exog.T * np.exp(self.exog @ params)) @ self.exog - self.off


@of("sklearn.gaussian_process.kernels")
class Scale:
    theta = np.array([0.25])

    def __init__(self, wrong: bool) -> None:
        self.scale, self.scale_bounds, self.by_logarithm = 1.0, (0.1, 10.0), not wrong

    def clone_with_theta(self, theta):
        made = Scale(not self.by_logarithm)
        made.scale = np.exp(theta[0])
        return made

    def diag(self, X):
        return np.ones(len(X))

    def __call__(self, X, eval_gradient=False):
        K = self.scale * np.dot(X, X.T)
        return (K, (K if self.by_logarithm else K / self.scale)[:, :, None]) if eval_gradient else K


@of("sklearn._loss.loss")
class HalfSquared:
    n_classes, is_multiclass, approx_hessian = None, False, False
    interval_y_true = SimpleNamespace(low=-math.inf, high=math.inf)
    interval_y_pred = SimpleNamespace(low=-math.inf, high=math.inf)
    link = SimpleNamespace()

    def __init__(self, wrong: bool) -> None:
        self.factor = 2.0 if wrong else 1.0

    def in_y_true_range(self, y):
        return True

    def loss(self, y, raw):
        return 0.5 * (raw - y) ** 2

    def gradient(self, y, raw):
        return self.factor * (raw - y)

    def gradient_hessian(self, y, raw):
        return self.gradient(y, raw), np.ones_like(raw) * 1.0


@of("mygrad.operation_base")
class Ufunc:
    numpy_ufunc: Any = None

    def __init__(self, wrong: bool = False) -> None:
        self.variables: tuple[Any, ...] = ()

    def __call__(self, *tensors):
        self.variables = tensors
        return self.numpy_ufunc(*(t.data for t in tensors), out=None)


@of("mygrad.math.arithmetic.ops")
class Divide(Ufunc):
    numpy_ufunc = np.divide

    def backward_var(self, grad, index):
        a, b = (t.data for t in self.variables)
        return grad / b if index == 0 else -grad * a / b**2


@of("mygrad.math.arithmetic.ops")
class WrongDivide(Divide):
    def backward_var(self, grad, index):
        a, b = (t.data for t in self.variables)
        return grad / b if index == 0 else grad * a / b**2


@of("thinc.model")
class Model:
    name = "linear"

    def __init__(self, wrong: bool) -> None:
        self._func = self.wrong if wrong else self.right

    def initialize(self):
        raise NotImplementedError

    def has_dim(self, name):
        return False

    @staticmethod
    def right(model, X, is_train):
        return X**2, lambda dY: 2 * X * dY

    @staticmethod
    def wrong(model, X, is_train):
        return X**2, lambda dY: X * dY


@of("lmfit.parameter")
class Parameter:
    def __init__(self, wrong: bool) -> None:
        self.sign = -1 if wrong else 1

    def setup_bounds(self):
        self.from_internal = lambda val: math.sqrt(val * val + 1) - 1

    def scale_gradient(self, val):
        return self.sign * val / math.sqrt(val * val + 1)


@of("GPy.likelihoods.link_functions")
class Transformation:
    def __init__(self, wrong: bool) -> None:
        self.sign = -1 if wrong else 1

    def transf(self, f):
        return np.exp(f)

    def dtransf_df(self, f):
        return self.sign * np.exp(f)


@of("openmdao.core.explicitcomponent")
class ExplicitComponent:
    pathname = ""

    def __init__(self, wrong: bool) -> None:
        self.factor, self._problem_meta = 3.0 if wrong else 2.0, {"set": "up"}
        meta = {"shape": (2,), "val": np.array([1.0, 2.0])}
        self._var_rel2meta = {"x": meta, "y": meta, "out": meta}
        self._var_rel_names = {"input": ["x", "y"], "output": ["out"]}
        diagonal = {"rows": np.array([0, 1]), "cols": np.array([0, 1]), "val": None, "method": "exact"}
        constant = {**diagonal, "val": np.array([1.0, 1.0])}
        self._subjacs_info = {("out", "x"): diagonal, ("out", "y"): constant}


@of("user.components")
class Squares(ExplicitComponent):
    """Its declared sparsity is a diagonal, and the partial by y a constant."""

    def compute(self, inputs, outputs):
        outputs["out"] = inputs["x"] ** 2 + inputs["y"]

    def compute_partials(self, inputs, partials):
        partials["out", "x"] = self.factor * inputs["x"]


@of("user.components")
class Mixed(Squares):
    """An entry that the declared sparsity leaves out is not 0."""

    def compute(self, inputs, outputs):
        outputs["out"] = inputs["x"] ** 2 + inputs["y"] + np.array([0.0, 1.0]) * inputs["x"][0]


@of("scipy.stats._continuous_distns")
class rv_continuous:
    numargs, name = 0, "logistic-like"

    def __init__(self, wrong: bool) -> None:
        self.factor = 1.5 if wrong else 1.0

    def support(self):
        return -math.inf, math.inf

    def cdf(self, x):
        return 1 / (1 + np.exp(-x))

    def sf(self, x):
        return 1 / (1 + np.exp(x))

    def pdf(self, x):
        return self.factor * np.exp(-x) / (1 + np.exp(-x)) ** 2

    def ppf(self, q):
        return math.log(q / (1 - q))


FAKES = (
    *(Problem, Line, Logit, Square, TransfClayton, Poisson, Scale, HalfSquared, Model, Parameter, Transformation),
    *(Squares, Divide),
)


def verdicts(target: Any) -> dict[str, Verdict]:
    report = verify.check(target, **FEW)
    return {operation.name: operation.right.verdict for operation in report.operations}


@pytest.mark.parametrize("kind", FAKES, ids=lambda kind: kind.__name__)
def test_a_right_derivative_is_proved_or_matched(kind: Any) -> None:
    found = verdicts(kind(False))
    assert found
    assert set(found.values()) <= {Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED}, found


@pytest.mark.parametrize("kind", [kind for kind in FAKES if kind is not Divide], ids=lambda kind: kind.__name__)
def test_a_planted_mistake_is_refuted(kind: Any) -> None:
    assert Verdict.REFUTED in verdicts(kind(True)).values()


def test_a_wrong_product_for_one_operand_is_refuted() -> None:
    assert verdicts(WrongDivide()) == {"WrongDivide.backward_var": Verdict.REFUTED}


def test_most_of_them_are_proved() -> None:
    unproved = {kind.__name__ for kind in FAKES if set(verdicts(kind(False)).values()) != {Verdict.PROVED}}
    assert unproved <= {"Model", "HalfSquared"}  # arrays run whole, and compiled code


def test_an_entry_outside_of_a_declared_sparsity_is_the_claim_0() -> None:
    assert verdicts(Mixed(False)) == {"Mixed.out": Verdict.REFUTED}


def test_a_density_is_the_derivative_of_the_distribution_function() -> None:
    def found(wrong: bool) -> Iterator[Verdict]:
        for pair in pairs_with_parameters(rv_continuous(wrong)):
            for operation, spec in specified(pair, pair.name):
                subject = verify.run.packages.Cases(pair.name, ((operation, spec),))  # type: ignore[attr-defined]
                yield verify.run.harness.verify_here(subject).operations[0].right.verdict  # type: ignore[attr-defined]

    assert set(found(False)) == {Verdict.PROVED}
    assert set(found(True)) == {Verdict.REFUTED}


def pairs_with_parameters(distribution: Any) -> list[Pair]:
    import backproof.verify.subjects.packages.scipy_functions as adapter

    before = adapter._arguments
    adapter._arguments = lambda _: ()  # type: ignore[assignment]
    try:
        return list(adapter.pairs(distribution))
    finally:
        adapter._arguments = before


def test_results_that_hold_arrays_are_data() -> None:
    assert not brings_derivatives(SimpleNamespace(fun=1.5, jac=np.zeros(2), x=np.zeros(2)))
    assert brings_derivatives(SimpleNamespace(fun=lambda x: x**2, jac=lambda x: 2 * x))


def test_value_and_gradient_in_one() -> None:
    both = SimpleNamespace(fun=lambda x: ((x**2).sum(), 2 * x), jac=True, x0=np.ones(2))
    assert verdicts(both) == {"SimpleNamespace.jac": Verdict.PROVED}


def test_no_point_refutes_where_the_domain_is_not_known() -> None:
    """It has no inverse that tells its image, and is wrong only where it is not meant."""

    @of("statsmodels.genmod.families.links")
    class Odd(Logit):
        def inverse(self, z):
            return math.nan * z

    report = verify.check(Odd(True), **FEW)
    assert report["Odd.deriv"].right.verdict is Verdict.INCONCLUSIVE
    told = [text for f in report["Odd.deriv"].right.findings for name, text in f.details if name == "domain"]
    assert told
    assert "state domain= or bounds=" in told[0]


def test_what_a_user_states_is_heard() -> None:
    stated = verify.check(Logit(True), bounds={"p": (0.25, 0.75)}, **FEW)
    assert stated["Logit.deriv"].right.verdict is Verdict.REFUTED


def test_a_class_of_a_package_is_made() -> None:
    assert object_subject(Divide) is not None
    with pytest.raises(UsageError, match=r"Logit: .*missing 1 required"):
        object_subject(Logit)


def test_an_object_without_derivatives_is_refused() -> None:
    model = Line(False)
    model.fit_deriv = None  # type: ignore[assignment]
    with pytest.raises(UsageError, match="Line brings no derivative of its own"):
        verify.check(model)


def test_a_function_that_fails_is_one_line() -> None:
    def fails(x: float) -> float:
        raise ValueError("in vain")

    ((operation, spec),) = specified(Pair("f", fails, {"jac": fails}), "f")
    assert spec is None
    assert "in vain" in operation.problem


def test_nothing_is_imported_that_the_user_has_not() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from backproof import verify\n"
        "class P:\n    def fun(self, x): return x*x\n    def jac(self, x): return 2*x\n"
        "verify.check(P())\n"
        "roots = {name.partition('.')[0] for name in sys.modules}\n"
        "packages = {'scipy', 'astropy', 'statsmodels', 'sklearn', 'openmdao', 'thinc', 'mygrad', 'pytensor'}\n"
        "print(sorted(roots & packages))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_each_derivative_is_named() -> None:
    assert [pair.name for pair in pairs_of(Problem(False))] == ["jac", "hess"]
    assert [pair.name for pair in pairs_of(Logit(False))] == ["deriv", "inverse_deriv"]
