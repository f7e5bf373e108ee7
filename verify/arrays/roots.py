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
from backproof.verify.arrays.evaluation import Evaluated, Evaluation, NoPoint, Point, Ties
from backproof.verify.arrays.laws import Plan, Step
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.reach import feeding
from backproof.verify.arrays.residues import NoChain, Residues, salt

MOST_CHAINS = 6
"""Chains of primes that are tried where something is 0 or a number has no root."""

MOST_REDRAWS = 3000
"""Proposals, over all chains: enough for ten or eleven roots that all inputs feed."""

MOST_WORK = 1 << 31
"""Entries that are computed in search of roots, over all chains: some ten seconds."""

_A_STEP = 10_000  # entries whose computing takes as long as what a step takes besides
_A_LOGARITHM = 30_000  # the same for an entry whose discrete logarithm is looked for
_SMALL = 1000  # for numerators and denominators: one in 1000 random numbers is such a fraction

Floats = NDArray[np.float64]


class _Stuck(Exception):
    """There is no point at this chain of primes."""


def evaluate(
    program: Program,
    roots: Sequence[Node],
    seed: str,
    ties: Ties | None = None,
    real: Mapping[str, NDArray[Any]] | None = None,
    most: int | None = None,
) -> Evaluated:
    """The residues of some nodes at a random point that the seed chooses; the same for the same seed.

    ties: for leaves by name, numbers for their entries: those with the same number are equal, those with -1 are 0
    real: values of leaves by name, where they are not those of the program: inputs have their signs, and what is
        under a root has the sign that it has there.  A leaf without a value has random signs
    most: draws of inputs, over all chains of primes, until all roots exist; `MOST_REDRAWS` if it is None

    Where there are discrete logarithms and no point is found, they are random functions at another.

    Raises NoPoint where a division by 0, or a root that does not exist, is met at every point that is tried.
    """
    values = _real_values(program, seed, real or {})
    most = MOST_REDRAWS if most is None else most
    plan = Plan(program, roots)
    try:
        return _evaluated(plan, program, seed, values, ties or {}, most)
    except NoPoint:
        if not any(step.law == "discrete logarithm" for step in plan.steps):
            raise
    return _evaluated(Plan(program, roots, discrete=False), program, seed, values, ties or {}, most)


def _evaluated(
    plan: Plan, program: Program, seed: str, values: Mapping[str, Floats], ties: Ties, most: int
) -> Evaluated:
    negative = {name: value < 0 for name, value in values.items()}
    radicands = floats.values(program, [plan.steps[k].node for k in plan.constraints], values)
    signs = {k: found < 0 for k, found in zip(plan.constraints, radicands, strict=True)}
    spent, reason = _Spent(most), ""
    for attempt in range(MOST_CHAINS):
        try:
            evaluation = Evaluation(plan, Point(plan, f"{seed}|{attempt}", negative, ties), signs)
            search = _Search(evaluation, spent)
            search.settle()
            found = evaluation.run(plan.roots)
        except (ZeroDivisionError, _Stuck) as error:
            reason = f"{error} ({attempt + 1} chains of primes were tried)"
            continue
        except NoChain as error:
            reason = str(error)
            break
        return Evaluated(
            values=[np.array(value) for value in found],
            modulus=evaluation.point.fields[0].modulus,
            opaque=frozenset(plan.opaque),
            read=dict(plan.read),
            powers_of_e=plan.powers_of_e,
            shared_roots=search.shared(),
            redraws=spent.redraws,
        )
    raise NoPoint(reason)


