"""Reports for the tests of the renderers: one of our engine, one with every verdict, a hostile one, a large one."""

from dataclasses import replace
from functools import cache

from backproof.verify.config.options import Options
from backproof.verify.results.findings import Answer, Finding, Known, Question, Source, Verdict
from backproof.verify.results.report import Kink, OperationReport, PlotData, Report, Series
from backproof.verify.run.harness import verify
from backproof.verify.subjects.engines.own import own_engine

LINE = Source("engine/value.py", 121, "self.grad += (1 + out.data**2) * out.grad")
BY_QUESTION = {
    Question.RIGHT: (
        Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED, Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.STOPPED
    ),
    Question.ACCURATE: (Verdict.ACCURATE, Verdict.INACCURATE, Verdict.INCONCLUSIVE, Verdict.STOPPED),
    Question.SAFE: (Verdict.SAFE, Verdict.FRAGILE, Verdict.UNSAFE, Verdict.INCONCLUSIVE, Verdict.STOPPED),
    Question.WIRED: (Verdict.WIRED, Verdict.MISWIRED, Verdict.INCONCLUSIVE, Verdict.STOPPED),
}
NASTY = (
    "a<b>&\"quoted\" 'single' ]]> --> </script><script>alert(1)</script> `tick` ```` | pipe \\ *star* _low_ %25 @all "
    "::error:: \n# heading\n\r\t \x00\x01\x08\x0b\x1b[31m\x7f\x85\xa0 \u202eright to left\u202c \u2066iso\u2069 "
    "\u200b\u2028 \ud800 lone \udfff \ufffe\uffff 𝑥 é 漢 \ufeff"
)


def finding(op, question, verdict, **more):
    more = {"check": "proof", "message": "the rule is not the derivative", "source": LINE} | more
    return Finding(op, question, verdict, **more)


def operation(name, verdicts, operands=("x",), **more):
    """An operation with one finding a question, each with the verdict of that name."""
    answers = {}
    for question, verdict in zip(Question, verdicts, strict=True):
        details = (("ours", "1 + out**2 = 1.365259   at x = 7/10"), ("rerun", f"python -m verify {name}"))
        found = finding(name, question, verdict, details=details, point={"x": "0x1.6666666666666p-1"})
        answers[question] = Answer(question, (found,))
    more = {"rule": ("1 + out**2",) * len(operands), "source": LINE, "plot_data": (plot_data(operands),)} | more
    return OperationReport(name, answers=answers, operands=operands, **more)


def plot_data(operands=("x",), case=""):
    series = tuple(
        s
        for operand in operands
        for s in (
            Series(
                "slice", operand, "", {
                    "x": ("-1.0", "0.5", "1.5"), "rule": ("1.0", "2.5", "-3.0"),
                    "reference": ("1.0", "2.0", "3.0"), "error": ("0.0", "inf", "4e+15"),
                }, ("0.0",),
            ),
            Series("range", operand, "", {"x": ("-1e+300", "5e-324", "1e+300"), "error": ("0.5", "0.0", "12.0")}),
            Series("steps", operand, f"{operand} = 0.7", {"h": ("0.5", "0.25"), "error": ("0.1", "0.0")}),
        )
    )
    kink = Kink("x = 0", ("0",) * len(operands))
    return PlotData(case, "tanh(x)", ("1 - tanh(x)**2",) * len(operands), "x > -1", (kink,), "cell 1: ...", series)


GOOD = (Verdict.PROVED, Verdict.ACCURATE, Verdict.SAFE, Verdict.WIRED)


def every_verdict():
    """Every verdict under every question, an operation each."""
    operations = [operation("good", GOOD), operation("two", GOOD, ("x", "y"))]
    for place, question in enumerate(Question):
        for verdict in BY_QUESTION[question][1:]:
            verdicts = list(GOOD)
            verdicts[place] = verdict
            operations.append(operation(f"{question.value}_{verdict.value}", verdicts))
    return Report("engine.value:Value", 0, 100, tuple(operations))


def decided():
    """The same without what a limit stopped, which no baseline accepts."""
    whole = every_verdict()
    return replace(whole, operations=tuple(o for o in whole.operations if not o.name.endswith("_stopped")))


def hostile():
    """Names, messages, labels and formulas that every format has a way to trip over."""
    bad = operation(NASTY, (Verdict.REFUTED, Verdict.INACCURATE, Verdict.UNSAFE, Verdict.MISWIRED))
    answers = {
        q: Answer(q, tuple(
            replace(f, message=NASTY, case=NASTY, check=NASTY, operand="", details=((NASTY, NASTY),),
                    point={NASTY: NASTY}, source=Source(NASTY, 3, NASTY))
            for f in a.findings
        ))
        for q, a in bad.answers.items()
    }
    shown = replace(plot_data(), case=NASTY, definition=NASTY, partials=(NASTY,), domain=NASTY, proof=NASTY,
                    kinks=(Kink(NASTY, (NASTY,)),))
    bad = replace(bad, answers=answers, rule=(NASTY,), source=Source(NASTY, 0, NASTY), command=NASTY,
                  plot_data=(shown,))
    known = Known(NASTY, "right", NASTY, NASTY, NASTY, "refuted", NASTY)
    return Report(NASTY, 0, 100, (bad, operation("good", GOOD)), stale=(known,), missing=(NASTY,), complete=False)


def large(count=1000):
    """A report of very many operations with full plots, one in ten of them failing."""
    series = tuple(map(_stretched, plot_data().series))
    shown = (replace(plot_data(), series=series),)
    bad = (Verdict.REFUTED, Verdict.INACCURATE, Verdict.SAFE, Verdict.WIRED)
    return Report(
        "generated", 0, 1000,
        tuple(operation(f"op{i:04}", GOOD if i % 10 else bad, plot_data=shown) for i in range(count)),
    )  # fmt: skip


def _stretched(series, count=200):
    """The series with as many points as a real one."""
    columns = {name: tuple(repr(0.37 * (i + 1)) for i in range(count)) for name in series.columns}
    return replace(series, columns=columns)


def empty():
    """Interrupted before anything was known."""
    return Report("engine.value:Value", 0, 100, (), complete=False, missing=("add", "tanh"))


@cache
def ours():
    """Some operations of our engine, verified at a few points, with formulas and plots."""
    options = Options(points=40, plot_data=True, plots=True, jobs=2)
    return verify(own_engine(), ["tanh", "max", "relu", "atan2", "elu", "log"], options)


SAMPLES = {"every verdict": every_verdict, "hostile": hostile, "empty": empty, "ours": ours}
