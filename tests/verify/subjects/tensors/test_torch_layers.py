"""Layers, pools, losses and reductions of PyTorch: the program on floats is the function and PyTorch's own backward."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

import torch.nn.functional as F  # noqa: E402

from backproof.verify.arrays.traced import Point  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import torch_code  # noqa: E402
from tests.verify.subjects.tensors.torch_replay import CLOSE, apart, check, numbers, replayed  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

x, y, z = (numbers(4, 3, seed=seed) for seed in range(3))
image, volume = numbers(2, 4, 5, 6), numbers(1, 2, 4, 4, 4)
few = numbers(1, 2, 3, 3)
w, b, channels = numbers(3), numbers(3, seed=1), numbers(4)
q, k, v = numbers(1, 2, 4, 3), numbers(1, 2, 5, 3), numbers(1, 2, 5, 3, seed=1)
classes = torch.tensor([1, 0, 2, 1])
signs = torch.tensor([1, -1, 1, -1])
lower = torch.tril(torch.ones(4, 5, dtype=torch.bool))

LAYERS = {
    "softmax": (lambda a: torch.softmax(a, -1), x),
    "softmax over the first axis": (lambda a: torch.softmax(a, 0), x),
    "softmax of large numbers": (lambda a: torch.softmax(a, -1), 1000 * x),
    "log_softmax": (lambda a: F.log_softmax(a, -1), x),
    "log_softmax of large numbers": (lambda a: F.log_softmax(a, -1), 1000 * x),
    "softmin": (lambda a: F.softmin(a, -1), x),
    "softmax behind a mask": (lambda a: a.masked_fill(a > 0.5, -float("inf")).softmax(-1), x),
    "layer_norm": (lambda a, s, t: F.layer_norm(a, (3,), s, t), x, w, b),
    "layer_norm over two axes": (lambda a: F.layer_norm(a, (5, 6)), image),
    "layer_norm without a bias": (lambda a, s: F.layer_norm(a, (3,), s), x, w),
    "batch_norm": (lambda a, s, t: F.batch_norm(a, None, None, s, t, True), x, w, b),
    "batch_norm of images": (lambda a: F.batch_norm(a, None, None, None, None, True), image),
    "batch_norm in evaluation": (lambda a, s: F.batch_norm(a, b, b.exp(), s, None, False), x, w),
    "group_norm": (lambda a, s, t: F.group_norm(a, 2, s, t), image, channels, channels + 1),
    "group_norm without weights": (lambda a: F.group_norm(a, 2), image),
    "instance_norm": (F.instance_norm, image),
    "rms_norm": (lambda a, s: F.rms_norm(a, (3,), s), x, w),
    "local_response_norm": (lambda a: F.local_response_norm(a, 2), image),
    "weight norm": (lambda a, s: torch._weight_norm(a, s, 0), x, numbers(4, 1)),
    "normalize": (lambda a: F.normalize(a, dim=-1), x),
    "linear": (F.linear, x, numbers(2, 3), numbers(2)),
    "bilinear": (F.bilinear, x, numbers(4, 2), numbers(5, 3, 2), numbers(5)),
    "attention": (lambda a, c: torch.softmax(a @ c.mT, -1) @ c, x, y),
    "fused attention": (F.scaled_dot_product_attention, q, k, v),
    "fused attention, causal": (lambda a: F.scaled_dot_product_attention(a, a, a, is_causal=True), q),
    "fused attention, masked": (lambda *a: F.scaled_dot_product_attention(*a, attn_mask=lower), q, k, v),
    "fused attention, with a bias and a scale": (
        lambda a, c, d: F.scaled_dot_product_attention(a, c, d, attn_mask=lower.double(), scale=0.3),
        q,
        k,
        v,
    ),
    "attention of three axes": (F.scaled_dot_product_attention, q[0], k[0], v[0]),
    "a cell of a GRU": (torch.gru_cell, x, numbers(4, 2), numbers(6, 3), numbers(6, 2)),
    "a cell of an LSTM": (
        lambda a, h, c, s, t: torch.lstm_cell(a, (h, c), s, t),
        x,
        y[:, :2],
        x[:, :2],
        numbers(8, 3),
        numbers(8, 2),
    ),
    "dropout in evaluation": (lambda a: F.dropout(a, 0.5, False), x),
}

CONVOLUTIONS = {
    "conv1d": (F.conv1d, numbers(2, 3, 6), numbers(2, 3, 3), numbers(2)),
    "conv1d of one signal": (F.conv1d, numbers(3, 6), numbers(2, 3, 3)),
    "conv2d": (F.conv2d, image, numbers(3, 4, 2, 3)),
    "conv2d with steps, padding and groups": (
        lambda a, s, t: F.conv2d(a, s, t, stride=(2, 1), padding=(1, 2), groups=2),
        image,
        numbers(6, 2, 3, 3),
        numbers(6),
    ),
    "conv2d with dilation": (lambda a, s: F.conv2d(a, s, dilation=(2, 1), padding=(1, 0)), image, numbers(3, 4, 3, 2)),
    "conv2d of the same size": (lambda a, s: F.conv2d(a, s, padding="same"), image, numbers(3, 4, 3, 2)),
    "conv2d of each channel": (lambda a, s: F.conv2d(a, s, groups=4), image, numbers(4, 1, 3, 3)),
    "conv3d": (F.conv3d, volume, numbers(2, 2, 2, 2, 2)),
    "conv_transpose1d": (
        lambda a, s, t: F.conv_transpose1d(a, s, t, stride=2, padding=1, output_padding=1),
        numbers(1, 2, 3),
        numbers(2, 3, 3),
        numbers(3),
    ),
    "conv_transpose2d": (lambda a, s: F.conv_transpose2d(a, s, stride=2), few, numbers(2, 3, 2, 2)),
    "conv_transpose2d with groups and dilation": (
        lambda a, s: F.conv_transpose2d(a, s, stride=2, groups=2, dilation=(2, 1)),
        few,
        numbers(2, 3, 2, 2),
    ),
    "unfold": (lambda a: F.unfold(a, 2, padding=1, stride=2), image),
    "fold": (lambda a: F.fold(a, (4, 4), 2, stride=1), numbers(2, 8, 9)),
}

POOLS = {
    "max_pool1d": (lambda a: F.max_pool1d(a, 2), image[0]),
    "max_pool2d": (lambda a: F.max_pool2d(a, 3, 2, 1), image),
    "max_pool2d with dilation": (lambda a: F.max_pool2d(a, 2, 1, dilation=2), image),
    "max_pool2d with a rest": (lambda a: F.max_pool2d(a, 2, ceil_mode=True), image),
    "max_pool3d": (lambda a: F.max_pool3d(a, 2), volume),
    "max_unpool2d": (lambda a: F.max_unpool2d(*F.max_pool2d(a, 2, return_indices=True), 2), few[:, :, :2, :2]),
    "avg_pool1d": (lambda a: F.avg_pool1d(a, 3, 2, 1), image[0]),
    "avg_pool2d": (lambda a: F.avg_pool2d(a, 2), image),
    "avg_pool2d without what it pads": (lambda a: F.avg_pool2d(a, 3, 2, 1, count_include_pad=False), image),
    "avg_pool2d with a rest": (lambda a: F.avg_pool2d(a, 2, ceil_mode=True), image),
    "avg_pool2d with a divisor": (lambda a: F.avg_pool2d(a, 2, divisor_override=3), image),
    "avg_pool3d": (lambda a: F.avg_pool3d(a, 2), volume),
    "adaptive_avg_pool1d": (lambda a: F.adaptive_avg_pool1d(a, 4), image[0]),
    "adaptive_avg_pool2d": (lambda a: F.adaptive_avg_pool2d(a, (3, 4)), image),
    "adaptive_avg_pool2d to one": (lambda a: F.adaptive_avg_pool2d(a, 1), image),
    "adaptive_max_pool2d": (lambda a: F.adaptive_max_pool2d(a, 3), image),
    "lp_pool2d": (lambda a: F.lp_pool2d(a, 2, 2), image.exp()),
    "interpolate": (lambda a: F.interpolate(a, scale_factor=2), few),
    "interpolate, bilinear": (lambda a: F.interpolate(a, scale_factor=2, mode="bilinear"), few),
    "interpolate, antialiased": (lambda a: F.interpolate(a, size=(3, 4), mode="bilinear", antialias=True), image),
    "interpolate, bicubic": (lambda a: F.interpolate(a, size=(5, 4), mode="bicubic", align_corners=True), few),
    "interpolate, linear": (lambda a: F.interpolate(a, size=5, mode="linear"), few[0]),
    "interpolate, trilinear": (lambda a: F.interpolate(a, size=(2, 3, 5), mode="trilinear"), volume),
    "interpolate by areas": (lambda a: F.interpolate(a, size=(2, 2), mode="area"), few),
    "grid_sample of the image alone": (
        lambda a: F.grid_sample(a, few.movedim(1, -1).tanh() * 0.9, align_corners=False).detach() + a,
        few,
    ),
    "pixel_shuffle": (lambda a: F.pixel_shuffle(a, 2), image[:, :, :2, :2]),
    "channel_shuffle": (lambda a: F.channel_shuffle(a, 2), image),
}

LOSSES = {
    "cross_entropy": (lambda a: F.cross_entropy(a, classes), x),
    "cross_entropy, smoothed": (lambda a: F.cross_entropy(a, classes, label_smoothing=0.1), x),
    "cross_entropy of probabilities": (lambda a, t: F.cross_entropy(a, t.softmax(-1)), x, y),
    "cross_entropy with weights": (lambda a: F.cross_entropy(a, classes, b.exp(), reduction="sum"), x),
    "cross_entropy without one row": (lambda a: F.cross_entropy(a, torch.tensor([1, -100, 2, 0])), x),
    "cross_entropy of images": (lambda a: F.cross_entropy(a, (few[:, 0] > 0).long()), few),
    "cross_entropy of one row": (lambda a: F.cross_entropy(a, classes[0]), x[0]),
    "nll_loss, none added up": (lambda a: F.nll_loss(a, classes, reduction="none"), x),
    "binary_cross_entropy": (lambda a, t: F.binary_cross_entropy(a.sigmoid(), t.sigmoid()), x, y),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, x, y),
    "the same with weights": (lambda a, t: F.binary_cross_entropy_with_logits(a, t, pos_weight=b.exp()), x, y),
    "cosine_embedding_loss": (lambda a, c: F.cosine_embedding_loss(a, c, signs), x, y),
    "gaussian_nll_loss": (lambda a, c, s: F.gaussian_nll_loss(a, c, s.exp()), x, y, z),
    "hinge_embedding_loss": (lambda a: F.hinge_embedding_loss(a, signs), channels),
    "huber_loss": (lambda a, c: F.huber_loss(a, c, delta=0.5), x, y),
    "huber_loss, none added up": (lambda a, c: F.huber_loss(a, c, reduction="none"), x, y),
    "kl_div": (lambda a, c: F.kl_div(a, c.exp(), reduction="sum"), x, y),
    "kl_div of logarithms": (lambda a, c: F.kl_div(a, c, reduction="batchmean", log_target=True), x, y),
    "l1_loss": (F.l1_loss, x, y),
    "margin_ranking_loss": (lambda a, c: F.margin_ranking_loss(a, c, signs), channels, channels.flip(0)),
    "mse_loss": (F.mse_loss, x, y),
    "multilabel_soft_margin_loss": (lambda a: F.multilabel_soft_margin_loss(a, (y > 0).double()), x),
    "poisson_nll_loss": (F.poisson_nll_loss, x, y),
    "smooth_l1_loss": (F.smooth_l1_loss, x, y),
    "soft_margin_loss": (lambda a: F.soft_margin_loss(a, signs.double()), channels),
    "triplet_margin_loss": (F.triplet_margin_loss, x, y, z),
}

REDUCTIONS = {
    "sum": (lambda a: a.sum((0, 2)), image),
    "mean": (lambda a: a.mean((0, -1), keepdim=True), image),
    "nansum": (torch.nansum, x),
    "prod": (lambda a: a.prod(-1), x),
    "prod of all": (torch.prod, x),
    "logsumexp": (lambda a: a.logsumexp(-1), x),
    "logsumexp over two axes": (lambda a: a.logsumexp((0, 1), keepdim=True), x),
    "logsumexp of large numbers": (lambda a: a.logsumexp(-1), 1000 * x),
    "var": (lambda a: a.var(-1), x),
    "var of all": (torch.var, x),
    "var, biased": (lambda a: a.var(-1, unbiased=False, keepdim=True), x),
    "std": (lambda a: a.std(-1), x),
    "var_mean": (lambda a: torch.var_mean(a, (0, 1)), x),
    "std_mean": (lambda a: torch.std_mean(a, 1, correction=0), x),
    "cumsum": (lambda a: a.cumsum(-1), x),
    "cumprod": (lambda a: a.cumprod(0), x),
    "cummax": (lambda a: a.cummax(-1)[0], x),
    "cummin": (lambda a: a.cummin(0)[0], x),
    "logcumsumexp": (lambda a: a.logcumsumexp(0), x),
    "logcumsumexp of large numbers": (lambda a: a.logcumsumexp(0), 700 + x),
    "norm": (lambda a: a.norm(dim=-1), x),
    "norm of order 1": (lambda a: a.norm(1, dim=-1), x),
    "norm of order 3": (lambda a: a.norm(3), x),
    "infinite norm": (lambda a: torch.linalg.vector_norm(a, float("inf"), -1, keepdim=True), x),
    "renorm": (lambda a: a.renorm(2, 0, 1.0), x),
    "dist": (torch.dist, x, y),
    "pairwise_distance": (F.pairwise_distance, x, y),
    "cosine_similarity": (F.cosine_similarity, x, y),
    "sort": (lambda a: a.sort(0, descending=True)[0], x),
    "argsort and its values": (lambda a: a.take_along_dim(a.argsort(-1), -1), x),
    "msort": (torch.msort, x),
    "topk": (lambda a: a.topk(2)[0], x),
    "kthvalue": (lambda a: a.kthvalue(2)[0], x),
    "median": (lambda a: a.median(-1)[0], x),
    "median of all": (torch.median, x),
    "quantile": (lambda a: a.quantile(0.3, dim=-1), x),
    "mode": (lambda a: a.mode(-1)[0], x),
    "max": (lambda a: a.max(1)[0], x),
    "min": (lambda a: a.min(0, keepdim=True)[0], x),
    "max of all": (torch.max, x),
    "amax": (lambda a: a.amax((0, 1)), x),
    "cov": (torch.cov, x),
    "corrcoef": (torch.corrcoef, x),
    "trapezoid": (lambda a: torch.trapezoid(a, dx=0.5), x),
    "diff": (lambda a: a.diff(n=2), x),
}

ALL = {**LAYERS, **CONVOLUTIONS, **POOLS, **LOSSES, **REDUCTIONS}


@pytest.mark.parametrize("name", ALL)
def test_a_layer_is_its_program(name):
    check(*ALL[name])


def test_all_cases_have_names_of_their_own():
    assert len(ALL) == sum(map(len, (LAYERS, CONVOLUTIONS, POOLS, LOSSES, REDUCTIONS)))


class Block(torch.nn.Module):
    """A module with a state of its own, a parameter that is frozen, and a second method."""

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)

    def forward(self, a):
        return self.norm(self.inner(a)) * self.frozen

    def encode(self, a, scale=2.0):
        return self.inner(a) * scale


MODULES = {
    "a block": lambda: (Block(), x),
    "a block in evaluation": lambda: (Block().eval(), x),
    "a method of a block": lambda: (Block().encode, x, 3.0),
    "an LSTM": lambda: (torch.nn.LSTM(3, 2, batch_first=True), x[None]),
    "a GRU": lambda: (torch.nn.GRU(3, 2), x[None]),
    "attention with its weights": lambda: (torch.nn.MultiheadAttention(4, 2), *[x.T[:, None, :]] * 3),
    "a layer of a transformer": lambda: (torch.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), x.T[:, None, :]),
    "a scripted module": lambda: (torch.jit.script(torch.nn.Softmax(-1)), x),
}


@pytest.mark.parametrize("name", MODULES)
def test_the_parameters_of_a_module_are_inputs(name):
    torch.manual_seed(0)
    module, *inputs = MODULES[name]()
    owner = getattr(module, "__self__", module)
    code = torch_code(module, inputs)
    assert {key for key, _ in owner.named_parameters()} <= set(code.inputs)
    assert "frozen" not in code.wrt
    before = {key: one.clone() for key, one in owner.state_dict().items()}
    assert replayed(code) < CLOSE
    assert code.run(code.inputs, code.trace(Point(code.inputs)).values).changed == ()
    assert all(torch.equal(one, before[key]) for key, one in owner.state_dict().items())  # nor was the module changed


def test_what_batch_norm_keeps_is_written_into_its_input():
    def kept(a, mean, variance):
        return F.batch_norm(a, mean, variance, None, None, True, momentum=0.3) + mean * variance

    code = torch_code(kept, {"a": x, "mean": w, "variance": b.exp()}, wrt=["a"])
    traced = code.trace(Point(code.inputs))
    assert apart(code, traced, {}) < CLOSE
    assert code.run(code.inputs, [x.numpy()]).changed == ("mean", "variance")
