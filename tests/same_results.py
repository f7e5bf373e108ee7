"""Do two JSON reports say the same?  `python tests/same_results.py BEFORE.json AFTER.json` compares what was found.

Verdicts, points and every number of every finding, in their order, and the numbers that are plotted; texts, names of
checks, keys and line numbers may change.  Exit code 1 and the first differences where they are not the same.

    python -m verify all --report json=after.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

QUESTIONS = ("right", "accurate", "safe", "wired")
NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?(?:0x[0-9a-f.]+p[-+]?\d+|\d+\.?\d*(?:e[-+]?\d+)?)", re.IGNORECASE)
SHOWN = 20


def facts(report: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(where it stands, what is said there), as far as it must not change."""
    yield "seed, points", (report["seed"], report["points"])
    for operation in report["operations"]:
        name = operation["name"]
        yield name, operation["operands"]
        for question in QUESTIONS:
            result = operation.get(question)
            if result is None:
                continue
            yield f"{name} {question}", result["verdict"]
            for place, finding in enumerate(result["findings"]):
                where = f"{name} {question} {place}"
                yield where, (finding["verdict"], finding["operand"], finding["point"])
                yield f"{where} numbers", numbers([finding["message"], *_texts(finding["details"])])
        for picture in operation.get("plot_data") or operation.get("portraits") or ():
            for series in picture["series"]:
                yield f"{name} {picture['case']} {series['name']} {series['operand']}", list(series["columns"].values())


def _texts(details: Any) -> Iterator[str]:
    """All texts in nested lists and objects, in their order."""
    if isinstance(details, str):
        yield details
    elif isinstance(details, dict):
        for value in details.values():
            yield from _texts(value)
    elif isinstance(details, list):
        for value in details:
            yield from _texts(value)


def numbers(texts: list[str]) -> list[str]:
    """The numbers in some texts, as they are written."""
    return [found for text in texts for found in NUMBER.findall(text)]


def main(before: str, after: str) -> int:
    """Print the differences; 0 where there are none."""
    old, new = (list(facts(json.loads(Path(path).read_text(encoding="utf-8")))) for path in (before, after))
    different = [f"{a[0]}: {a[1]!r}\n  now {b[0]}: {b[1]!r}" for a, b in zip(old, new, strict=False) if a != b]
    if len(old) != len(new):
        different.append(f"{len(old)} facts before, {len(new)} now")
    print("\n".join(different[:SHOWN]) or f"the same, in {len(old)} facts")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
