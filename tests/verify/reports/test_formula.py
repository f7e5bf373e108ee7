"""Formulas: drawn in MathML Core, in the parentheses they need, and never evaluated."""

import re
from xml.etree import ElementTree

import pytest
from sample_reports import NASTY

from backproof.verify.mirror.table import SPECS
from backproof.verify.reports.formula import formula

CORE = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msup", "msub"),
    *("mtable", "mtr", "mtd"),
}


def parsed(text):
    """The formula, put together where it may be broken."""
    return ElementTree.fromstring(re.sub("</math><wbr><math[^>]*>", "", formula(text)))


def said(text):
    """What stands there, read from left to right."""
    return "".join(parsed(text).itertext()).replace("\u2062", "").replace("\u2061", "").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("1 - out**2", "1−out2"),
        ("2*x", "2x"),
        ("2*3", "2⋅3"),
        ("x*y", "x⋅y"),
        ("2*3**x", "2⋅3x"),
        ("(a + b)*c", "(a+b)⋅c"),
        ("a - (b - c)", "a−(b−c)"),
        ("a - b - c", "a−b−c"),
        ("-x**2", "−x2"),
        ("(-x)**2", "(−x)2"),
        ("-(a + b)", "−(a+b)"),
        ("a*(-b)", "a⋅(−b)"),
        ("(x*y)**n", "(x⋅y)n"),
        ("tanh(x)**2", "tanh(x)2"),
        ("exp(-x)", "e−x"),
        ("x**(-3/2)", "x−3/2"),
        ("x**(n/2)", "xn/2"),
        ("Abs(x - 1)", "|x−1|"),
        ("alpha*pi", "α⋅π"),
        ("gt(x, 0)", "1[x>0]"),
        ("Ne(cos(x), 0)", "cos(x)≠0"),
        ("(x >= -1) & (x <= 1)", "x≥−1 and x≤1"),
        ("-1 <= x", "−1≤x"),
        ("-1 <= x < y", "−1≤x and x<y"),
        ("x > 0 and (y > 0 or not z < 1)", "x>0 and (y>0 or not z<1)"),
        ("atan2(x, y)", "atan2(x,y)"),
        ("Max(0, x, y)", "max(max(0,x),y)"),
        ("Min(6, erf(x))", "min(6,erf(x))"),
        ("ceiling(x) + floor(x)", "⌈x⌉+⌊x⌋"),
        ("x1*x_2*lambda_*scale", "x1⋅x2⋅λ⋅scale"),
        ("1e-9*x + 1e300", "10−9x+10300"),
        ("besselj(n, x)", "besselj(n,x)"),
        ("Piecewise((x, x > 0))", "{xif x>0"),
        ("where(positive, 1, slope)", "{1if positiveslopeotherwise"),
        ("Piecewise((x, x > 0), (0, True))", "{xif x>00otherwise"),
    ],
)
def test_reads_as_it_should(text, reading):
    assert said(text) == reading


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a/b", "mfrac"), ("divide(a, b)", "mfrac"), ("sqrt(x)", "msqrt"), ("cbrt(x)", "mroot"),
        ("x**y", "msup"), ("pow(x, n)", "msup"), ("exp(x)", "msup"),
    ],
)  # fmt: skip
def test_has_a_shape_of_its_own(text, shape):
    assert parsed(text)[0].tag == shape
    assert len(parsed(text)[0]) == (1 if shape == "msqrt" else 2)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.op} {spec.case}")
def test_every_formula_of_the_mirror_is_drawn_in_core(spec):
    for expression in (spec.definition, *spec.partials, spec.domain):
        drawn = parsed(str(expression))
        assert drawn.tag == "math", str(expression)
        assert {element.tag for element in drawn.iter()} <= CORE


@pytest.mark.parametrize(
    "text",
    [
        "", "1 +", "a b", "x if y else z", "lambda: 0", "[1]", "f(x, key=1)", "a.b", "x := 1", "'text'", "f'{x}'",
        "__import__('os').system('x')", "(" * 500 + ")" * 500, "-" * 3000 + "x", "x" * 5000, NASTY, "\x00",
        "(does not run on symbols: TypeError)", "a @ b", "a in b", "1e999", "where(x, 1)", "where(1)", "const(x)",
        "D(x)", "sqrt(x, y)", "gt(x)", "Max()", "Piecewise(x)", "Piecewise((x, y, z))", "x & y", "not x", "1j",
    ],
)  # fmt: skip
def test_a_text_that_is_not_a_formula_stays_code(text):
    shown = formula(text)
    assert re.fullmatch(r"<code>[^<]*</code>", shown)


def test_a_long_formula_ends_in_time():
    assert formula("+".join(["x"] * 700)).startswith(("<math", "<code"))
