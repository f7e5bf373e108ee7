"""The signs and letters of mathematics in a formula as it is typed, as the formula language has them.

What the printers write is read: α for alpha, ² for a power, · for a product; ^, too.
"""

from __future__ import annotations

LETTERS = {
    **{"·": "*", "×": "*", "^": "**", "²": "**2", "³": "**3", "−": "-", "–": "-", "≥": ">=", "≤": "<=", "≠": "!="},
    **{"π": "pi", "Φ": "normal_cdf", "φ": "normal_pdf", "σ": "sigmoid", "α": "alpha", "λ": "scale", "√": "sqrt"},
}


def in_letters(name: str) -> str:
    """A name as a formula has it: α is alpha."""
    return "".join(LETTERS.get(character, character) for character in name)
