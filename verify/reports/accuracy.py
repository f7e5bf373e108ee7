"""Accuracy as text: the worst point, where the digits break down, and the curve over |x|."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from backproof.verify.accuracy.bounds import unfounded
from backproof.verify.accuracy.boxes import Square, has_bound
from backproof.verify.accuracy.curve import LEVELS, Band, Breakdown
from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.exhaustive import Exhaustive
from backproof.verify.accuracy.formats import rounded_to
from backproof.verify.accuracy.libm import PROFILES
from backproof.verify.accuracy.search import Worst
from backproof.verify.arithmetics.ulps import decimal, hexadecimal
from backproof.verify.results.findings import Finding
from backproof.verify.support.layout import columns, folded, labelled, located, table


def headline(meter: ErrorMeter) -> str:
    """The operation, the location of its rule, and the format it was run in."""
    source = meter.case.operation.source
    return "\n".join(located(f"{meter.case.title} in {meter.fmt.name}", source, source.text, columns()))


def verdict(error: float, budget: float) -> str:
    return "accurate" if error <= budget else "inaccurate"


def worst_lines(meter: ErrorMeter, found: Worst, budget: float) -> Iterator[str]:
    """One operand: the worst error found, with the reference value and the digits left."""
    operand = f" in {meter.inputs[found.operand]}" if len(meter.inputs) > 1 else ""
    worst = found.worst
    if worst is None:
        yield row("worst" + operand, f"0 ULP: nearest float to the derivative at all {found.looked} points")
    else:
        text = f"{ulps(worst.local)} ULP: {verdict(worst.local, budget)}, the budget being {budget:g} ULP"
        yield row("worst" + operand, text)
        yield from evidence(meter, worst)
    if found.ill is not None:
        yield row("ill-cond.", f"{ulps(found.ill.ulps)} ULP of the derivative itself at {shown(meter, found.ill)},")
        text = f"near a root of it: {ulps(found.ill.local)} ULP of its size around, which the budget refers to"
        yield row("", text)
    yield row("searched", f"{found.looked} points")


def evidence(meter: ErrorMeter, worst: Measured) -> Iterator[str]:
    """The point, the rule's result, the reference value, and the digits left."""
    yield row("at", f"{shown(meter, worst)}   ({exact(meter, worst)})")
    yield row("ours", repr(worst.result))
    yield row("expected", f"{decimal(worst.expected)}   (reference)")
    yield row("digits", f"{worst.digits:.1f} of {meter.fmt.digits:.1f} left there")


def special_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """What the rule returns at the infinities and for a NaN."""
    for finding in findings:
        details = dict(finding.details)
        more = f": {details['ours']} instead of {details['expected']}" if finding.noteworthy else ""
        operand = f", in {finding.operand}" if finding.operand else ""
        yield row(finding.verdict.value, f"{finding.message}{operand}{more}")


def exhaustive_lines(meter: ErrorMeter, found: Exhaustive, budget: float) -> Iterator[str]:
    """All inputs of the format."""
    if found.worst is None or found.worst.local == 0:
        yield row("worst", f"0 ULP at all {found.judged:,} inputs at which the error is measured")
    else:
        error = found.worst.local
        yield row("worst", f"{ulps(error)} ULP: {verdict(error, budget)}, the budget being {budget:g} ULP")
        yield from evidence(meter, found.worst)
        yield row("all inputs", f"{found.judged:,} measured, {found.beyond:,} beyond the budget")
    yield from subnormal_lines(meter, found.subnormal, found.worst_subnormal)


def subnormal_lines(meter: ErrorMeter, judged: int, worst: Measured | None) -> Iterator[str]:
    """Subnormal derivatives: no budget applies to them, but a normal number in place of one is wrong."""
    if not judged:
        return
    yield row("subnormal", f"{judged:,} inputs whose derivative is subnormal in the format:")
    if worst is None or worst.local == 0:
        yield row("", "every result is the number nearest to it")
        return
    if math.isinf(worst.local):
        yield row("", f"inaccurate, the result is {worst.result!r} at {shown(meter, worst)}")
        return
    unit = f"the smallest number, {meter.fmt.smallest:.3g}"
    lost = ": inaccurate, off by a normal number" if worst.lost else ""
    yield row("", f"off by at most {ulps(worst.local)} of {unit}, at {shown(meter, worst)}{lost}")


def asked_lines(meter: ErrorMeter, operand: int) -> Iterator[str]:
    """The point that the user requested, rounded to the format."""
    point = tuple(rounded_to(meter.fmt, meter.case.requested_point).tolist())
    if not point:
        return
    inside = all(map(math.isfinite, point)) and point in meter.case.region
    measured = meter.measured(point, operand, subnormal=True) if inside else None
    if measured is None:
        yield row("requested", f"{meter.case.shown(point)}: no derivative there to measure the error against")
    else:
        yield row("requested", f"{ulps(measured.local)} ULP at {shown(meter, measured)}, ours {measured.result!r}")


