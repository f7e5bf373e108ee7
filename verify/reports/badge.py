"""A badge: how many operations are verified, for a shields.io endpoint or as an image of its own."""

from __future__ import annotations

from xml.sax.saxutils import escape

from backproof.verify.results.report import Report
from backproof.verify.support.escape import as_json

LABEL = "derivatives"
COLOURS = {"brightgreen": "#2e7d32", "red": "#b3261e", "lightgrey": "#5f6368"}  # white text on them: 5:1 at least
WIDTH = 7  # pixels a character, on average, of Verdana 11

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {message}">
  <title>{label}: {message}</title>
  <rect width="{width}" height="20" rx="3" fill="#444"/>
  <path d="M{left} 0h{right_less}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right_less}z" fill="{colour}"/>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="{middle_left}" y="14" textLength="{text_left}">{label}</text>
    <text x="{middle_right}" y="14" textLength="{text_right}">{message}</text>
  </g>
</svg>
"""


def render(report: Report) -> str:
    """For https://shields.io/endpoint."""
    message, colour = _says(report)
    return as_json({"schemaVersion": 1, "label": LABEL, "message": message, "color": colour})


def render_svg(report: Report) -> str:
    """The same as an image that needs no network."""
    message, colour = _says(report)
    text_left, text_right = len(LABEL) * WIDTH, len(message) * WIDTH
    left, right = text_left + 10, text_right + 10
    return _SVG.format(
        width=left + right, left=left, right_less=right - 3, colour=COLOURS[colour],
        label=escape(LABEL), message=escape(message), text_left=text_left, text_right=text_right,
        middle_left=f"{left / 2:g}", middle_right=f"{left + right / 2:g}",
    )  # fmt: skip


def _says(report: Report) -> tuple[str, str]:
    """The message, and the colour by shields' names."""
    total = len(report.operations) + len(report.missing)
    verified = len(report.operations) - len(report.failing)
    if not report.complete:
        return f"{verified}/{total} interrupted", "lightgrey"
    stale = f", {len(report.stale)} stale" if report.stale else ""
    return f"{verified}/{total}{stale}", "brightgreen" if report.ok else "red"
