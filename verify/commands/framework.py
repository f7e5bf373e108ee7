"""``jax``, ``torch`` and ``autograd``: verify functions of a framework, those of its table or those that are named.

They are verified in workers that are started anew, and not forked: a framework that has started its threads does not
survive a fork.  A function that hangs or ends its process loses only its own verdict.
"""

from __future__ import annotations

import argparse

from backproof.verify.commands.verification import verified
from backproof.verify.support.errors import UsageError


def run_jax(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Functions of JAX."""
    return _run("jax", arguments, rest)


def run_torch(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Functions of PyTorch."""
    return _run("torch", arguments, rest)


def run_autograd(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Functions of HIPS autograd."""
    return _run("autograd", arguments, rest)


def _run(framework: str, arguments: argparse.Namespace, rest: list[str]) -> int:
    from backproof.verify.subjects.frameworks import functions
    from backproof.verify.subjects.tensors.functions import AllFunctions, named

    if not arguments.shapes:
        _refuse_alone(arguments)
        chosen = functions(framework, rest)
        return verified(arguments, chosen if rest else AllFunctions(framework, chosen), (), named=bool(rest))
    if len(rest) != 1 or framework == "autograd":
        way = "one function of PyTorch or JAX: torch package.module:Function --shapes x=64x768,w=768"
        raise UsageError(f"--shapes: they are of {way}")
    one = named(framework, rest[0], arguments.shapes, arguments.bounds, arguments.integers)
    return verified(arguments, one, (), named=True)


def _refuse_alone(arguments: argparse.Namespace) -> None:
    """Raises UsageError for what is said of inputs that have no shapes."""
    for option in ("bounds", "integers"):
        if getattr(arguments, option):
            raise UsageError(f"--{option}: it goes with --shapes, which says what the inputs are")
