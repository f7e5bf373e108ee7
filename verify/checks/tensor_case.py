"""A tensor case: a rule of whole arrays, traced at points, and what its checks share about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import Any

import numpy as np

from backproof.verify.arrays.accuse import Accusation, accused
from backproof.verify.arrays.judge import ENOUGH, Judgement, judged
from backproof.verify.arrays.points import past_margins
from backproof.verify.arrays.replay import differs, unfaithful
from backproof.verify.arrays.traced import Floats, Point, Traced, Unread, upstream
from backproof.verify.checks.table import Check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.tensors.code import Ran
from backproof.verify.subjects.tensors.operation import Place, TensorOperation
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

MOST_PAST = 12  # points beyond comparisons
LARGE = 4_000_000  # entries of all nodes of a program beyond which few points are looked at
LARGEST = 64_000_000  # entries of a node beyond which a program is run on floats only: some of them live at a time
ONE, FEW_DRAWS = 20.0, 300  # bits at each point but the first, and draws of inputs until all roots exist there


@dataclass(frozen=True)
class Look:
    """A rule at one place.

    traced: its program there; refused: why there is none; false: how the program differs from the function
    """

    place: Place
    traced: Traced | None = None
    judgement: Judgement | None = None
    refused: str = ""
    false: str = ""

    @property
    def has_no_choices(self) -> bool:
        """Whether the program is the rule at all points of these shapes: it does not depend on data."""
        return self.told and self.traced is not None and not self.traced.decisions

    @property
    def told(self) -> bool:
        """Whether it says something: a faithful program, judged."""
        return self.traced is not None and not self.false and self.judgement is not None


class TensorCase:
    """A rule of arrays, and everything computed about it so far."""

    def __init__(self, operation: TensorOperation, options: Options) -> None:
        self.operation = operation
        self.options = options
        self.replayed = 0  # further points at which the function is the program of the first

    @property
    def title(self) -> str:
        """The operation's name, and its shapes: softmax (x: 4×8)."""
        return f"{self.operation.name} ({self.operation.case})" if self.operation.case else self.operation.name

    @property
    def derivative(self) -> str:
        """What the rule must be, in words."""
        if not self.operation.code.defined:
            return "the derivative"
        return f"the derivative of its {'surrogate' if self.operation.code.surrogate else 'definition'}"

    def finding(self, check: Check, verdict: Verdict, message: str, of: str = "", **more: Any) -> Finding:
        """A finding about this case; ``of``: the input whose source line is reported, if not that of the operand."""
        return check.finding(self.operation, self.operation.case, verdict, message, of, **more)

    def point(self, place: Place) -> Point:
        """The place with the seed of its upstream gradients."""
        return Point(place.inputs, self.options.seed)

    # ------------------------------------------------------------------------------------------------------- looks

    @cached_property
    def looks(self) -> list[Look]:
        """The rule at the inputs as given, at others, at other sizes, and beyond the comparisons that it makes."""
        seed = self.options.seed
        found: list[Look] = []
        places = self.operation.places(seed)
        first = self.look(next(places), enough=ENOUGH)
        found.append(first)
        if first.traced is None and first.refused.startswith(_UNREAD):
            return found
        large = first.traced is not None and work(first.traced) > LARGE
        for place in (*islice(places, 1 if large else None), *(() if large else self.operation.far(seed))):
            if first.has_no_choices and not self._differs(first, place):
                self.replayed += 1
                continue
            look = self.look(place, beside=not large)
            if place.far and look.false:  # an overflow of the program, or of the function
                continue
            found.append(look)
            if _settled(found[-1]):
                return found
        if not large:
            for place in self.operation.other_sizes(seed):
                look = self.look(place)
                undecided = look.judgement is not None and look.judgement.undecided
                if look.traced is not None and not undecided:  # it may have been written for one size
                    found.append(look)
            found += [look for place in self.operation.of_both_signs(seed) if (look := self.look(place)).told]
        found += self._beyond(found, 2 if large else MOST_PAST)
        return found

    @cached_property
    def accused(self) -> tuple[Look, list[Accusation]] | None:
        """The first place where entries are wrong for sure, and the worst of each gradient; None if there is none.

        A gradient that the rule returned as None is told by the check of the wiring.
        """
        for look in self.looks[: 1 if self.is_approximate else None]:
            if look.told and look.traced is not None and look.judgement is not None and not look.judgement.same:
                found = [one for one in accused(look.traced) if not one.missing]
                if found:
                    return look, found
        return None

    @cached_property
    def is_approximate(self) -> bool:
        """Whether the rule is the derivative at the inputs as given but for its last digits, and no identity.

        An iteration that has converged is such a rule; where it has not, nothing is asked of it.
        """
        first = self.looks[0]
        if not first.told or first.traced is None or first.judgement is None or first.judgement.same:
            return False
        return not first.judgement.undecided and not accused(first.traced)

    def _beyond(self, looks: list[Look], most: int) -> list[Look]:
        """Looks at the other sides of the comparisons."""
        found: list[Look] = []
        for look in looks[:2]:
            if look.traced is None or not look.traced.margins or not look.place.own:
                continue
            for told, values in past_margins(look.traced, self.options.seed, most):
                moved = {name: x for name, x in values.items() if name in self.operation.code.wrt}
                inputs = {**look.place.inputs, **moved}
                if not self.operation.keeps_kind(inputs):
                    continue
                found.append(self.look(Place(told, inputs), beside=False))
                if _settled(found[-1]):
                    return found
        return found

    def _differs(self, first: Look, place: Place) -> bool:
        """Whether the function at another place is not the program of the first."""
        assert first.traced is not None
        there = {name: np.asarray(place.inputs[name], dtype=float) for name in first.traced.inputs}
        same = all(place.inputs[name] is x for name, x in first.place.inputs.items() if name not in there)
        return not same or bool(differs(first.traced, partial(self._real, place), there, first.traced.formats))

    def _real(self, place: Place, values: Mapping[str, Floats]) -> list[Floats | None]:
        ran = self.run_at(place, values)
        return [*ran.outputs, *ran.gradients.values()]

    def look(self, place: Place, *, enough: float = ONE, beside: bool = True) -> Look:
        """One place, traced, compared with the function, and judged."""
        code, point = self.operation.code, self.point(place)
        try:
            traced = code.trace(point)
        except Unread as error:
            return Look(place, refused=f"{_UNREAD}: {error}")
        except (SubjectError, UsageError) as error:
            return Look(place, refused=in_a_line(error) if isinstance(error, SubjectError) else str(error))
        if (largest := max(node.size for node in traced.program.nodes)) > LARGEST:
            size = largest * 8 / 2**30
            return Look(place, refused=f"{_UNREAD}: it makes arrays of {size:.1f} GiB: pass smaller inputs")
        run = partial(self._real, place)
        false = unfaithful(traced, run, self.options.seed, formats=traced.formats, beside=beside)
        draws = None if enough == ENOUGH else FEW_DRAWS
        seed = f"{self.options.seed}|{self.operation.name}|{self.operation.case}|{place.told}"
        return Look(place, traced, judged(traced, seed, enough, draws=draws), false=false)

    @cached_property
    def narrowest(self) -> str:
        """The narrowest format of floats on the way as well, as far as the trace tells."""
        first = self.looks[0]
        return self.run_at(first.place).formats if first.traced is None else first.traced.formats

    def run_at(self, place: Place, values: Mapping[str, Any] | None = None) -> Ran:
        """Forward and rule on floats, with other values of some inputs, and the upstream gradients of the place."""
        inputs = {**place.inputs, **(values or {})}
        return self.operation.code.run(inputs, self.weights(place))

    def weights(self, place: Place) -> list[Floats]:
        """The upstream gradients at a place."""
        outputs = self.operation.code.forward(place.inputs)
        return upstream([np.shape(out) for out in outputs], self.options.seed)


_UNREAD = "not read"


def _settled(look: Look) -> bool:
    """Whether a rule is wrong here by all that is seen: further places would say the same."""
    return look.told and look.judgement is not None and not look.judgement.same and not look.judgement.undecided


def work(traced: Traced) -> int:
    """The number of entries of all nodes of its program."""
    return sum(node.size for node in traced.program.nodes)
