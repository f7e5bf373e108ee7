"""A derivative as the code of a rule, to paste in place of the one that loses its digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from backproof.verify.terms.term import Term, topological

_INFIX = {"add": (" + ", 4, 4), "sub": (" - ", 4, 5), "mul": (" * ", 5, 6), "div": (" / ", 5, 6)}
_DATA = {"x": "self.data", "y": "other.data"}
_TARGET = {"x": "self", "y": "other"}
_LETTERS = "abcdefghijklnopqrstuvwz"  # without m, x and y, which are in use


def method_body(partials: Sequence[Term], inputs: Sequence[str]) -> str:
    """The lines that go before and into `_backward`, for an engine whose rules are written as in backproof's."""
    names, before = _named(partials)
    data = ", ".join(inputs), ", ".join(f"m.finite({_DATA[name]})" for name in inputs)
    lines = [f"{data[0]} = {data[1]}", *before, "", "def _backward() -> None:"]
    for name, partial in zip(inputs, partials, strict=True):
        code, strength = _code(partial, names)
        code = f"({code})" if strength < 5 else code
        lines.append(f"    {_TARGET[name]}.grad += {code} * out.grad")
    return "\n".join(lines)


def function_source(name: str, partials: Sequence[Term], inputs: Sequence[str]) -> str:
    """The partial derivatives as a function of an arithmetic and the operands."""
    names, before = _named(partials)
    answers = "".join(f"{_code(partial, names)[0]}, " for partial in partials)
    lines = [*before, f"return ({answers.rstrip()})"]
    return f"def {name}(m, {', '.join(inputs)}):\n" + "".join(f"    {line}\n" for line in lines)


def _named(partials: Sequence[Term]) -> tuple[dict[Term, str], list[str]]:
    """Names for subexpressions that are used more than once, in the order in which they are needed."""
    uses: Counter[Term] = Counter()
    nodes = topological(*partials)
    for node in nodes:
        uses.update(node.args)
    names: dict[Term, str] = {}
    lines = []
    letters = iter([*_LETTERS, *(f"t{k}" for k in range(1000))])
    for node in nodes:
        if uses[node] > 1 and node.args and not _short(node):
            code, _ = _code(node, names)
            names[node] = next(letters)
            lines.append(f"{names[node]} = {code}")
    return names, lines


def _short(node: Term) -> bool:
    """-x, abs(x), h + 1: too small for a name."""
    return node.op in ("neg", "abs") and not node.args[0].args


def _code(node: Term, names: Mapping[Term, str]) -> tuple[str, int]:
    """The expression, and the precedence of its outermost operator."""
    if node in names:
        return names[node], 9
    match node.op:
        case "const":
            return _number(node.value)
        case "symbol":
            return str(node.value), 9
        case "pi":
            return "m.pi", 9
        case "neg":
            return f"-{_within(node.args[0], names, 6)}", 5
        case "abs":
            return f"abs({_code(node.args[0], names)[0]})", 9
        case op if op in _INFIX:
            sign, strength, right = _INFIX[op]
            return f"{_within(node.args[0], names, strength)}{sign}{_within(node.args[1], names, right)}", strength
        case "and":
            return " * ".join(_within(a, names, 5) for a in node.args), 5
        case op:
            return f"m.{op}({', '.join(_code(a, names)[0] for a in node.args)})", 9


def _within(node: Term, names: Mapping[Term, str], strength: int) -> str:
    code, own = _code(node, names)
    return code if own >= strength else f"({code})"


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value), 9 if value >= 0 else 5
    return f"m.ratio({value.numerator}, {value.denominator})", 9
