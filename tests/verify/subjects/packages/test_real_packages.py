"""The adapters on the packages themselves: what stands in a release is read, and no right derivative is blamed."""

from __future__ import annotations

from importlib import import_module

import pytest

from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict
from backproof.verify.run.harness import verify_here
from backproof.verify.run.packages import Found, Package, listed

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

SOUND = {Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED}

RIGHT = (
    ("astropy.modeling.functional_models", "Gaussian1D", "fit_deriv", True),
    ("GPy.likelihoods.link_functions", "Cloglog", "dtransf_df", True),
    ("lmfit.parameter", "Parameter", "scale_gradient", True),
    ("mygrad.math.exp_log.ops", "Logaddexp", "backward_var", True),
    ("openmdao.test_suite.components.paraboloid", "Paraboloid", "f_xy", False),
    ("pytensor.scalar.basic", "tanh", "pullback", True),
    ("scipy.optimize", "", "rosen_hess", True),
    ("sklearn._loss.loss", "HalfPoissonLoss", "gradient", False),
    ("sklearn.gaussian_process.kernels", "ConstantKernel", "eval_gradient", True),
    ("statsmodels.genmod.families.links", "CLogLog", "deriv2", True),
    ("statsmodels.robust.norms", "TukeyBiweight", "psi", True),
    ("thinc.layers.linear", "", "Linear.backprop", False),
    ("uncertainties.umath_core", "", "atan2 by x", True),
)


@pytest.mark.parametrize(("module", "holder", "pair", "proved"), RIGHT, ids=[f"{m}:{p}" for m, _, p, _ in RIGHT])
def test_a_right_derivative_of_a_package(module: str, holder: str, pair: str, proved: bool) -> None:
    root = module.partition(".")[0]
    pytest.importorskip(root, reason=f"{root} is not installed: it is what these tests are about")
    import_module(module)
    found = Package(module, (Found(holder, pair),))
    (report,) = verify_here(found, options=Options(points=200)).operations
    assert report.right.verdict in ({Verdict.PROVED} if proved else SOUND)


WRONG = (
    ("statsmodels.distributions.copula.transforms", "TransfFrank", "deriv"),  # its sign
    ("astropy.modeling.polynomial", "Hermite2D", "fit_deriv"),  # of its `evaluate`, from degree 2 in y on
    ("thinc.layers.dish", "", "Dish.backprop"),  # the derivative at the input of the layer, not of the function
    ("openmdao.test_suite.components.partial_check_feature", "BrokenDerivComp", "y"),  # planted by OpenMDAO
)


@pytest.mark.parametrize(("module", "holder", "pair"), WRONG, ids=[f"{m}:{p}" for m, _, p in WRONG])
def test_a_defect_of_a_release_is_refuted(module: str, holder: str, pair: str) -> None:
    """Where it is no longer, the package has corrected it: then the field notes say so, and this line goes."""
    root = module.partition(".")[0]
    pytest.importorskip(root, reason=f"{root} is not installed: it is what these tests are about")
    (report,) = verify_here(Package(module, (Found(holder, pair),)), options=Options(points=200)).operations
    assert report.right.verdict is Verdict.REFUTED


def test_a_module_of_links_is_listed() -> None:
    pytest.importorskip("statsmodels", reason="statsmodels is not installed: it is what these tests are about")
    listing = listed("statsmodels.genmod.families.links")
    assert {"Logit.deriv", "Probit.inverse_deriv2", "Power.deriv"} <= {one.name for one in listing.found}
    assert dict(listing.unmade)["Link"] == "its functions are only declared, for other classes to write"
