"""CPU time of rules of whole arrays against `torch.autograd.gradcheck`: tests/benchmarks/tensor_rules.py [--quick]

A line for each rule and size: the median CPU seconds of slow gradcheck, of `verify.check` with all of its checks, of a
trace with its judgement alone, their ratios, and the seconds until a wrong rule is refuted.  PyTorch is needed; the
largest sizes are left out of slow gradcheck with --quick.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

import backproof
from backproof.verify.arrays.judge import judged
from backproof.verify.arrays.traced import Point
from backproof.verify.subjects.tensors.torch_code import torch_code

torch.set_num_threads(1)
Function = torch.autograd.Function


class Softmax(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - (y * g).sum(-1, keepdim=True))


class SoftmaxWrong(Softmax):
    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - g.sum(-1, keepdim=True))


class LayerNorm(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        mean = x.mean(-1, keepdim=True)
        r = torch.rsqrt(((x - mean) ** 2).mean(-1, keepdim=True) + 1e-5)
        h = (x - mean) * r
        ctx.save_for_backward(h, r, w)
        return h * w + b

    @staticmethod
    def backward(ctx, g):
        h, r, w = ctx.saved_tensors
        d = g * w
        dx = (d - d.mean(-1, keepdim=True) - h * (d * h).mean(-1, keepdim=True)) * r
        return dx, (g * h).sum(0), g.sum(0)


class LayerNormWrong(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        h, r, w = ctx.saved_tensors
        d = g * w
        return (d - h * (d * h).mean(-1, keepdim=True)) * r, (g * h).sum(0), g.sum(0)


class MatMul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g @ b.T, a.T @ g


class MatMulWrong(MatMul):
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g @ b, a.T @ g


class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, x, t):
        log_p = torch.log_softmax(x, -1)
        ctx.save_for_backward(log_p, t)
        return -(t * log_p).sum()

    @staticmethod
    def backward(ctx, g):
        log_p, t = ctx.saved_tensors
        return g * (log_p.exp() * t.sum() - t), -g * log_p


class CrossEntropyWrong(CrossEntropy):
    @staticmethod
    def backward(ctx, g):
        log_p, t = ctx.saved_tensors
        return g * (log_p.exp() - t), -g * log_p


class Conv1d(Function):
    @staticmethod
    def forward(ctx, x, w):
        n = len(x) - len(w) + 1
        ctx.save_for_backward(x, w)
        return sum(x[j : j + n] * w[j] for j in range(len(w)))

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        dx = torch.zeros_like(x)
        for j in range(len(w)):
            dx[j : j + len(g)] += g * w[j]
        return dx, torch.stack([(x[j : j + len(g)] * g).sum() for j in range(len(w))])


class Conv1dWrong(Conv1d):
    @staticmethod
    def backward(ctx, g):
        _, dw = Conv1d.backward(ctx, g)
        _, w = ctx.saved_tensors
        return Conv1d.backward(ctx, g)[0] * 0 + _spread(g, w.flip(0)), dw


def _spread(g, w):
    dx = g.new_zeros(len(g) + len(w) - 1)
    for j in range(len(w)):
        dx[j : j + len(g)] += g * w[j]
    return dx


class Conv2d(Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return torch.nn.functional.conv2d(x, w, padding=1)

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        dw = torch.nn.functional.conv2d(x.transpose(0, 1), g.transpose(0, 1), padding=1).transpose(0, 1)
        return torch.nn.functional.conv_transpose2d(g, w, padding=1), dw


class Conv2dWrong(Conv2d):
    @staticmethod
    def backward(ctx, g):
        _, w = ctx.saved_tensors
        return torch.nn.functional.conv_transpose2d(g, w.flip(-1), padding=1), Conv2d.backward(ctx, g)[1]


class Attention(Function):
    @staticmethod
    def forward(ctx, q, k, v):
        p = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
        ctx.save_for_backward(q, k, v, p)
        return p @ v

    @staticmethod
    def backward(ctx, g):
        q, k, v, p = ctx.saved_tensors
        dp = g @ v.transpose(-1, -2)
        ds = p * (dp - (dp * p).sum(-1, keepdim=True)) / math.sqrt(q.shape[-1])
        return ds @ k, ds.transpose(-1, -2) @ q, p.transpose(-1, -2) @ g


class AttentionWrong(Attention):
    @staticmethod
    def backward(ctx, g):
        q, k, v, p = ctx.saved_tensors
        dp = g @ v.transpose(-1, -2)
        ds = p * (dp - (dp * p).sum(-1, keepdim=True))
        return ds @ k, ds.transpose(-1, -2) @ q, p.transpose(-1, -2) @ g


class Rule(NamedTuple):
    """A right rule, a wrong one, and their inputs."""

    right: Any
    wrong: Any
    inputs: tuple[torch.Tensor, ...]


def rules(n: int) -> dict[str, Rule]:
    """The seven rules, with about n entries in the first input."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    side, rows, image = max(2, round(math.sqrt(n))), max(2, n // 8), max(2, round(math.sqrt(n / 4)))
    return {
        "softmax": Rule(Softmax, SoftmaxWrong, (normal(n),)),
        "layer norm": Rule(LayerNorm, LayerNormWrong, (normal(rows, 8), normal(8), normal(8))),
        "matmul": Rule(MatMul, MatMulWrong, (normal(side, side), normal(side, side))),
        "cross entropy": Rule(CrossEntropy, CrossEntropyWrong, (normal(n), normal(n).abs())),
        "conv1d": Rule(Conv1d, Conv1dWrong, (normal(n), normal(3))),
        "conv2d": Rule(Conv2d, Conv2dWrong, (normal(1, 4, image, image), normal(4, 4, 3, 3))),
        "attention": Rule(Attention, AttentionWrong, (normal(rows, 8), normal(rows, 8), normal(rows, 8))),
    }