def _real_values(program: Program, seed: str, real: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    found = {}
    for name, leaf in program.leaves.items():
        value = real.get(name, leaf.value)
        if value is None:
            value = np.random.default_rng(salt(seed, "real", name)).standard_normal(leaf.node.shape)
        found[name] = np.asarray(value, float).reshape(leaf.node.shape)
    return found


@dataclass
class _Spent:
    """Over all chains of primes: proposals that may be made and were made, entries that were computed for them."""

    most: int
    redraws: int = 0
    work: int = 0


class _Search:
    """Draws inputs again until all constraints are met, one after the other, those before staying met."""

    def __init__(self, evaluation: Evaluation, spent: _Spent) -> None:
        self.evaluation, self.plan, self.point = evaluation, evaluation.plan, evaluation.point
        self._spent = spent
        self._rng = np.random.default_rng(salt(self.point.seed, "redraws"))
        self._sizes: list[Residues] = []  # absolute values of the radicands, as of the last look

    def settle(self) -> None:
        """Raises NoPoint where it gives up; _Stuck, ZeroDivisionError where another chain of primes may help."""
        if self._wrong(len(self.plan.constraints)):
            for count in range(1, len(self.plan.constraints) + 1):
                self._settle(count)

    def _settle(self, count: int) -> None:
        """Meets so many constraints, all but the last being met."""
        wrong = self._wrong(count)
        if not wrong:
            return
        self._refuse_contradictions(count)
        met = [self._step(k) for k in self.plan.constraints[: count - 1]]
        before = self._inputs({step.number: np.ones(step.node.shape, np.bool_) for step in met})
        kind = 0
        while wrong:
            if self._spent.redraws >= self._spent.most or self._spent.work > MOST_WORK:
                raise NoPoint(f"no point at which all roots exist was found in {self._spent.redraws} draws")
            self._spent.redraws += 1
            unmet = self.evaluation.unmet
            kept = self._propose(kind, before)
            try:
                left = self._wrong(count)
            except ZeroDivisionError:
                left = wrong + 1
            if left > wrong:
                self.point.draws.update(kept)
                self.evaluation.unmet = unmet
            if left >= wrong:
                kind = (kind + 1) % len(_PROPOSALS)
            wrong = min(left, wrong)

    def _step(self, number: int) -> Step:
        return self.plan.steps[number]

    def _wrong(self, count: int) -> int:
        """How many entries of the first constraints are no squares when they should be, or squares when not."""
        constraints = self.plan.constraints[:count]
        self._spent.work += sum(_cost(self._step(k)) for k in self.evaluation.below(constraints))
        self.evaluation.unmet = {}
        self._sizes = self.evaluation.run(constraints)
        return sum(int(unmet.sum()) for unmet in self.evaluation.unmet.values())

    def _propose(self, kind: int, before: _Masks) -> _Draws:
        """Draws entries of one input again that feed wrong ones; what was there before.

        before: entries that feed earlier constraints, which are left alone if others will do
        """
        choose, own = _PROPOSALS[kind]
        wrong = {number: unmet for number, unmet in self.evaluation.unmet.items() if unmet.any()}
        masks = self._inputs(wrong)
        apart = {key: mask & ~before[key] if key in before else mask for key, mask in masks.items()}
        if own and any(mask.any() for mask in apart.values()):
            masks = {key: mask for key, mask in apart.items() if mask.any()}
        if not masks:
            raise _Stuck("a constant under a root has no root modulo this prime")
        key = list(masks)[int(self._rng.integers(len(masks)))]
        drawn = self.point.drawn(*key)
        again = choose(self._rng, np.flatnonzero(masks[key]))
        proposed = drawn.copy()
        proposed.reshape(-1)[again] = self._rng.integers(0, self.point.most(key[1]), len(again))
        self.point.draws[key] = proposed
        return {key: drawn}

    def _inputs(self, labels: Mapping[int, NDArray[Any]]) -> _Masks:
        """The largest label that each number of an input feeds, by the input's name and level, where it is not 0."""
        found = {}
        for number, label in feeding(self.plan.steps, labels, {"drawn"}).items():
            name, level = self._step(number).parameter, self._step(number).level
            ties = self.point.ties.get(name)
            if ties is not None:
                numbers = np.zeros(self.point.drawn(name, level).size + 1, label.dtype)
                np.maximum.at(numbers, ties.reshape(-1), label.reshape(-1))
                label = numbers[:-1]
            if label.any():
                found[name, level] = label
        return found

    def _are_multiples(self, i: int, k: int) -> bool:
        """Whether two radicands are a number times one another, at this point and so everywhere.

        Single entries always are: then it is asked whether the number is a fraction of small numbers.
        """
        steps = [self._step(self.plan.constraints[j]) for j in (i, k)]
        a, b = (self._sizes[j].reshape(-1) for j in (i, k))
        if steps[0].level != steps[1].level or a.size != b.size:
            return False
        both = np.flatnonzero((a != 0) & (b != 0))
        if not both.size:
            return False
        field = self.evaluation.field(steps[0])
        ratio = field.multiply(a[both[:1]], field.inverse(b[both[:1]]))
        if not np.array_equal(a, field.reduce(ratio * b)):
            return False
        numerators = field.reduce(ratio * np.arange(1, _SMALL + 1))
        return both.size > 1 or bool((np.minimum(numerators, field.negative(numerators)) <= _SMALL).any())

    def _refuse_contradictions(self, count: int) -> None:
        """Of a number and a multiple of it by no square only one can have a root: only other primes help."""
        last = self.evaluation.unmet[self.plan.constraints[count - 1]].reshape(-1)
        for i in range(count - 1):
            if self._are_multiples(i, count - 1):
                other = self.evaluation.unmet[self.plan.constraints[i]].reshape(-1)
                if (last != other).any():
                    raise _Stuck("numbers under two roots are multiples by no square modulo this prime")

    def shared(self) -> bool:
        """Whether a number of an input feeds more than one entry under a root, multiples of it apart.

        Each entry has a number n; an input feeds one of them only if the largest n and the largest N - n that it feeds
        belong together.
        """
        labels: dict[int, Residues] = {}
        count = 1
        for k, number in enumerate(self.plan.constraints):
            same = next((i for i in range(k) if self._are_multiples(i, k)), None)
            size = self._sizes[k].size
            fresh = np.arange(count, count + size) if same is None else labels[self.plan.constraints[same]]
            labels[number] = fresh.reshape(self._sizes[k].shape)
            count += size if same is None else 0
        largest = self._inputs(labels)
        others = self._inputs({number: count - label for number, label in labels.items()})
        return any(((label != 0) & (label + others[key] != count)).any() for key, label in largest.items())


def _cost(step: Step) -> int:
    return _A_STEP + step.node.size * (_A_LOGARITHM if step.law == "discrete logarithm" else 1)


_Draws = dict[tuple[str, int], Residues]
_Masks = dict[tuple[str, int], NDArray[Any]]


def _all(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places


def _some(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[rng.random(len(places)) < 0.2]


def _one(rng: np.random.Generator, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[[int(rng.integers(len(places)))]]


_PROPOSALS = ((_all, True), (_some, True), (_one, True), (_one, False))
"""Which of the entries that feed a wrong one are drawn again, and whether earlier constraints are left alone."""
