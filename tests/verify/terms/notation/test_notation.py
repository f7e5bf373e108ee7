"""One notation in five formats: brackets where they are needed, well-formed text, and code that parses back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest
from flint import arb

from backproof.derivations.steps.worked_forms import WORKED_FORMS
from backproof.engine.value import OPS, Value
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.mirror.table import SPECS
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.notation.code import CODE, Code, written
from backproof.verify.terms.notation.latex import LATEX
from backproof.verify.terms.notation.mathml import MATHML, element
from backproof.verify.terms.notation.names import FUNCTIONS
from backproof.verify.terms.notation.plain import ASCII, UNICODE
from backproof.verify.terms.notation.structure import QUOTIENT, Spelled
from backproof.verify.terms.ops import BINARY, PARAMETRIC, SPECIAL, UNARY
from backproof.verify.terms.parser import expression
from backproof.verify.terms.term import (
    Condition,
    Term,
    apply,
    compare,
    constant,
    symbol,
    symbols_of,
    term,
    where,
)

CORE = {  # element: how many children it has; None for any number
    **dict.fromkeys(("mrow", "msqrt", "mtable", "mtr", "mtd", "math"), None),
    **dict.fromkeys(("mi", "mn", "mo", "mtext", "mspace"), 0),
    **dict.fromkeys(("mfrac", "msup", "msub", "mroot"), 2),
}
LANGUAGE = {*UNARY, *SPECIAL, *PARAMETRIC, *BINARY, "where"}
x, y, n = map(symbol, "xyn")


def f(op: str, *args: object) -> Term:
    return apply(op, *args)


def definitions_and_rules() -> Iterator[Term]:
    """Of every operation of the engine: the mirror's form, the worked form, and the rule's trace."""
    for spec in SPECS:
        yield from map(from_sympy, (spec.definition, *spec.partials))
        yield condition_from_sympy(spec.domain)
        operands = [Value(symbol(name)) for name in spec.inputs]
        for operand in operands:
            operand.grad = symbol("before")
        out = getattr(Value, OPS[spec.op])(*operands, *(int(v) if v == int(v) else float(v) for v in spec.values))
        out.grad = symbol("g")
        out._backward()
        yield term(out.data)
        yield from (term(operand.grad) for operand in operands)
    for worked_form in WORKED_FORMS.values():
        yield worked_form.definition
        yield from (way.term for ways in worked_form.closings.values() for way in ways)


def each_function() -> Iterator[Term]:
    yield from (f(op, x / (1 + y)) for op in (*UNARY, *SPECIAL))
    yield from (f(op, x / y, -x) for op in BINARY)
    yield from (f(op, *(n, x, y)[:arity]) for op, arity in PARAMETRIC.items())
    yield from (f(op, x) for op in FUNCTIONS if op not in (*UNARY, *SPECIAL, *BINARY))


def hard_ones() -> Iterator[Term]:
    yield from ((x / y) / (y / x), 1 / (1 + 1 / (1 + 1 / x)), f("atan2", x / y, -y) ** 2)
    yield f("erf", x / f("sqrt", 2)) / 2
    yield f("maximum", f("maximum", x, 0), f("minimum", y, 6))
    yield from (where(x > 0, x, where(x < -1, 1 / x, y)), where((x > 0) & ((y > 0) | ~(x < y)), 1, 0) * x)
    yield from ((-x) ** n**y, f("D", x / y, x) ** 2 / f("D", x, y), f("exp", f("exp", -x / y)))
    yield from (constant(v) * x for v in (-0.1, 1e300, Fraction(-3, 7), math.inf, -math.inf, math.nan, 2**5000))
    yield symbol("x_1'") * symbol("learning_rate") * symbol("<&>")


@pytest.fixture(scope="module")
def terms() -> list[Term]:
    return list(dict.fromkeys([*definitions_and_rules(), *each_function(), *hard_ones()]))


def read_aloud(text: str) -> str:
    """The content of MathML, from left to right; parts above or below, and a fraction, in braces."""
    return _aloud(ElementTree.fromstring(f"<math>{text}</math>"))


def _aloud(node: ElementTree.Element) -> str:
    parts = [_aloud(child) for child in node]
    if node.tag in ("mfrac", "msup", "msub", "mroot"):
        sign = {"mfrac": "/", "msup": "^", "msub": "_", "mroot": "√"}[node.tag]
        return f"{{{parts[0]}{sign}{parts[1]}}}"
    words = (node.text or "").replace("\xa0", " ").replace("\u2061", "").replace("\u2062", "")
    return f"√{{{''.join(parts)}}}" if node.tag == "msqrt" else words + "".join(parts)


@pytest.mark.parametrize(
    ("formula", "code", "text", "latex", "mathml"),
    [
        ((x / y) ** 2, "(x/y)**2", "(x/y)²", r"{\left(\frac{x}{y}\right)}^{2}", "{({x/y})^2}"),
        ((-x) ** 2, "(-x)**2", "(-x)²", "{(-x)}^{2}", "{(−x)^2}"),
        (-(x**2), "-x**2", "-x²", "-{x}^{2}", "−{x^2}"),
        (x**y**n, "x**y**n", "x^(y^n)", "{x}^{{y}^{n}}", "{x^{y^n}}"),
        ((x**y) ** n, "(x**y)**n", "(x^y)^n", "{({x}^{y})}^{n}", "{({x^y})^n}"),
        (x - (y - n), "x - (y - n)", "x - (y - n)", "x - (y - n)", "x−(y−n)"),
        (x + (-y), "x + (-y)", "x + (-y)", "x + (-y)", "x+(−y)"),
        ((-x) * y, "-x*y", "-x·y", r"-x \cdot y", "−x⋅y"),
        (x * (y / n), "x*(y/n)", "x·(y/n)", r"x \cdot \frac{y}{n}", "x⋅{y/n}"),
        (x / (y * n), "x/(y*n)", "x/(y·n)", r"\frac{x}{y \cdot n}", "{x/y⋅n}"),
        (x / y / n, "x/y/n", "x/y/n", r"\frac{\frac{x}{y}}{n}", "{{x/y}/n}"),
        (2 * x, "2*x", "2·x", "2 x", "2x"),
        (2 * constant(3) ** x, "2*3**x", "2·3^x", r"2 \cdot {3}^{x}", "2⋅{3^x}"),
        (x ** constant(-1), "x**(-1)", "x⁻¹", "{x}^{-1}", "{x^−1}"),
        (x ** (n / 2), "x**(n/2)", "x^(n/2)", r"{x}^{\frac{n}{2}}", "{x^n/2}"),
        (f("exp", -x / (1 + y)), "exp(-x/(1 + y))", "e^(-x/(1 + y))", r"e^{-\frac{x}{1 + y}}", "{e^−x/(1+y)}"),
        (abs(x / y), "abs(x/y)", "|x/y|", r"\left|\frac{x}{y}\right|", "|{x/y}|"),
        (f("floor", x), "floor(x)", "⌊x⌋", r"\left\lfloor x\right\rfloor", "⌊x⌋"),
        (f("ceil", x), "ceil(x)", "⌈x⌉", r"\left\lceil x\right\rceil", "⌈x⌉"),
        (f("sqrt", x) ** 2, "sqrt(x)**2", "√x²", r"{\sqrt{x}}^{2}", "{√{x}^2}"),
        (f("sqrt", x**2), "sqrt(x**2)", "√(x²)", r"\sqrt{{x}^{2}}", "√{{x^2}}"),
        (f("cbrt", 1 + x), "cbrt(1 + x)", "∛(1 + x)", r"\sqrt[3]{1 + x}", "{1+x√3}"),
        (f("atan2", x, -y), "atan2(x, -y)", "atan2(x, -y)", r"\operatorname{atan2}(x, -y)", "atan2(x,−y)"),
        (f("erf", x / y), "erf(x/y)", "erf(x/y)", r"\operatorname{erf}\left(\frac{x}{y}\right)", "erf({x/y})"),
        (f("maximum", x, 0), "maximum(x, 0)", "max(x, 0)", r"\max(x, 0)", "max(x,0)"),
        (f("normal_cdf", x) ** 2, "normal_cdf(x)**2", "Φ(x)²", r"{\Phi(x)}^{2}", "{Φ(x)^2}"),
        (where(x > 0, 1, 0) / y, "where(x > 0, 1, 0)/y", "1[x > 0]/y", r"\frac{\mathbf{1}[x > 0]}{y}", "{1[x>0]/y}"),
        (
            where(x > 0, y, n), "where(x > 0, y, n)", "{y if x > 0; else n}",
            r"\begin{cases} y & \text{if } x > 0 \\ n & \text{otherwise} \end{cases}", "{yif x>0notherwise",
        ),
        (
            where((x > 0) & ((y > 0) | (y < n)), 1, 0), "where(x > 0 and (y > 0 or y < n), 1, 0)",
            "1[x > 0 and (y > 0 or y < n)]",
            r"\mathbf{1}[x > 0 \text{ and } (y > 0 \text{ or } y < n)]", "1[x>0 and (y>0 or y<n)]",
        ),
        (f("D", x, y) / n, "D(x, y)/n", "d/dy[x]/n", r"\frac{\frac{d}{dy}[x]}{n}", "{{d/dy}[x]/n}"),
        (n / f("D", x, y), "n/D(x, y)", "n/(d/dy[x])", r"\frac{n}{\frac{d}{dy}[x]}", "{n/{d/dy}[x]}"),
        (symbol("alpha") * symbol("x_1"), "alpha*x_1", "α·x_1", r"\alpha \cdot \mathrm{x\_1}", "α⋅{x_1}"),
        (symbol("o'"), "o'", "o'", "o'", "{o^′}"),
        (constant(Fraction("0.044715")) * x, "8943/200000*x", "0.044715·x", "0.044715 x", "0.044715x"),
        (constant(1.5e-9), "1.5e-09", "1.5·10⁻⁹", r"1.5 \cdot {10}^{-9}", "1.5⋅{10^−9}"),
        (constant(float("-inf")), "-inf", "-∞", r"-\infty", "−∞"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)  # fmt: skip
def test_spelling(formula: Term, code: str, text: str, latex: str, mathml: str) -> None:
    assert CODE(formula) == code
    assert (UNICODE(formula), LATEX(formula), read_aloud(MATHML(formula))) == (text, latex, mathml)


def test_ascii_uses_letters() -> None:
    formula = f("sqrt", f("floor", x) ** 2 + f("normal_pdf", symbol("alpha"))) * where(compare("le", x, y), 1, 0)
    assert ASCII(formula) == "sqrt(floor(x)^2 + phi(alpha))*1[x <= y]"


def test_a_line_is_terms_and_signs() -> None:
    parts = ("(", x, ",", -y, ")", "becomes", x / y, "=", n)
    assert UNICODE.line(parts) == "(x, -y) becomes x/y = n"
    assert LATEX.line(parts) == r"(x,\quad -y)\;\longrightarrow\;\frac{x}{y}= n"
    assert read_aloud(MATHML.line(parts)) == "(x,−y)⟶{x/y}=n"


# ------------------------------------------------------------------------------------- every operation there is


@pytest.mark.parametrize("notation", [UNICODE, ASCII, LATEX], ids=["unicode", "ascii", "latex"])
def test_brackets_are_balanced(notation: object, terms: list[Term]) -> None:
    for t in terms:
        text = notation(t)  # type: ignore[operator]
        plain = re.sub(r"\\[{}]", "", text)
        assert all(plain.count(a) == plain.count(b) for a, b in ("()", "[]", "{}")), text
        assert text.count("\\left") == text.count("\\right"), text
        assert notation is UNICODE or text.isascii()


def faults(markup: str) -> list[str]:
    """Elements that are not of MathML Core, or have too few or too many children."""
    nodes = ElementTree.fromstring(f"<math>{markup}</math>").iter()
    return [node.tag for node in nodes if CORE.get(node.tag, -1) not in (None, len(node))]


def test_mathml_is_core_and_complete(terms: list[Term]) -> None:
    assert [UNICODE(t) for t in terms if faults(MATHML(t))] == []
    assert faults("<mfenced><mi>x</mi></mfenced><msup><mi>x</mi></msup>") == ["mfenced", "msup"]


def test_mathml_is_html(terms: list[Term]) -> None:
    parser = html5lib.HTMLParser(strict=False)
    body = "".join(element(MATHML(t), UNICODE(t)) for t in terms)
    parser.parse(f"<!DOCTYPE html><html><head><title>formulas</title></head><body>{body}</body></html>")
    assert parser.errors == []


def misread(code: Code, terms: list[Term]) -> tuple[list[str], int]:
    """Texts that parse as another number, and how many were parsed; what the language lacks is left out."""
    wrong, read = [], 0
    for t in terms:
        names, text = symbols_of(t), code(t)
        known = all(map(str.isidentifier, names)) and LANGUAGE.issuperset(re.findall(r"([A-Za-z]\w*)\(", text))
        if " bits" in text or not known:
            continue
        again = expression(text.replace("true", "0 < 1"), names)
        at = {name: arb(k + 3) / 7 for k, name in enumerate(names)}
        first, second = evaluate(term(t) if isinstance(t, Condition) else t, at), evaluate(again, at)
        wrong += [text] * (first.is_finite() and not first.overlaps(second))
        read += 1
    return wrong, read


def test_code_reads_back_as_the_same_number(terms: list[Term]) -> None:
    """-(x/y) is written -x/y, which Python parses as (-x)/y: the term may differ, the number does not."""
    wrong, read = misread(CODE, terms)
    assert wrong == []
    assert read > 300


def test_a_bracket_too_few_is_found(terms: list[Term]) -> None:
    class Loose(Code):
        def quotient(self, above: Spelled, below: Spelled) -> Spelled:
            return Spelled(f"{above.text}/{below.text}", QUOTIENT)

    assert len(misread(Loose(), terms)[0]) > 20


def test_a_term_shows_itself_as_code() -> None:
    assert repr(1 - x**2) == written(1 - x**2) == "1 - x**2"
    assert written(1 - x**2, 4) == "(a formula of 5 steps)"


def test_a_long_formula_may_be_broken_before_its_signs() -> None:
    """A minus that begins a piece keeps the space that it has between operands; brackets stay whole."""
    part = f("tanh", x * y + n) ** 2
    drawn = element(MATHML.line(("=", part * part * part - part * n + y)), "out")
    pieces = drawn.split("<wbr>")
    assert [read_aloud(re.sub("</?math[^>]*>", "", piece)) for piece in pieces] == [
        "={tanh(x⋅y+n)^2}", "⋅{tanh(x⋅y+n)^2}", "⋅{tanh(x⋅y+n)^2}", "−{tanh(x⋅y+n)^2}⋅n", "+y",
    ]  # fmt: skip
    assert all('<math alttext=""><mo form="infix">' in piece for piece in pieces[1:])
    assert "<wbr>" not in element(MATHML.line((x, "=", x + y)), "x = x + y")


def test_a_long_sum_is_no_deep_tree() -> None:
    """Browsers cut a tree off at a depth of 512, and Python's stack ends at 1000."""
    total = x
    for _ in range(3000):
        total = total + y
    assert len(ElementTree.fromstring(f"<math>{MATHML(total)}</math>")) == 6001
    assert UNICODE(total).count("+") == 3000


def test_nothing_but_the_package_spells_formulas() -> None:
    """The elements and commands of formulas are defined in one place."""
    root = Path(__file__).parents[4]
    for part in ("verify", "derivations", "engine"):
        for path in (root / part).rglob("*.py"):
            if path.parent.name != "notation":
                assert not re.search(r"<m(row|frac|sup|sqrt|i|o|n)>|\\frac\{", path.read_text(encoding="utf-8")), path
