"""One operation on a page: its verdicts, its formulas, the findings of each check, plots, and the proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

from backproof.verify.reports.formula import formula
from backproof.verify.reports.plots import figures
from backproof.verify.results.findings import Answer, Finding, Question
from backproof.verify.results.report import OperationReport, PlotData, Report
from backproof.verify.support.escape import on_a_line, visible

ASKED = {
    Question.RIGHT: "Right? The rule is the derivative, everywhere in the domain",
    Question.ACCURATE: "Accurate? In floats it keeps its digits",
    Question.SAFE: "Safe? It returns valid gradients at kinks, at edges and where floats overflow",
    Question.WIRED: "Wired? It passes gradients on correctly",
}

_NARROW = 20  # characters of a formula that fit anywhere


def sections(operation: OperationReport, report: Report, level: int = 2) -> Iterator[str]:
    """The page's content, its headings beginning at ``level``."""
    yield f'<p class="facts"><code>{_shown(str(operation.source))}</code></p>'
    if operation.source.text:
        yield block(operation.source.text, f"the rule of {operation.name}")
    yield from _formulas(operation, level)
    yield f"<h{level}>Verdicts</h{level}>"
    for question, answer in operation.answers.items():
        yield from _answer(question, answer, report.strict, level + 1, operation.name)
    yield from _plots(operation, level)
    yield from _proofs(operation, level)
    yield f"<h{level}>Again</h{level}>"
    yield block(f"{operation.command} --seed {report.seed}", f"the command for {operation.name}")


def _formulas(operation: OperationReport, level: int) -> Iterator[str]:
    yield f"<h{level}>Formulas</h{level}>"
    yield '<dl class="formulas">'
    for operand, rule in zip(operation.operands, operation.rule, strict=False):
        yield _entry(f"rule for {operand}", formula(rule))
    yield "</dl>"
    for plot_data in operation.plot_data:
        if plot_data.case:
            yield f"<h{level + 1}>{_shown(plot_data.case)}</h{level + 1}>"
        yield '<dl class="formulas">'
        yield _entry("definition", formula(plot_data.definition))
        for operand, partial in zip(operation.operands, plot_data.partials, strict=False):
            yield _entry(f"derivative in {operand}", formula(partial))
        yield _entry("domain", formula(plot_data.domain) if plot_data.domain else "all real numbers")
        for kink in plot_data.kinks:
            answers = ", ".join(map(formula, kink.returns))
            yield _entry("kink", f"{_where(kink.where)}, where the rule returns {answers}")
        yield "</dl>"


def _where(where: str) -> str:
    """``x = 0 and y = 0``: relations, which `=` makes no formula of Python's."""
    return " and ".join(formula(part.replace(" = ", " == ")) for part in where.split(" and "))


def _entry(term: str, description: str) -> str:
    """A term and its description; what may be too wide for a phone scrolls, and then must be reachable by keyboard."""
    wide = ' tabindex="0"' if len(unescape(re.sub("<[^>]*>", "", description))) > _NARROW else ""
    return f"<dt>{_shown(term)}</dt><dd{wide}>{description}</dd>"


def _answer(question: Question, answer: Answer, strict: bool, level: int, name: str) -> Iterator[str]:
    verdict = f'<span class="{state(answer, strict)}">{answer.verdict.value}</span>'
    yield f"<h{level}>{escape(ASKED[question])}: {verdict}</h{level}>"
    yield '<ul class="found">'
    for finding in answer.findings:
        yield f"<li>{_found(finding, name)}</li>"
    yield "</ul>"


def _found(finding: Finding, name: str) -> str:
    operand = f"{finding.operand}: " if finding.operand else ""
    case = f" ({finding.case})" if finding.case else ""
    mark = "fails" if finding.fails else "warns" if finding.warns else "passes"
    mark = "accepted" if finding.accepted else mark if mark == "fails" else ""
    said = f'<span class="{mark}">{finding.verdict.value}</span>' if mark else finding.verdict.value
    line = f'{said} <span class="check">by {_shown(finding.check)}:</span> {_shown(operand + finding.message + case)}'
    if finding.accepted:
        line += f"<br>accepted: {_shown(finding.accepted)}"
    if finding.details:
        width = max(len(label) for label, _ in finding.details)
        text = "\n".join(_aligned(label, text, width) for label, text in finding.details)
        line += block(text, f"evidence: {finding.check} of {name}")
    return line


def _aligned(label: str, text: str, width: int) -> str:
    first, *more = text.splitlines() or [""]
    return "\n".join([f"{label:<{width}}  {first}", *(f"{'':<{width}}  {line}" for line in more)])


def _plots(operation: OperationReport, level: int) -> Iterator[str]:
    drawn = False
    for plot_data in operation.plot_data:
        plots = "".join(figure for series in plot_data.series for figure in figures(series))
        if not plots:
            continue
        if not drawn:
            yield f"<h{level}>Plots</h{level}>"
            yield "<p>A dotted line across marks half an ULP, the error of a correctly rounded result.</p>"
            drawn = True
        if plot_data.case:
            yield f"<h{level + 1}>{_shown(plot_data.case)}</h{level + 1}>"
        yield f'<div class="plots">{plots}</div>'


def _proofs(operation: OperationReport, level: int) -> Iterator[str]:
    explain: list[PlotData] = [plot_data for plot_data in operation.plot_data if plot_data.proof]
    if explain:
        yield f"<h{level}>Proof</h{level}>"
    for plot_data in explain:
        label = f"The proof for {plot_data.case}" if plot_data.case else "The proof"
        proof = block(plot_data.proof, f"{label}, {operation.name}")
        yield f"<details><summary>{_shown(label)}</summary>{proof}</details>"


def _shown(text: str) -> str:
    return escape(on_a_line(text))


def block(text: str, label: str) -> str:
    """Preformatted text; it scrolls, so it must be reachable by keyboard."""
    return f'<pre tabindex="0" role="group" aria-label="{_shown(label)}">{escape(visible(text))}</pre>'


def state(answer: Answer, strict: bool) -> str:
    """The mark of an answer: fails, accepted, warns or passes."""
    if answer.fails(strict):
        return "fails"
    if answer.failing or (strict and answer.warning):
        return "accepted"
    return "warns" if answer.warning else "passes"
