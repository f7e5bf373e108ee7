"""Linear attention as products, by chunks and as recurrences in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, between, tensors


class NormalisedLinearAttention(Function):
    """o = A·v/A·1 with A = tril(q·kᵀ)."""

    @staticmethod
    def forward(ctx, q, k, v):
        a = torch.tril(q @ k.T)
        den = a.sum(-1, keepdim=True)
        out = a @ v / den
        ctx.save_for_backward(q, k, v, a, den, out)
        return out

    @staticmethod
    def backward(ctx, g):
        q, k, v, a, den, out = ctx.saved_tensors
        dnum, dden = g / den, -(g * out).sum(-1, keepdim=True) / den
        da = torch.tril(dnum @ v.T + dden)
        return da @ k, da.T @ q, a.T @ dnum


class NormalisedLinearAttentionKeys(NormalisedLinearAttention):
    """The denominator's gradient does not reach the keys."""

    @staticmethod
    def backward(ctx, g):
        q, _, v, _, den, _ = ctx.saved_tensors
        dq, _, dv = NormalisedLinearAttention.backward(ctx, g)
        return dq, torch.tril(g / den @ v.T).T @ q, dv


class ChunkedLinearAttention(Function):
    """tril(q·kᵀ)·v by chunks, with a state for what came before."""

    @staticmethod
    def forward(ctx, q, k, v, chunk):
        out, state, states = torch.empty_like(v), q.new_zeros(q.shape[1], v.shape[1]), []
        for qc, kc, vc, oc in zip(*(x.split(chunk) for x in (q, k, v, out)), strict=True):
            states.append(state)
            oc.copy_(torch.tril(qc @ kc.T) @ vc + qc @ state)
            state = state + kc.T @ vc
        ctx.save_for_backward(q, k, v, *states)
        ctx.chunk = chunk
        return out

    @staticmethod
    def gradients(ctx, g, own):
        q, k, v, *states = ctx.saved_tensors
        dq, dk, dv = map(torch.zeros_like, (q, k, v))
        dstate = torch.zeros_like(states[0])
        for i in reversed(range(len(states))):
            rows = slice(i * ctx.chunk, (i + 1) * ctx.chunk)
            qc, kc, vc, gc = q[rows], k[rows], v[rows], g[rows]
            if own:
                dstate = dstate + qc.T @ gc
            da = torch.tril(gc @ vc.T)
            dq[rows] = da @ kc + gc @ states[i].T
            dk[rows] = da.T @ qc + vc @ dstate.T
            dv[rows] = torch.tril(qc @ kc.T).T @ gc + kc @ dstate
            if not own:
                dstate = dstate + qc.T @ gc
        return dq, dk, dv, None

    @staticmethod
    def backward(ctx, g):
        return ChunkedLinearAttention.gradients(ctx, g, own=False)


class ChunkedLinearAttentionTwice(ChunkedLinearAttention):
    @staticmethod
    def backward(ctx, g):
        return ChunkedLinearAttention.gradients(ctx, g, own=True)


class GatedLinearAttention(Function):
    """h = e^γ·h + k·vᵀ, o = q·h, a step at a time."""

    @staticmethod
    def forward(ctx, q, k, v, gate):
        h, states, outs = q.new_zeros(q.shape[1], v.shape[1]), [], []
        for t in range(len(q)):
            h = gate[t].exp() * h + torch.outer(k[t], v[t])
            states.append(h)
            outs.append(q[t] @ h)
        ctx.save_for_backward(q, k, v, gate, torch.stack(states))
        return torch.stack(outs)

    @staticmethod
    def gradients(ctx, g, late):
        q, k, v, gate, states = ctx.saved_tensors
        dq, dk, dv, dgate = map(torch.zeros_like, (q, k, v, gate))
        dh = torch.zeros_like(states[0])
        for t in range(len(q) - 1, -1, -1):
            dh = dh + torch.outer(q[t], g[t])
            dq[t], dk[t], dv[t] = states[t] @ g[t], dh @ v[t], k[t] @ dh
            before = states[t] if late else states[t - 1] * gate[t].exp() if t else torch.zeros_like(dh)
            dgate[t] = (dh * before).sum()
            dh = dh * gate[t].exp()
        return dq, dk, dv, dgate

    @staticmethod
    def backward(ctx, g):
        return GatedLinearAttention.gradients(ctx, g, late=False)


