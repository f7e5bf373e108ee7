"""The report as web pages that open from disk: no network, no script but the table's own, nothing lost without it.

A folder has index.html and a page an operation; one file has the operations below the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from backproof.verify.reports.failures import failures, moment, worst_first
from backproof.verify.reports.operation_page import block, sections, state
from backproof.verify.reports.text import closing
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport, Report
from backproof.verify.support.escape import on_a_line
from backproof.verify.support.version import version

INDEX, STYLE, SCRIPT = "index.html", "style.css", "table.js"
_RANK = {verdict: place for place, verdict in enumerate(Verdict)}
Links = Callable[[OperationReport], str]


def pages(report: Report) -> dict[str, str]:
    """The files of the folder."""
    names = file_names(report)
    style = f'<link rel="stylesheet" href="{STYLE}">'
    found = {STYLE: asset("page.css"), SCRIPT: asset("page.js")}
    for place, operation in enumerate(report.operations):
        around = _around(report, names, place)
        content = "".join(sections(operation, report))
        body = f'{around}<main id="main"><h1>{_shown(operation.name)}</h1>{content}</main>'
        title = f"{on_a_line(operation.name)}: {_outcome(report, operation)}"
        found[names[operation.name]] = _page(title, style, body)
    body = "".join(_index(report, lambda operation: names[operation.name]))
    script = f'<script src="{SCRIPT}"></script>'
    return {**found, INDEX: _page(_title(report), style, body + script)}


def render(report: Report) -> str:
    """Everything in one file."""
    names = {name: file.removesuffix(".html") for name, file in file_names(report).items()}
    body = "".join(_index(report, lambda operation: f"#{names[operation.name]}", _sections(report, names)))
    script = f"<script>{asset('page.js')}</script>"
    return _page(_title(report), f"<style>{asset('page.css')}</style>", body + script)


def file_names(report: Report) -> dict[str, str]:
    """Each operation's page: its name where that is safe in a path and a URL, else as much of it, and a hash."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for operation in report.operations:
        plain = re.sub(r"[^A-Za-z0-9_]+", "-", operation.name)[:60]
        if plain != operation.name or plain.lower() in taken:
            plain += "-" + sha256(operation.name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        taken.add(plain.lower())
        found[operation.name] = f"op-{plain}.html"
    return found


@cache
def asset(name: str) -> str:
    """A file beside this one."""
    return (files("backproof.verify.reports") / name).read_text(encoding="utf-8")


def _page(title: str, head: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{head}\n</head>\n<body>\n"
        f'<a class="skip" href="#main">To the content</a>\n{body}\n</body>\n</html>\n'
    )


def _shown(text: str) -> str:
    return escape(on_a_line(text))


def _title(report: Report) -> str:
    if not report.complete:
        return "Derivatives: interrupted"
    if report.only_stopped:
        return "Derivatives: something was stopped by the limits of the machine"
    return "Derivatives: all verified" if report.ok else "Derivatives: something failed"


def _outcome(report: Report, operation: OperationReport) -> str:
    return "verified" if operation.passes(report.strict) else "failed"


def _around(report: Report, names: dict[str, str], place: int) -> str:
    links = [f'<a href="{INDEX}">All operations</a>']
    for word, other in (("Previous", place - 1), ("Next", place + 1)):
        if 0 <= other < len(report.operations):
            name = report.operations[other].name
            links.append(f'<a href="{names[name]}">{word}: {_shown(name)}</a>')
    return f'<nav class="around" aria-label="Operations">{"".join(links)}</nav>'


def _index(report: Report, link: Links, after: str = "") -> Iterator[str]:
    yield f'<main id="main"><h1>{escape(_title(report))}</h1>'
    yield f"<p>{_shown(closing(report, seconds=None, strict=report.strict))}.</p>"
    at = moment()
    when = f", {at:%Y-%m-%d %H:%M} UTC" if at else ""
    yield f'<p class="facts">Subject <code>{_shown(report.subject)}</code>, by backproof {version()}{when}.</p>'
    yield from _notices(report)
    found = worst_first(failures(report))
    if found:
        yield "<h2>What fails</h2>"
        for failure in found:
            heading = f'<a href="{link(failure.operation)}">{_shown(failure.place)}</a>'
            yield f"<h3>{heading}: {escape(failure.finding.verdict.value)}</h3>{block(failure.explain(), 'evidence')}"
    if report.operations:
        yield "<h2>Operations</h2>"
        yield from _table(report, link)
    yield f"{after}</main>"


def _notices(report: Report) -> Iterator[str]:
    if report.missing:
        names = ", ".join(f"<code>{_shown(name)}</code>" for name in report.missing)
        yield f'<p class="notice">The run was interrupted before {names}.</p>'
    for known in report.stale:
        accepted = _shown(known.reason)
        yield (
            f'<p class="notice">Stale in the baseline: {_shown(str(known))} fails no more. '
            f"It was accepted for: {accepted}</p>"
        )


_CONTROLS = """\
<div class="controls" role="search" hidden>
<label>Filter <input type="search" autocomplete="off"></label>
<label>State <select><option value="">all</option><option value="fails">failing</option>\
<option value="warns">with warnings</option><option value="passes">without</option></select></label>
<output aria-live="polite"></output>
</div>
"""


def _table(report: Report, link: Links) -> Iterator[str]:
    questions = list(report.operations[0].answers)
    yield _CONTROLS
    yield '<section class="wide" tabindex="0" aria-label="Table of operations">'
    yield '<table class="operations"><caption>Each operation, its rule as written, and its verdicts</caption>'
    yield "<thead><tr>"
    yield "".join(f'<th scope="col">{head}</th>' for head in ("operation", "rule", *(q.value for q in questions)))
    yield "</tr></thead><tbody>"
    for operation in report.operations:
        states = [state(operation.answers[q], report.strict) for q in questions]
        whole = next((s for s in ("fails", "warns") if s in states), "passes")
        yield f'<tr data-state="{whole}"><th scope="row"><a href="{link(operation)}">{_shown(operation.name)}</a></th>'
        yield f"<td><code>{_shown(' | '.join(operation.rule))}</code></td>"
        for question, mark in zip(questions, states, strict=True):
            verdict = operation.answers[question].verdict
            yield (
                f'<td class="verdict" data-rank="{_RANK[verdict]}">'
                f'<span class="{mark}">{verdict.value}</span></td>'
            )
        yield "</tr>\n"
    yield "</tbody></table></section>"


def _sections(report: Report, names: dict[str, str]) -> str:
    found = []
    for operation in report.operations:
        heading = f"<h2>{_shown(operation.name)}</h2>"
        body = "".join(sections(operation, report, level=3))
        found.append(f'<section class="operation" id="{names[operation.name]}">{heading}{body}</section>')
    return "".join(found)
