"""`verify torch module:Function --shapes x=4x8`: one function of whole arrays by its name, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from backproof.verify.commands.cli import main

pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

LAYER_NORM = '''
import torch


class LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, eps=1e-5):
        centred = x - x.mean(-1, keepdim=True)
        scale = torch.rsqrt((centred**2).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(centred * scale, scale, w)
        return centred * scale * w + b

    @staticmethod
    def backward(ctx, g):
        n, scale, w = ctx.saved_tensors
        d = g * w
        dx = scale * (d - d.mean(-1, keepdim=True) - n * (d * n).mean(-1, keepdim=True))
        return dx, (g * n).sum(0), g.sum(0), None


class Overwrites(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, i):
        ctx.save_for_backward(x, i)
        return x[i]

    @staticmethod
    def backward(ctx, g):
        x, i = ctx.saved_tensors
        d = torch.zeros_like(x)
        d[i] = g
        return d, None


class Twice(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        dx, dw, db, _ = LayerNorm.backward(ctx, g)
        return dx, 2 * dw, db, None


def fails(x):
    raise ValueError("only for images")
'''

SHAPES = ["--shapes", "x=4x8,w=8,b=8"]
FAST = ["--points", "20", "--jobs", "1"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "tensor_command_rules.py").write_text(LAYER_NORM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")  # for a worker, which is started anew
    return "tensor_command_rules"


def test_a_right_rule_ends_with_0(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["torch", f"{module}:LayerNorm", *SHAPES, *FAST]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "equal to the derivative in finite fields" in out
    assert "wired tensor_wiring proportional to the upstream gradient" in out


def test_a_wrong_rule_ends_with_1_and_the_command_that_shows_it_again(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["torch", f"{module}:Twice", *SHAPES, *FAST]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "of its gradient is wrong" in out
    assert "times the derivative" in out
    assert f"torch {module}:Twice --shapes x=4x8,w=8,b=8 --seed 0" in out


def test_a_call_names_inputs_and_passes_the_rest(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["torch", f"{module}:LayerNorm(x, w, b, 1e-3)", *SHAPES, *FAST]) == 0
    assert main(["torch", "torch.nn.functional:layer_norm(x, (8,), w, eps=1e-3)", "--shapes", "x=4x8,w=8", *FAST]) == 0
    assert "torch.nn.functional:layer_norm(x, (8,), w, eps=1e-3)" in " ".join(capsys.readouterr().out.split())


def test_integers_are_drawn_within_their_bounds(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    of_indices = ["--shapes", "x=3x2,i=6", "--integers", "i", "--bounds", "i=0..2"]
    assert main(["torch", f"{module}:Overwrites", *of_indices, *FAST]) == 1
    assert "--shapes x=3x2,i=6 --bounds i=0..2 --integers i --seed 0" in " ".join(capsys.readouterr().out.split())
    assert main(["torch", "torch:index_select(x, 0, i)", *of_indices, *FAST]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{}:LayerNorm", "--shapes", "x=4x8,w=8"], "shapes: b has none"),
        (["{}:LayerNorm", "--shapes", "x=4*8"], "'x=4*8' is not the shape of an input"),
        (["{}:LayerNorm", *SHAPES, "--bounds", "y=0..1"], "'y' has no shape: write --shapes y=4"),
        (["{}:LayerNorm", *SHAPES, "--integers", "i"], "'i' has no shape"),
        (["{}:LayerNorm", *SHAPES, "--bounds", "x=1..0"], "'x=1..0' are not the bounds of an input"),
        (["{}:LayerNorm(x, __import__('os'))", *SHAPES], "is neither the name of an input"),
        (["{}:LayerNorm(x", *SHAPES], "is not a call"),
        (["{}:NoSuchThing", *SHAPES], "has no 'NoSuchThing'"),
        (["no_such_module_at_all:f", "--shapes", "x=3"], "cannot be imported"),
        (["{}:fails", "--shapes", "x=3"], "only for images"),
        (["{}:LayerNorm", "{}:Twice", *SHAPES], "--shapes: they are of one function of PyTorch or JAX"),
        ([*SHAPES], "--shapes: they are of one function of PyTorch or JAX"),
        (["{}:LayerNorm", "--bounds", "x=0..1"], "--bounds: it goes with --shapes"),
        (["{}:LayerNorm", "--integers", "x"], "--integers: it goes with --shapes"),
    ],
)
def test_a_mistake_in_the_command_ends_with_2_and_a_line(
    module: str, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["torch", *(one.replace("{}", module) for one in arguments), *FAST]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert len(told.err.splitlines()) == 1
    assert not told.out
