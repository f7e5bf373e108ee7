"""The skips of all runs, each reason once: ``python .ci/skips.py [--without "apt-get npm"] RESULTS.xml...``

Each run of pytest left its results as JUnit XML. A skip is made good where the same test, or a test of the module that
was skipped as a whole, ran in another run. For the others there is a reason below, or this ends with 1.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Accepted(NamedTuple):
    """A reason that may be left (a pattern for all of it) where one of these is missing, and why."""

    reason: str
    missing: str
    why: str


SCIENCE = "astropy gpy lmfit mygrad openmdao pytensor scikit-learn statsmodels thinc uncertainties"

ACCEPTED = (
    Accepted("no Chromium here",              "apt-get",     "a browser is a package of the system"),
    Accepted("no axe-core here",              "npm",         "it is a package of npm"),
    Accepted("no Nu validator here",          "apt-get npm", "it is a package of npm, its Java one of the system"),
    Accepted("no (zsh|fish) here",            "apt-get",     "another shell is a package of the system"),
    Accepted("no coqc here",                  "apt-get",     "Coq is a package of the system"),
    Accepted(r"\w+ is not installed: it is what these tests are about", SCIENCE, "no index has the package"),
    Accepted("there is no fork",              "Linux",       "elsewhere workers are spawned"),
    Accepted("the memory in use is read .*",  "Linux",       "only Linux has /proc"),
    Accepted("no device that is always full", "Linux",       "only Linux has /dev/full"),
)  # fmt: skip


class Test(NamedTuple):
    """A test by its module (with its class) and name, and why it was skipped, or "" where it ran.

    A module that was skipped as a whole has no tests: the name is "".
    """

    module: str
    name: str
    skipped: str

    def makes_good(self, skip: Test) -> bool:
        whole = not skip.name and f"{self.module}.".startswith(f"{skip.module}.")
        return not self.skipped and (whole or self[:2] == skip[:2])


def tests(path: Path) -> Iterator[Test]:
    """Those of one run."""
    for case in ElementTree.parse(path).iter("testcase"):
        module, name = case.get("classname", ""), case.get("name", "")
        skipped = case.find("skipped")
        if skipped is None or skipped.get("type") == "pytest.xfail":
            yield Test(module, name, "")
        elif module:
            yield Test(module, name, skipped.get("message", ""))
        else:  # of a module the message stands in a tuple with the place
            yield Test(name, "", ast.literal_eval(skipped.text or "")[2].removeprefix("Skipped: "))


def skips(runs: Iterable[Path]) -> dict[str, list[Test]]:
    """By each reason for a skip the tests that no run has made good."""
    every = [test for path in runs for test in tests(path)]
    left: dict[str, list[Test]] = {test.skipped: [] for test in every if test.skipped}
    for skip in sorted({test for test in every if test.skipped}):
        if not any(test.makes_good(skip) for test in every):
            left[skip.skipped].append(skip)
    return left


def accepted(reason: str, without: set[str]) -> str:
    """Why a skip for this reason may be left on a machine without these; "" where it may not."""
    rows = (row for row in ACCEPTED if re.fullmatch(row.reason, reason) and without & set(row.missing.split()))
    return next((row.why for row in rows), "")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--without", default="", help="what this machine has not, with blanks between")
    parser.add_argument("results", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    without = set(given.without.split())
    refused = 0
    for reason, left in sorted(skips(given.results).items()):
        why = accepted(reason, without)
        places = ", ".join(sorted({test.module for test in left}))
        refused += bool(left and not why)
        state = "run in another environment" if not left else f"left: {why}" if why else f"NOT ACCEPTED: {places}"
        print(f"{reason}\n    {state}")
    print(f"{refused} reasons for skips that .ci/skips.py does not accept" if refused else "every skip has its reason")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
