"""How arrays lie in memory."""

import numpy as np
import pytest

from backproof.verify.arrays.layouts import LAYOUTS, laid_out, values_in


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(3, 4), (5,), (2, 3, 2), ()], ids=str)
def test_an_array_has_its_values_in_every_layout(layout: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).normal(size=shape)
    wanted = values_in(array, layout)
    laid = laid_out(wanted, layout)
    assert np.array_equal(laid.array, wanted)
    assert laid.array.shape == shape


def test_layouts_have_other_strides() -> None:
    array = np.ones((3, 4))
    strides = {layout: laid_out(array, layout).strides for layout in LAYOUTS}
    assert strides == {
        "contiguous": (4, 1),
        "transposed": (1, 3),
        "sliced": (8, 2),
        "offset": (4, 1),
        "expanded": (0, 1),
        "uniform": (0, 0),
    }


def test_what_lies_between_the_entries_is_no_number_of_the_array() -> None:
    laid = laid_out(np.zeros((2, 3)), "sliced")
    assert set(laid.buffer.tolist()) == {0.0, 7.0}