def seconds(work: Callable[[], Any], times: int) -> float:
    """The median of its CPU time."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return statistics.median(found)


def main() -> None:
    """A line a rule and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="no slow gradcheck beyond 512 entries")
    parser.add_argument("--sizes", default="8,64,512,4096")
    quick = parser.parse_args()
    heads = f"{'gradcheck':>9} {'check':>7} {'ratio':>6} {'judge':>7} {'ratio':>6} {'wrong':>7}"
    print(f"{'rule':14} {'n':>5} {heads}  verdicts")
    backproof.check(Softmax, inputs=rules(8)["softmax"].inputs, raises=False)  # what a first call loads
    for n in map(int, quick.sizes.split(",")):
        for name, (right, wrong, inputs) in rules(n).items():
            _line(name, n, right, wrong, inputs, slow=n <= 512 or not quick.quick)


def _line(name: str, n: int, right: Any, wrong: Any, inputs: tuple[torch.Tensor, ...], *, slow: bool) -> None:
    leaves = tuple(x.clone().requires_grad_() for x in inputs)
    verdicts = []

    def checked(rule: Any) -> None:
        verdicts.append(str(backproof.check(rule, inputs=inputs, raises=False).operations[0].right.verdict))

    def trial() -> None:
        code = torch_code(right, inputs)
        assert judged(code.trace(Point(code.inputs)), "0").same

    times = 3 if n <= 512 else 1
    usual = seconds(lambda: torch.autograd.gradcheck(right.apply, leaves), times) if slow else math.nan
    whole, judge = seconds(lambda: checked(right), times), seconds(trial, times)
    refuted = seconds(lambda: checked(wrong), 1)
    ratios = f"{usual:9.3f} {whole:7.3f} {whole / usual:6.2f} {judge:7.3f} {judge / usual:6.2f} {refuted:7.3f}"
    print(f"{name:14} {n:5} {ratios}  {verdicts[0]}, {verdicts[-1]}", flush=True)


if __name__ == "__main__":
    main()
