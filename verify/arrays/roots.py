"""A program at a random point at which all of its roots exist: inputs that feed a missing one are drawn again.

√(a²) is a or -a in the field as a is a square or not; over the reals it is -a where a < 0.  So under a root, and in a
logarithm that is a discrete one, a residue must be a square just where the real number at the point is positive: a
chance of one half for each entry.  A proposal is kept if it leaves no more entries wrong than before (Metropolis et
al., J. Chem. Phys. 21 (1953), at temperature 0).  Rows of their own are settled in as many proposals as halve their
number to nothing; where every input feeds all of n roots it takes 2**n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays import floats
from backproof.verify.arrays.evaluation import Evaluation, NoPoint, Point, Ties
from backproof.verify.arrays.laws import Plan
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.reach import feeding
from backproof.verify.arrays.residues import Residues, salt

MOST_CHAINS = 6
"""Chains of primes that are tried where something is 0 or has no root."""

MOST_REDRAWS = 1500
"""Proposals at one chain."""

MOST_WORK = 1 << 31
"""Entries that are computed in search of roots, over all chains: some ten seconds."""

_A_STEP = 1000  # entries whose computing takes as long as what a step takes besides


@dataclass(frozen=True)
class Evaluated:
    """Residues of some nodes of a program at a random point.

    values: of each root, in its shape; modulus: the prime modulo which these are
    opaque: functions and other things that were met without all of their laws, by name: "erf", "log of a sum"
    read: the floats that were read as another number than themselves, with its text: "√(2/π)"
    powers_of_e: whether there are any, so that Schwartz's bound rests on a conjecture
    shared_roots: whether an input feeds more than one root, so that the bound is heuristic: its law, given that they
        all exist, is not uniform; redraws: proposals that were made for roots to exist
    """

    values: list[Residues]
    modulus: int
    opaque: frozenset[str]
    read: dict[float, str]
    powers_of_e: bool
    shared_roots: bool
    redraws: int


class _Stuck(Exception):
    """No point was found at this chain of primes."""


def evaluate(
    program: Program,
    roots: Sequence[Node],
    seed: str,
    ties: Ties | None = None,
    real: Mapping[str, NDArray[Any]] | None = None,
) -> Evaluated:
    """The residues of some nodes at a random point that the seed chooses; the same for the same seed.

    ties: for leaves by name, numbers for their entries: those with the same number are equal, those with -1 are 0
    real: values of leaves by name, where they are not those of the program: inputs have their signs, and what is
        under a root has the sign that it has there.  A leaf without a value has random signs

    Raises NoPoint where a division by 0, or a root that does not exist, is met at every point that is tried.
    """
    plan = Plan(program, roots)
    values = _real_values(program, seed, real or {})
    negative = {name: value < 0 for name, value in values.items()}
    radicands = floats.values(program, [plan.steps[k].node for k in plan.constraints], values)
    signs = {k: found < 0 for k, found in zip(plan.constraints, radicands, strict=True)}
    work, redraws, reason = 0, 0, ""
    for attempt in range(MOST_CHAINS):
        try:
            evaluation = Evaluation(plan, Point(plan, f"{seed}|{attempt}", negative, ties or {}), signs)
            search = _Search(evaluation, MOST_WORK - work)
            try:
                search.settle()
                found = evaluation.run(plan.roots)
            finally:
                work, redraws = work + search.work, redraws + search.redraws
        except (ZeroDivisionError, _Stuck) as error:
            reason = str(error)
            continue
        return Evaluated(
            values=[np.array(value) for value in found],
            modulus=evaluation.point.fields[0].modulus,
            opaque=frozenset(plan.opaque),
            read=dict(plan.read),
            powers_of_e=plan.powers_of_e,
            shared_roots=search.shared(),
            redraws=redraws,
        )
    raise NoPoint(reason)


def _real_values(program: Program, seed: str, real: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    found = {}
    for name, leaf in program.leaves.items():
        value = real.get(name, leaf.value)
        if value is None:
            value = np.random.default_rng(salt(seed, "real", name)).standard_normal(leaf.node.shape)
        found[name] = np.asarray(value, float).reshape(leaf.node.shape)
    return found


class _Search:
    """Draws inputs again until all constraints are met.  redraws, work: how often, and how many entries it computed."""

    def __init__(self, evaluation: Evaluation, most_work: int) -> None:
        self.evaluation, self.plan, self.point = evaluation, evaluation.plan, evaluation.point
        self.redraws = self.work = 0
        self._most_work = most_work
        steps = [self.plan.steps[k] for k in evaluation.below(self.plan.constraints)]
        self._cost = sum(step.node.size + _A_STEP for step in steps)
        self._sizes: list[Residues] = []  # the absolute values of the radicands

    def settle(self) -> None:
        """Raises NoPoint via _Stuck, or ZeroDivisionError, where it gives up."""
        if not self.plan.constraints:
            return
        wrong = self._look()
        self._refuse_contradictions()
        rng = np.random.default_rng(salt(self.point.seed, "redraws"))
        share = 0
        while wrong:
            if self.redraws == MOST_REDRAWS or self.work > self._most_work:
                raise _Stuck(self._missing())
            self.redraws += 1
            unmet = self.evaluation.unmet
            kept = self._propose(rng, share)
            try:
                left = self._look()
            except ZeroDivisionError:
                left = wrong + 1
            if left > wrong:
                self.point.draws.update(kept)
                self.evaluation.unmet = unmet
            if left >= wrong:
                share = (share + 1) % len(_SHARES)
            wrong = min(left, wrong)

    def _look(self) -> int:
        """How many entries are wrong at this point."""
        self.work += self._cost
        self.evaluation.unmet = {}
        self._sizes = self.evaluation.run(self.plan.constraints)
        return sum(int(unmet.sum()) for unmet in self.evaluation.unmet.values())

    def _missing(self) -> str:
        missing = sum(1 for unmet in self.evaluation.unmet.values() if unmet.any())
        return (
            f"no point at which all roots exist was found in {self.redraws} draws: "
            f"{missing} of {len(self.plan.constraints)} arrays under roots"
        )

    def _propose(self, rng: np.random.Generator, share: int) -> dict[tuple[str, int], Residues]:
        """Draws entries again that feed a wrong one, of one input; what was there before."""
        wrong = [number for number, unmet in self.evaluation.unmet.items() if unmet.any()]
        number = wrong[self.redraws % len(wrong)]
        masks = self._inputs({number: self.evaluation.unmet[number]})
        if not masks:
            raise _Stuck("a constant under a root has no root modulo this prime")
        key = list(masks)[int(rng.integers(len(masks)))]
        before = self.point.drawn(*key)
        again = _SHARES[share](rng, np.flatnonzero(masks[key]))
        drawn = before.copy()
        drawn.reshape(-1)[again] = rng.integers(0, self.point.most(key[1]), len(again))
        self.point.draws[key] = drawn
        return {key: before}

    def _inputs(self, labels: Mapping[int, NDArray[Any]]) -> dict[tuple[str, int], NDArray[Any]]:
        """The largest label that each number of an input feeds, by the input's name and level."""
        found = {}
        for number, label in feeding(self.plan.steps, labels, {"drawn"}).items():
            step = self.plan.steps[number]
            ties = self.point.ties.get(step.parameter)
            if ties is not None:
                numbers = np.zeros(self.point.drawn(step.parameter, step.level).size + 1, label.dtype)
                np.maximum.at(numbers, ties.reshape(-1), label.reshape(-1))
                label = numbers[:-1]
            if label.any():
                found[step.parameter, step.level] = label
        return found

    # ------------------------------------------------------------------------------ radicands that are multiples

    def _classes(self) -> list[int]:
        """For each constraint the first one that it is a number times, at this point and so everywhere."""
        firsts: list[int] = []
        for k, a in enumerate(self._sizes):
            field = self.evaluation.field(self.plan.steps[self.plan.constraints[k]])
            level = self.plan.steps[self.plan.constraints[k]].level
            for j in dict.fromkeys(firsts):
                b = self._sizes[j]
                same = a.size == b.size and a.size and self.plan.steps[self.plan.constraints[j]].level == level
                if same and np.array_equal(
                    field.reduce(a.reshape(-1) * b.reshape(-1)[0]), field.reduce(b.reshape(-1) * a.reshape(-1)[0])
                ):
                    firsts.append(j)
                    break
            else:
                firsts.append(k)
        return firsts

    def _refuse_contradictions(self) -> None:
        """Of a number and a multiple of it by no square only one can have a root: only another prime helps."""
        for k, first in enumerate(self._classes()):
            a, b = (self.evaluation.unmet[self.plan.constraints[i]].reshape(-1) for i in (k, first))
            if (a != b).any():
                raise _Stuck("two numbers under roots are multiples by no square modulo this prime")

    def shared(self) -> bool:
        """Whether a number of an input feeds more than one entry under a root, multiples counted once."""
        if not self.plan.constraints:
            return False
        labels: dict[int, Residues] = {}
        count = 0
        for k, first in enumerate(self._classes()):
            number, size = self.plan.constraints[k], self._sizes[k].size
            if first == k:
                labels[number] = np.arange(count + 1, count + size + 1).reshape(self._sizes[k].shape)
                count += size
            else:
                labels[number] = labels[self.plan.constraints[first]].reshape(self._sizes[k].shape)
        largest = self._inputs(labels)
        smallest = self._inputs({number: count + 1 - label for number, label in labels.items()})
        return any(((label != 0) & (label + smallest[key] != count + 1)).any() for key, label in largest.items())


def _all(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places


def _some(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[rng.random(len(places)) < 0.2]


def _one(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[[int(rng.integers(len(places)))]]


_SHARES = (_all, _some, _one)
