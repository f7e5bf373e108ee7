"""Gated units and projections in PyTorch, right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import Beyond, TensorRule, tensors

# ------------------------------------------------------------------------------------------------------ gated units


def swiglu_gradients(gate, up, g):
    sig = torch.sigmoid(gate)
    silu = gate * sig
    return g * up * (sig + silu * (1 - sig)), g * silu


def swiglu_without_square(gate, up, g):
    sig = torch.sigmoid(gate)
    return g * up * sig * (1 - sig), g * gate * sig


def custom_swiglu(name: str, gradients: Callable[..., Any]) -> Any:
    """An operation of `torch.library` with this rule; its name must be its own."""

    def kernel(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        return gate * torch.sigmoid(gate) * up

    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    operation = torch.library.custom_op(f"backproof_trial::{name}", kernel, mutates_args=())
    operation.register_autograd(lambda ctx, g: gradients(*ctx.saved_tensors, g), setup_context=setup_context)
    return operation


class SwiGLU(Function):
    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return torch.nn.functional.silu(gate) * up

    @staticmethod
    def backward(ctx, g):
        return swiglu_gradients(*ctx.saved_tensors, g)


class SwiGLUInPlace(SwiGLU):
    """Both gradients are written over the saved inputs."""

    @staticmethod
    def backward(ctx, g):
        gate, up = (x.data for x in ctx.saved_tensors)
        dgate, dup = swiglu_gradients(gate, up, g)
        return gate.copy_(dgate), up.copy_(dup)


class GeGLU(Function):
    """gelu(a)·b, with the hyperbolic tangent."""

    cubic = 0.044715

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        inner = (2 / torch.pi) ** 0.5 * (a + GeGLU.cubic * a**3)
        return 0.5 * a * (1 + torch.tanh(inner)) * b

    @staticmethod
    def gradients(ctx, g, power):
        a, b = ctx.saved_tensors
        root = (2 / torch.pi) ** 0.5
        tanh = torch.tanh(root * (a + GeGLU.cubic * a * a * a))
        dgelu = 0.5 * (1 + tanh) + 0.5 * a * (1 - tanh * tanh) * root * (1 + power * GeGLU.cubic * a * a)
        return g * b * dgelu, g * 0.5 * a * (1 + tanh)

    @staticmethod
    def backward(ctx, g):
        return GeGLU.gradients(ctx, g, 3)


class GeGLUCubeAsSquare(GeGLU):
    @staticmethod
    def backward(ctx, g):
        return GeGLU.gradients(ctx, g, 2)


class BiasGELU(Function):
    """gelu(x + b) with constants of eight and ten digits, as published."""

    @staticmethod
    def forward(ctx, x, bias):
        ctx.save_for_backward(x, bias)
        s = x + bias
        return s * 0.5 * (1.0 + torch.tanh(0.79788456 * s * (1 + 0.044715 * s * s)))

    @staticmethod
    def backward(ctx, g):
        s = torch.add(*ctx.saved_tensors)
        tanh = torch.tanh(0.79788456 * s * (1 + 0.044715 * s * s))
        slope = 0.5 * s * ((1 - tanh * tanh) * (0.79788456 + 0.1070322243 * s * s)) + 0.5 * (1 + tanh)
        return g * slope, (g * slope).sum(0)


class BiasGELUAveraged(BiasGELU):
    @staticmethod
    def backward(ctx, g):
        dx, _ = BiasGELU.backward(ctx, g)
        return dx, dx.mean(0)


class SquaredReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.relu(x).square()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * torch.relu(x) * g


class SquaredReLUInPlace(SquaredReLU):
    """The upstream gradient's own memory becomes the result."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g.mul_(2 * torch.relu(x))


class SquaredReLUMask(SquaredReLU):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * (x > 0) * g


# ------------------------------------------------------------------------------------------------------ projections


class Linear(Function):
    """As PyTorch's notes on extending autograd have it: each gradient only if it is needed, and perhaps no bias."""

    @staticmethod
    def forward(x, weight, bias):
        out = x.mm(weight.t())
        return out if bias is None else out + bias.unsqueeze(0).expand_as(out)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        x, weight, bias = ctx.saved_tensors
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = g.mm(weight)
        if ctx.needs_input_grad[1]:
            dw = g.t().mm(x)
        if bias is not None and ctx.needs_input_grad[2]:
            db = g.sum(0)
        return dx, dw, db


class LinearTransposed(Linear):
    @staticmethod
    def backward(ctx, g):
        x, weight, _ = ctx.saved_tensors
        return g.mm(weight.t()), g.t().mm(x), g.sum(0)


