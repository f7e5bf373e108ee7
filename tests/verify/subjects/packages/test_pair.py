"""A function of a package and its derivative, run as they are."""

from __future__ import annotations

import pytest

from backproof.verify.subjects.packages.pair import Pair, on_floats


def test_on_floats_alone_a_product_is_one_by_1() -> None:
    pair = on_floats(Pair("f", lambda x: x**2, {"backward": lambda x, g: 2 * x * g}))
    assert pair.given["jac"](1.5) == 3.0
    with pytest.raises(TypeError):
        pair.function(object())
