"""README's table of operations, from the engine's docstrings and the mirror.

python tests/readme_table.py        writes it into README.md
"""

from __future__ import annotations

import re
from inspect import getdoc
from pathlib import Path
from typing import Any

from sympy import And, Ne, true

from backproof.engine import OPS, Value
from backproof.verify.mirror.table import MIRROR, Kink, Spec

README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- operations: written by `python tests/readme_table.py` -->\n"
END = "<!-- end of operations -->\n"
SPELLED = {
    **{"add": "x + y", "sub": "x - y", "mul": "x * y", "div": "x / y", "neg": "-x", "abs": "abs(x)"},
    **{"power": "x ** n", "pow": "x ** y"},
}


def table() -> str:
    """The table in Markdown, one line an operation, in the order of the mirror."""
    header = ("write", "value", "partial derivatives", "domain", "kinks: derivative returned")
    rows = [header, *(cells(name) for name in MIRROR if name in OPS)]
    wide = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = ["| " + " | ".join(map(str.ljust, row, wide)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in wide) + "|")
    return "\n".join(lines) + "\n"


def cells(name: str) -> tuple[str, ...]:
    """One operation's line."""
    value, _, partials = (getdoc(getattr(Value, OPS[name])) or "").splitlines()[0].partition("  ->  ")
    rows = MIRROR.get(name, ())
    binary = any(len(row.inputs) == 2 for row in rows)
    call = SPELLED.get(name, f"x.{name}({'y' if binary else ''})")
    domains, kinks = [_domain(row.domain) for row in rows], [_kinks(row) for row in rows]
    return f"`{call}`", f"`{value}`", f"`{partials}`", _one(rows, domains), _one(rows, kinks)


def _one(rows: tuple[Spec, ...], texts: list[str]) -> str:
    """The text that all rows share, or the several with the constants they belong to."""
    if len(set(texts)) <= 1:
        return texts[0] if texts else ""
    cases: dict[str, list[str]] = {}
    for row, text in zip(rows, texts, strict=True):
        cases.setdefault(text, []).append(row.case.split(" = ")[1])
    symbol = rows[0].constants[0][0]
    return "; ".join(f"{text} for {symbol} = {', '.join(which)}" for text, which in cases.items() if text)


def _domain(domain: Any) -> str:
    if domain == true:
        return ""
    if isinstance(domain, And):
        return " and ".join(sorted(map(_domain, domain.args), key=lambda text: (">" not in text, text)))
    return f"{domain.lhs} ≠ {domain.rhs}" if isinstance(domain, Ne) else str(domain)


def _kinks(row: Spec) -> str:
    return "; ".join(f"{_place(kink)}: {', '.join(map(_number, kink.returns))}" for kink in row.kinks)


def _number(x: Any) -> str:
    """An exact number, or six digits of one that takes a line to write."""
    return str(x) if len(str(x)) <= 8 else f"{float(x):.6f}…"


def _place(kink: Kink) -> str:
    """``x = 6`` for a kink at x - 6, ``x = y`` for a tie."""
    told = []
    for expression in kink.at:
        symbol = min(expression.free_symbols, key=str)
        told.append(f"{symbol} = {symbol - expression / expression.coeff(symbol)}")
    return ", ".join(told)


def current(readme: str) -> str:
    """The table that stands in README's text."""
    found = re.search(re.escape(BEGIN) + "(.*?)" + re.escape(END), readme, re.DOTALL)
    if found is None:
        raise SystemExit(f"README.md has no place for the table: put these two lines there\n{BEGIN}{END}")
    return found[1].strip("\n") + "\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    current(text)
    README.write_text(before + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2], encoding="utf-8")