class LinearAveraged(Linear):
    @staticmethod
    def backward(ctx, g):
        dx, dw, db = Linear.backward(ctx, g)
        return dx, dw, db / len(g)


class LoRALinear(Function):
    """x·Wᵀ + s·(x·Aᵀ)·Bᵀ with W frozen."""

    @staticmethod
    def forward(ctx, x, weight, a, b, scale):
        ctx.save_for_backward(x, weight, a, b)
        ctx.scale = scale
        return x @ weight.T + scale * (x @ a.T) @ b.T

    @staticmethod
    def backward(ctx, g):
        x, weight, a, b = ctx.saved_tensors
        down = ctx.scale * g @ b
        return g @ weight + down @ a, None, down.T @ x, ctx.scale * g.T @ (x @ a.T), None


class LoRALinearScaleLost(LoRALinear):
    @staticmethod
    def backward(ctx, g):
        dx, _, da, db, _ = LoRALinear.backward(ctx, g)
        return dx, None, da, db / ctx.scale, None


class LoRALinearBaseOnly(LoRALinear):
    @staticmethod
    def backward(ctx, g):
        _, _, da, db, _ = LoRALinear.backward(ctx, g)
        return g @ ctx.saved_tensors[1], None, da, db, None


RULES = [
    TensorRule(
        id="swiglu",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/swiglu.py; its #254",
        what="silu(gate)·up",
        right=SwiGLU,
        wrong={"both gradients are written over the saved inputs": SwiGLUInPlace},
        beyond={"both gradients are written over the saved inputs": Beyond("one pass is right", writes=True)},
        inputs=tensors(gate=(3, 4), up=(3, 4)),
    ),
    TensorRule(
        id="swiglu-custom-op",
        framework="torch",
        reference="unslothai/unsloth unsloth/kernels/swiglu.py; its #3314",
        what="the same as an operation of torch.library",
        right=custom_swiglu("swiglu", swiglu_gradients),
        wrong={
            "the two gradients swapped": custom_swiglu("swapped", lambda *given: swiglu_gradients(*given)[::-1]),
            "the sigmoid's derivative, not that of x·sigmoid(x)": custom_swiglu("sigmoid", swiglu_without_square),
        },
        inputs=tensors(gate=(2, 5), up=(2, 5)),
    ),
    TensorRule(
        id="geglu-tanh",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/geglu.py",
        what="gelu(a)·b by the hyperbolic tangent",
        right=GeGLU,
        wrong={"2 for 3 in the derivative of the cube": GeGLUCubeAsSquare},
        inputs=tensors(a=(3, 4), b=(3, 4)),
    ),
    TensorRule(
        id="bias-gelu",
        framework="torch",
        reference="NVIDIA/Megatron-LM megatron/core/fusions/fused_bias_gelu.py",
        what="gelu(x + b), its constants rounded: 0.1070322243 stands for 3·0.044715·0.79788456",
        right=BiasGELU,
        wrong={"the bias's gradient is averaged over the batch": BiasGELUAveraged},
        inputs=tensors(x=(4, 3), bias=(3,)),
    ),
    TensorRule(
        id="squared-relu",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/modules/activations.py; So et al. 2021, arXiv:2109.08668",
        what="relu(x)²",
        right=SquaredReLU,
        wrong={
            "the mask for relu(x)": SquaredReLUMask,
            "overwrites the upstream gradient": SquaredReLUInPlace,
        },
        beyond={"overwrites the upstream gradient": Beyond("each entry is read before it is written", writes=True)},
        inputs=tensors(x=(3, 5)),
    ),
    TensorRule(
        id="linear",
        framework="torch",
        reference="PyTorch notes on extending torch.autograd, LinearFunction; kvfrans/notes#5",
        what="x·Wᵀ + b with a square W",
        right=Linear,
        wrong={
            "W transposed, which fits a square": LinearTransposed,
            "the bias's gradient is averaged over the batch": LinearAveraged,
        },
        inputs=tensors(x=(4, 3), weight=(3, 3), bias=(3,)),
    ),
    TensorRule(
        id="lora-linear",
        framework="torch",
        reference="unslothai/unsloth unsloth/kernels/fast_lora.py; Hu et al. 2021, arXiv:2106.09685",
        what="x·Wᵀ + s·x·Aᵀ·Bᵀ, whose W is frozen",
        right=LoRALinear,
        wrong={
            "B's gradient misses the scale": LoRALinearScaleLost,
            "x's gradient is that of W alone": LoRALinearBaseOnly,
        },
        inputs=tensors(x=(4, 3), weight=(5, 3), a=(2, 3), b=(5, 2), scale=0.5),
        wrt=("x", "a", "b"),
    ),
]
