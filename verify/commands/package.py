"""``package MODULE``: the derivatives that the objects of a module bring, or those of them that are named."""

from __future__ import annotations

import argparse
import sys

from backproof.verify.commands.arguments import nearest
from backproof.verify.commands.codes import NOTHING
from backproof.verify.commands.verification import show, verified
from backproof.verify.reports.targets import targets, to_stdout
from backproof.verify.run.packages import Listed, Package, listed
from backproof.verify.support.errors import UsageError
from backproof.verify.support.program import program


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """List what the module ``rest[0]`` holds, and verify it, or what the other words name."""
    if not rest:
        raise UsageError(f"package needs a module: {program()} package statsmodels.genmod.families.links")
    module, names = rest[0], rest[1:]
    listing = listed(module)
    for name in names:
        if not any(_is_called(one.name, name) for one in listing.found):
            known = [one.name for one in listing.found]
            raise UsageError(f"{name!r} is no derivative of {module}{nearest(name, known)}")
    found = tuple(one for one in listing.found if not names or any(_is_called(one.name, name) for name in names))
    if not arguments.quiet and not names:
        stream = sys.stderr if to_stdout(targets(arguments.report)) else sys.stdout
        show(iter(_told(module, listing)), arguments, file=stream)
    if not found:
        print(f"verify: nothing selected: {module} holds nothing that brings derivatives", file=sys.stderr)
        return NOTHING
    return verified(arguments, Package(module, found), (), named=bool(names))


def _is_called(name: str, wanted: str) -> bool:
    """A derivative by its name, or all of an object by that of the object."""
    return name == wanted or name.startswith(f"{wanted}.")


def _told(module: str, listing: Listed) -> list[str]:
    """What was found, and what could not be made: a line each."""
    holders = len({one.holder for one in listing.found})
    derivatives, objects = len(listing.found), f"{holders} object{'s' * (holders != 1)}"
    lines = [f"{module}: {derivatives} derivative{'s' * (derivatives != 1)} of {objects}"]
    if listing.unmade:
        lines[0] += f"; {len(listing.unmade)} not made"
    width = max((len(name) for name, _ in listing.unmade), default=0)
    lines += [f"  {name:{width}}  not made: {why}" for name, why in listing.unmade]
    return [*lines, ""]