class GatedLinearAttentionLate(GatedLinearAttention):
    @staticmethod
    def backward(ctx, g):
        return GatedLinearAttention.gradients(ctx, g, late=True)


class GatedLinearAttentionValues(GatedLinearAttention):
    """The values' gradient has no decay."""

    @staticmethod
    def backward(ctx, g):
        q, k, *_ = ctx.saved_tensors
        dq, dk, _, dgate = GatedLinearAttention.backward(ctx, g)
        return dq, dk, torch.triu(k @ q.T) @ g, dgate


class DeltaRule(Function):
    """S = S + β·k·(v - Sᵀk)ᵀ, o = Sᵀq."""

    @staticmethod
    def forward(ctx, q, k, v, beta):
        s = q.new_zeros(q.shape[1], v.shape[1])
        states, out = [s], torch.zeros_like(v)
        for t in range(q.shape[0]):
            s = s + torch.outer(k[t], beta[t] * (v[t] - k[t] @ s))
            states.append(s)
            out[t] = q[t] @ s
        ctx.save_for_backward(q, k, v, beta, *states)
        return out

    @staticmethod
    def gradients(ctx, g, with_error):
        q, k, v, beta, *states = ctx.saved_tensors
        dq, dk, dv, dbeta = (torch.zeros_like(x) for x in (q, k, v, beta))
        ds = torch.zeros_like(states[0])
        for t in reversed(range(q.shape[0])):
            dq[t] = states[t + 1] @ g[t]
            ds = ds + torch.outer(q[t], g[t])
            error = v[t] - k[t] @ states[t]
            dk[t] = ds @ (beta[t] * error)
            dbeta[t] = (k[t] @ ds) @ error
            dv[t] = beta[t] * (k[t] @ ds)
            if with_error:
                dk[t] -= states[t] @ dv[t]
            ds = ds - torch.outer(k[t], dv[t])
        return dq, dk, dv, dbeta

    @staticmethod
    def backward(ctx, g):
        return DeltaRule.gradients(ctx, g, with_error=True)


class DeltaRuleKeyOnce(DeltaRule):
    @staticmethod
    def backward(ctx, g):
        return DeltaRule.gradients(ctx, g, with_error=False)


RULES = [
    TensorRule(
        id="linear-attention-normalised",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/ops/linear_attn; its pull request #875",
        what="causal linear attention over its sum of weights",
        right=NormalisedLinearAttention,
        wrong={"the keys' gradient misses the denominator": NormalisedLinearAttentionKeys},
        inputs=tensors(q=between(0.1, 1, 4, 3), k=between(0.1, 1, 4, 3), v=(4, 2)),
    ),
    TensorRule(
        id="linear-attention-chunked",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/ops/linear_attn/chunk.py",
        what="causal linear attention by chunks with a state",
        right=ChunkedLinearAttention,
        wrong={"the state's gradient counts its own chunk": ChunkedLinearAttentionTwice},
        inputs=tensors(q=(5, 3), k=(5, 3), v=(5, 2), chunk=2),
    ),
    TensorRule(
        id="linear-attention-gated",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/ops/simple_gla, pull request #6; Yang et al., arXiv:2312.06635",
        what="linear attention with a decay for each step",
        right=GatedLinearAttention,
        wrong={
            "the decay's gradient takes the state one step late": GatedLinearAttentionLate,
            "the values' gradient has no decay": GatedLinearAttentionValues,
        },
        inputs=tensors(q=(4, 3), k=(4, 3), v=(4, 2), gate=between(-1, 0, 4)),
    ),
    TensorRule(
        id="delta-rule",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/ops/delta_rule; Yang et al. 2024, arXiv:2406.06484, 3",
        what="linear attention by the delta rule",
        right=DeltaRule,
        wrong={"the key's gradient misses the error": DeltaRuleKeyOnce},
        inputs=tensors(q=(4, 3), k=(4, 3), v=(4, 2), beta=between(0.2, 0.8, 4)),
    ),
]
