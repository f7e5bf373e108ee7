"""``jax``, ``torch`` and ``autograd``: verify functions of a framework, those of its table or those that are named.

They are verified in workers that are started anew, and not forked: a framework that has started its threads does not
survive a fork.  A function that hangs or ends its process loses only its own verdict.
"""

from __future__ import annotations

import argparse

from backproof.verify.commands.verification import verified


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

    return verified(arguments, functions(framework, rest), (), named=bool(rest))