def breakdown_lines(found: Sequence[Breakdown], worst: Measured | None = None) -> Iterator[str]:
    """Where digits are lost, side by side."""
    if not found:
        text = "none: some digits are left wherever there is a derivative"
        if worst is not None and worst.digits < min(LEVELS[0], worst.fmt.digits / 2):
            text = "no radius beyond which digits are lost, but places where they are; see the curve"
        yield row("breakdown", text)
    sides: dict[int, list[str]] = {}
    for one in found:
        what = f"fewer than {one.digits:g} digits" if one.digits else "no digit"
        sides.setdefault(one.sign, []).append(f"{what:<21} from {one.radius!r}")
    if len(sides) == 2 and sides[-1] == sides[1]:
        sides = {0: sides[1]}
    labels = iter(("breakdown", *[""] * 8))
    for sign, texts in sides.items():
        side = {0: "|x|", 1: "x > 0", -1: "x < 0"}[sign]
        for text in texts:
            yield row(next(labels), f"{text:<45} on, {side}")


def curve_lines(meter: ErrorMeter, bands: Sequence[Band], bounds: Sequence[float] = ()) -> Iterator[str]:
    """The table over |x|: maxima, a line for each stretch of bands that are alike."""
    head = ["|x|", "worst ULP, x < 0", "x > 0", "digits left"]
    known = list(bounds) or [math.inf] * len(bands)
    rows = []
    for group in _alike(list(zip(bands, known, strict=True))):
        below = _worst([band.below for band, _ in group])
        above = _worst([band.above for band, _ in group])
        sides = [m for m in (below, above) if m is not None]
        if not sides:
            continue
        digits = min(m.digits for m in sides)
        line = [f"{_mark(group[0][0].low)} to {_mark(group[-1][0].high)}", _cell(below), _cell(above), f"{digits:.1f}"]
        if bounds:
            limits = [bound for band, bound in group if band.worst is not None]
            line.append(_bound(max(limits, default=math.inf), meter))
        rows.append(line)
    if bounds:
        head.append("sound bound")
    align = ("left", *("right",) * (len(head) - 1))
    yield table(rows, head, columns(), align=align)
    if bounds:
        yield from sound_lines(meter)


def sound_lines(meter: ErrorMeter, *, refuted: bool = False) -> Iterator[str]:
    """What the bounds rest on, or why there are none."""
    if why := unfounded(meter.case):
        yield f"sound bound: none, because it requires a proof: {why}"
        return
    if refuted:
        yield "sound bound: none, errors above it were observed: the rule differs on floats from the rule on symbols,"
        yield "  or its functions are not those that the bound assumes"
        return
    profile = PROFILES[meter.fmt.name]
    yield "\n".join(folded(f"sound bound: as sound as the largest known errors of {profile.name},", columns(), hang=2))
    yield "\n".join(folded(f"  {profile.source}", columns(), hang=2))


def box_lines(meter: ErrorMeter, found: Sequence[Square]) -> Iterator[str]:
    """The table over |x| and |y|, a line for each operand's derivative: the worst error found, and the bound."""
    names = meter.inputs
    head = [*(f"|{name}|" for name in names), "derivative in", "worst ULP", "sound bound"]
    rows = []
    for one in found:
        none = "none: a root" if one.root else "none"
        bound = ulps(one.bound) if has_bound(one, meter) else none
        ranges = [f"{_mark(low)} to {_mark(high)}" for low, high in one.sizes]
        rows.append([*ranges, names[one.operand], _cell(one.worst), bound])
    align = ("left",) * (len(names) + 1) + ("right", "right")
    yield table(rows, head, columns(), align=align)
    yield from sound_lines(meter)


def _alike(bands: list[tuple[Band, float]]) -> Iterator[list[tuple[Band, float]]]:
    """Neighbours of the same order of magnitude on both sides, together."""
    group: list[tuple[Band, float]] = []
    for band in bands:
        if group and _order(group[-1][0]) != _order(band[0]):
            yield group
            group = []
        group.append(band)
    if group:
        yield group


def _order(band: Band) -> tuple[int, ...]:
    """Nothing, up to 1, 2, 4 ... 16 ULP, powers of ten beyond, everything lost: by side."""
    return tuple(map(_order_of, (band.below, band.above)))


def _order_of(measured: Measured | None) -> int:
    if measured is None:
        return -1
    if measured.lost:
        return 99
    if measured.local > 16:
        return 4 + math.ceil(math.log10(measured.local))
    return math.ceil(math.log2(max(1.0, measured.local)))


def _worst(found: Sequence[Measured | None]) -> Measured | None:
    return max((m for m in found if m is not None), key=lambda m: m.local, default=None)


def _cell(measured: Measured | None) -> str:
    return "" if measured is None else ulps(measured.local)


def _bound(bound: float, meter: ErrorMeter) -> str:
    return ulps(bound) if bound < 2.0 ** (meter.fmt.precision + 1) else "none"


def _mark(x: float) -> str:
    """2^-10, 0.5, 16, 1.8e308: short, and exact for a power of two."""
    if 0 < x < 0.1 and math.frexp(x)[0] == 0.5:
        return f"2^{math.frexp(x)[1] - 1}"
    return f"{x:.7g}"


def shown(meter: ErrorMeter, measured: Measured) -> str:
    """The point for a reader."""
    return meter.case.shown(measured.point)


def exact(meter: ErrorMeter, measured: Measured) -> str:
    """The point for a machine."""
    return ", ".join(f"{n} = {hexadecimal(v)}" for n, v in zip(meter.inputs, measured.point, strict=True))


def ulps(error: float) -> str:
    """An error to two digits or so."""
    return f"{error:.2f}" if error < 100 else f"{error:.0f}" if error < 1e5 else f"{error:.1e}"


def row(label: str, text: str) -> str:
    """A label and its text, in the available columns."""
    return "\n".join(labelled(label, text, columns()))
