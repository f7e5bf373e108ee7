"""Movement, views and writes of PyTorch: a storage is the variable, whatever reads or writes it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

import torch.nn.functional as F  # noqa: E402

from backproof.verify.arrays.layouts import LAYOUTS  # noqa: E402
from backproof.verify.arrays.traced import Point, Unread  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import torch_code  # noqa: E402
from tests.verify.subjects.tensors.torch_replay import check, numbers  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

x, y = numbers(3, 4), numbers(3, 4, seed=1)
row, other = numbers(6), numbers(6, seed=1)
cube = numbers(2, 3, 4)
few = torch.tensor([2, 0, 2])
each = torch.tensor([1, 0, 2, 0, 1, 1])
mask = torch.tensor([True, False, True, True, False, True])
pairs = torch.tensor([[0, 0], [2, 1], [3, 3]])

MOVES = {
    "block_diag": (torch.block_diag, x, y),
    "broadcast": (lambda a, b: a * b, x[:, :1], x[:1]),
    "cartesian_prod": (torch.cartesian_prod, row, other),
    "cat": (lambda a, b: torch.cat([a, b, a], 1), x, y),
    "chunk": (lambda a: a.chunk(2, -1), x),
    "combinations": (torch.combinations, row),
    "diag": (torch.diag, row),
    "diag_embed": (torch.diag_embed, x),
    "diagonal": (lambda a: a.diagonal(1, 0, 1), cube),
    "expand": (lambda a: a.expand(3, 4) * 2, x[:1]),
    "flip": (lambda a: a.flip(0, 1), x),
    "gather": (lambda a: a.gather(1, pairs), x),
    "hstack": (lambda a, b: torch.hstack((a, b)), row, other),
    "index with None": (lambda a: a[:, None, few], x),
    "index_select": (lambda a: a.index_select(0, few), x),
    "masked_fill": (lambda a: a.masked_fill(mask, 2.5), row),
    "masked_select": (lambda a: a[a > 0], row),
    "meshgrid": (lambda a, b: torch.meshgrid(a, b, indexing="ij"), row, other),
    "movedim": (lambda a: a.movedim(0, -1), cube),
    "pad": (lambda a: F.pad(a, (1, 2)), x),
    "pad with a number": (lambda a: F.pad(a, (1, 1), value=2.0), x),
    "pad away": (lambda a: F.pad(a, (-1, 1)), x),
    "pad in a circle": (lambda a: F.pad(a, (1, 1), mode="circular"), cube),
    "pad by reflection": (lambda a: F.pad(a, (1, 1), mode="reflect"), cube),
    "pad images by reflection": (lambda a: F.pad(a, (1, 1, 1, 2), mode="reflect"), cube[None]),
    "pad images by repetition": (lambda a: F.pad(a, (1, 1, 2, 1), mode="replicate"), cube[None]),
    "permute": (lambda a: a.permute(2, 0, 1), cube),
    "repeat": (lambda a: a.repeat(2, 3), x),
    "repeat_interleave": (lambda a: a.repeat_interleave(2, 0), x),
    "repeat_interleave by counts": (lambda a: a.repeat_interleave(torch.tensor([1, 0, 2]), 0), x),
    "roll": (lambda a: a.roll((1, 2), (0, 1)), x),
    "rot90": (torch.rot90, x),
    "split": (lambda a: a.split([1, 3], 1), x),
    "squeeze": (lambda a: a[None, :, None].squeeze(), x),
    "stack": (lambda a, b: torch.stack([a, b, a], 1), row, other),
    "take": (lambda a: a.take(each), x),
    "take_along_dim": (lambda a: a.take_along_dim(pairs[:, :1], 1), x),
    "tile": (lambda a: a.tile(2, 3), x),
    "tril": (torch.tril, x),
    "triu": (lambda a: a.triu(1), x),
    "unbind": (lambda a: torch.unbind(a, 1), x),
    "unfold": (lambda a: a.unfold(0, 3, 1) * 2, row),
    "unfold in steps": (lambda a: a.unfold(1, 2, 2).sum(0), x),
    "where": (lambda a, b: torch.where(mask, a, b), row, other),
}

PLACED = {
    "as_strided_scatter": (lambda a, b: a.as_strided_scatter(b[:2], (2,), (2,)), row, other),
    "diagonal_scatter": (lambda a, b: a.diagonal_scatter(b[:3]), x, row),
    "index_add": (lambda a, b: a.index_add(0, few, b, alpha=2), x, y),
    "index_copy": (lambda a, b: a.index_copy(0, torch.tensor([2, 0, 1]), b), x, y),
    "index_fill": (lambda a: a.index_fill(0, few, 3.0), x),
    "index_put": (lambda a, b: a.index_put((torch.tensor([1, 2, 0]),), b), x, y),
    "index_put at a mask": (lambda a, b: a.index_put((mask,), b[:4]), row, other),
    "index_put of one number": (lambda a, b: a.index_put((few,), b[0, 0]), x, y),
    "index_put, accumulating": (lambda a, b: a.index_put((few,), b, accumulate=True), x, y),
    "index_reduce to means": (lambda a, b: a.index_reduce(0, few, b, "mean"), x, y),
    "masked_scatter": (lambda a, b: a.masked_scatter(mask, b), row, other),
    "put, accumulating": (lambda a, b: a.put(each, b, accumulate=True), x, row),
    "scatter": (lambda a, b: a.scatter(1, torch.tensor([[0], [2], [1]]), b[:, :1]), x, y),
    "scatter of a number": (lambda a: a.scatter(1, pairs, 7.0), x),
    "scatter_add": (lambda a, b: a.scatter_add(0, each, b), row, other),
    "scatter_reduce to sums": (lambda a, b: a.scatter_reduce(0, each, b, "sum"), row, other),
    "scatter_reduce to means": (lambda a, b: a.scatter_reduce(0, each, b, "mean"), row, other),
    "scatter_reduce to means alone": (
        lambda a, b: a.scatter_reduce(0, each, b, "mean", include_self=False),
        row,
        other,
    ),
    "scatter_reduce to maxima": (lambda a, b: a.scatter_reduce(0, each, b, "amax"), row, other),
    "select_scatter": (lambda a, b: a.select_scatter(b[0], 0, 1), x, y),
    "slice_scatter": (lambda a, b: a.slice_scatter(b[:2], 0, 1, 3), x, y),
    "embedding": (lambda a: F.embedding(few, a), x),
    "embedding with padding, by frequency": (
        lambda a: F.embedding(few, a, padding_idx=0, scale_grad_by_freq=True),
        x,
    ),
}


@pytest.mark.parametrize("name", [*MOVES, *PLACED])
def test_a_move_is_its_program(name):
    check(*{**MOVES, **PLACED}[name])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["cat", "diagonal", "gather", "scatter_add", "where", "index with None", "expand"])
def test_an_upstream_gradient_may_lie_anyhow(name, layout):
    check(*{**MOVES, **PLACED}[name], layouts=(layout,))


# -------------------------------------------------------------------------------------------------------- writes


def written(a, b):
    out = torch.zeros(3, 4)
    out[1] = a[0] * 2
    out[:, 2] += b[:, 0]
    out[0, :2].mul_(3).add_(a[1, :2])
    return out


def rows_in_a_loop(a, b):
    out, state = torch.empty_like(a), torch.zeros(4)
    for k in range(3):
        state = torch.tanh(state + a[k])
        out[k] = state
        out[k, 1:] *= b[k, 1:]
    return out


def through_views(a, b):
    base = a * 1
    base.T[1].add_(b.T[0])
    base.view(2, 6)[:, 3:].copy_(b.reshape(2, 6)[:, :3])
    base.diagonal().neg_()
    return base


def into_outputs(a, b):
    out = torch.empty(3, 4)
    torch.mul(a.detach(), 2, out=out)
    values, places = torch.empty(3), torch.empty(3, dtype=torch.long)
    torch.max(b.detach(), 1, out=(values, places))
    return a * out + b[0, places][:, None] * values[:, None]


def of_other_formats(a, b):
    """Narrower floats are read as real numbers."""
    half = torch.zeros(3, 4, dtype=torch.float16)
    half += a
    return half.float() * b.to(torch.bfloat16) + torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float32)


def chained(a, b):
    return (a * 2).add_(b).mul_(a).clamp_(-1, 1).masked_fill_(b > 1, 0.5).relu_().index_fill_(0, few, 2.0)


def of_layers(a, b):
    return F.elu((a * 1), inplace=True) + F.hardtanh(b * 1, inplace=True) + F.leaky_relu(a + b, inplace=True)


def of_nothing(a, b):
    return torch.cat([a[:0] * b[:0], a]) + torch.zeros(0, 4).sum() + b[:, :0].sum()


def over_bits(a, b):
    """A buffer that is a constant at first, and is filled in part."""
    buffer = torch.arange(20.0)
    buffer[4:16].view(3, 4).copy_(a)
    return buffer.as_strided((3, 4), (5, 1), 1) * b


def around(a, b):
    base = (a * 1).transpose_(0, 1).unsqueeze_(0).squeeze_(0)
    base.zero_().fill_(2).sub_(b.T)
    return base.t_() * a


def freed(a, b):
    """Memory that is freed is given out again: a constant in it is not what lay there before."""
    found = a * b
    for k in range(9):
        other = a * k
        other.data = torch.ones(3, 4)
        found = found + torch.full((3, 4), 2.0) * a + other
    return found


WRITES = [
    freed,
    written,
    rows_in_a_loop,
    through_views,
    into_outputs,
    of_other_formats,
    chained,
    of_layers,
    of_nothing,
    over_bits,
    around,
]


@pytest.mark.parametrize("function", WRITES, ids=lambda f: f.__name__)
def test_what_is_written_through_one_view_is_read_through_another(function):
    check(function, x, y)


VIEWS = {
    "transposed": lambda t: t.transpose(0, -1),
    "a slice": lambda t: t[1:] if t.shape[0] > 1 else t,
    "every other": lambda t: t[..., ::2],
    "a diagonal": lambda t: t.diagonal().unsqueeze(0) if t.ndim > 1 else t,
    "flattened": lambda t: t.reshape(-1),
    "a new axis": lambda t: t.unsqueeze(-1),
    "expanded": lambda t: t.unsqueeze(0).expand(2, *t.shape),
    "flipped": lambda t: t.flip(0),
    "folded": lambda t: t.unfold(-1, 2, 1) if t.shape[-1] > 1 else t,
    "permuted": lambda t: t.permute(*range(1, t.ndim), 0),
    "one of them": lambda t: t[t.shape[0] // 2] if t.ndim > 1 else t,
    "chosen": lambda t: t[torch.tensor([0, t.shape[0] - 1, 0])],
}

OPERATIONS = {
    "add": lambda t, b: t.add_(b[0, 0]),
    "multiply": lambda t, b: t.mul_(b.reshape(-1)[: t.shape[-1]].sum()),
    "fill": lambda t, b: t.reshape(-1)[:1].fill_(0.5),
    "copy": lambda t, b: t.copy_(torch.tanh(t)),
    "write a row": lambda t, b: t.__setitem__(0, b[1, 1] * 2),
    "add to places": lambda t, b: t.index_add_(0, torch.tensor([0, 0]), torch.ones_like(t[:1]).expand(2, *t.shape[1:])),
}


def chain(seed):
    """Six operations at random: views of one array, and writes into what they led to, where no entries overlap."""
    rng = np.random.default_rng(seed)
    steps = [(str(rng.choice(list(VIEWS))), str(rng.choice(["", *OPERATIONS]))) for _ in range(3)]

    def function(a, b):
        base = a * 1
        now = base
        for place, (view, operation) in enumerate(steps):
            now = VIEWS[view](now)
            if operation and not {"expanded", "folded"} & {name for name, _ in steps[: place + 1]}:
                OPERATIONS[operation](now, b)
        return base.sin(), now * 3

    return function


def test_writing_into_entries_that_overlap_is_refused():
    """PyTorch leaves open what becomes of them."""
    code = torch_code(lambda a: (a * 1).unfold(0, 2, 1).mul_(2), (row,))
    with pytest.raises(Unread, match=r"aten.mul_: entries that lie in one place are written"):
        code.trace(Point(code.inputs))


@pytest.mark.parametrize("seed", range(60))
def test_chains_of_views_and_writes_are_their_program(seed):
    check(chain(seed), x, y, layouts=("contiguous",))
