"""The primitive functions: one row each, with every fact about it that more than one file needs.

of           its operands, by the names that its row uses for them
inside       its kind where it has a value: smooth; steep (with an infinite derivative at 0); continuous with a
             kink, or with a tip alone; with steps; with a cut, where it jumps
parity       even or odd
domain       where it has a value; everywhere by default
partials     the partial derivatives by each operand, in the form with the tightest intervals; "?" is no function known
             here.  Beside the functions of these tables they use the helpers of verify/terms/derivatives.py
definition   the same function in terms of others, for an arithmetic that has no better way
SymPy        its class there, where it is one function
names        its names in NumPy, SciPy and `math`, besides its own

The fields of a row are two blanks apart or more; "-" is an empty one.
"""

# ruff: noqa: E501 - a row is a line

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backproof.engine.arithmetic import FLOATS

# fmt: off
_ELEMENTARY = """
name           of     inside  parity  natural domain                   partial derivatives                       definition by others         SymPy        NumPy, SciPy, math
sqrt           x      steep   -       x >= 0                           1/(2*sqrt(x))                             -                            sqrt         -
cbrt           x      steep   odd     -                                1/(3*cbrt(x)**2)                          -                            -            -
exp            x      smooth  -       -                                exp(x)                                    -                            exp          -
expm1          x      smooth  -       -                                exp(x)                                    exp(x) - 1                   -            -
log            x      smooth  -       x > 0                            1/x                                       -                            log          -
entr           x      steep   -       x >= 0                           -log(x) - 1                               where(x == 0, 0, -x*log(x))  -            -
log1p          x      smooth  -       x > -1                           1/(1 + x)                                 log(1 + x)                   -            -
sin            x      smooth  odd     -                                cos(x)                                    -                            sin          -
cos            x      smooth  even    -                                -sin(x)                                   -                            cos          -
sinc           x      smooth  even    -                                where(x == 0, 0, (cos(x) - sinc(x))/x)    where(x == 0, 1, sin(x)/x)   sinc         -
tan            x      smooth  odd     cos(x) != 0                      1/cos(x)**2                               sin(x)/cos(x)                tan          -
asin           x      smooth  odd     -1 <= x <= 1                     1/sqrt((1 - x)*(1 + x))                   -                            asin         arcsin
acos           x      smooth  -       -1 <= x <= 1                     -1/sqrt((1 - x)*(1 + x))                  pi/2 - asin(x)               acos         arccos
atan           x      smooth  odd     -                                1/(1 + x*x)                               -                            atan         arctan
sinh           x      smooth  odd     -                                cosh(x)                                   (exp(x) - exp(-x))/2         sinh         -
cosh           x      smooth  even    -                                sinh(x)                                   (exp(x) + exp(-x))/2         cosh         -
tanh           x      smooth  odd     -                                4*exp(-2*abs(x))/(1 + exp(-2*abs(x)))**2  1 - 2/(exp(2*x) + 1)         tanh         -
asinh          x      smooth  odd     -                                1/sqrt(1 + x*x)                           log(x + sqrt(1 + x*x))       asinh        arcsinh
acosh          x      smooth  -       x >= 1                           1/sqrt((x - 1)*(x + 1))                   log(x + sqrt(x*x - 1))       acosh        arccosh
atanh          x      smooth  odd     -1 < x < 1                       1/((1 - x)*(1 + x))                       (log(1 + x) - log(1 - x))/2  atanh        arctanh
erf            x      smooth  odd     -                                2/sqrt(pi)*exp(-(x*x))                    -                            erf          -
erfc           x      smooth  -       -                                -(2/sqrt(pi)*exp(-(x*x)))                 1 - erf(x)                   erfc         -
abs            x      kink    even    -                                sign(x)                                   where(x >= 0, x, -x)         Abs          fabs absolute
neg            x      smooth  odd     -                                -1                                        -                            -            negative
floor          x      steps   -       -                                0                                         -                            floor        -
ceil           x      steps   -       -                                0                                         -floor(-x)                   ceiling      -
add            x y    smooth  -       -                                1, 1                                      -                            -            -
sub            x y    smooth  -       -                                1, -1                                     -                            -            subtract
mul            x y    smooth  -       -                                y, x                                      -                            -            multiply
div            x y    smooth  -       y != 0                           1/y, -x/y**2                              -                            -            divide true_divide
pow            x y    smooth  -       x > 0                            y*x**(y - 1), log(x)*x**y                 -                            -            power float_power
atan2          y x    cut     -       x != 0 or y != 0                 x/(y*y + x*x), -y/(y*y + x*x)             -                            atan2        arctan2
hypot          x y    tip     -       -                                x/hypot(x, y), y/hypot(x, y)              sqrt(x*x + y*y)              -            -
maximum        x y    kink    -       -                                where(x >= y, 1, 0), where(x >= y, 0, 1)  where(x >= y, x, y)          Max          fmax
minimum        x y    kink    -       -                                where(x <= y, 1, 0), where(x <= y, 0, 1)  where(x <= y, x, y)          Min          fmin
"""

_SPECIAL = """
name           of     inside  parity  natural domain                   partial derivatives                       definition by others         SymPy        NumPy, SciPy, math
erfinv         x      smooth  odd     -1 < x < 1                       sqrt(pi)/2*exp(erfinv(x)**2)              -                            erfinv       -
gamma          x      smooth  -       x > 0 or x != floor(x)           gamma(x)*digamma(x)                       -                            gamma        -
lgamma         x      smooth  -       x > 0 or x != floor(x)           digamma(x)                                -                            -            gammaln
digamma        x      smooth  -       x > 0 or x != floor(x)           trigamma(x)                               polygamma(0, x)              digamma      psi
trigamma       x      smooth  -       x > 0 or x != floor(x)           polygamma(2, x)                           polygamma(1, x)              trigamma     -
expi           x      smooth  -       x != 0                           exp(x)/x                                  -                            Ei           -
spence         x      smooth  -       x >= 0                           where(x == 1, -1, log(x)/(1 - x))         -                            -            -
dawsn          x      smooth  odd     -                                1 - 2*x*dawsn(x)                          -                            -            -
si             x      smooth  odd     -                                sinc(x)                                   -                            Si           -
ci             x      smooth  even    x != 0                           cos(x)/x                                  -                            -            -
airy_ai        x      smooth  -       -                                airy_ai_prime(x)                          -                            airyai       -
airy_ai_prime  x      smooth  -       -                                x*airy_ai(x)                              -                            airyaiprime  -
airy_bi        x      smooth  -       -                                airy_bi_prime(x)                          -                            airybi       -
airy_bi_prime  x      smooth  -       -                                x*airy_bi(x)                              -                            airybiprime  -
ellipk         m      smooth  -       m < 1                            d_ellipk(m)                               -                            elliptic_k   -
ellipe         m      smooth  -       m <= 1                           d_ellipe(m)                               -                            elliptic_e   -
polygamma      n x    smooth  -       x > 0 or x != floor(x)           ?, polygamma(after(n), x)                 -                            polygamma    -
bessel_j       n x    smooth  -       x >= 0 or n == floor(n)          ?, d_bessel_j(n, x)                       -                            besselj      jv jn
bessel_y       n x    smooth  -       x > 0                            ?, d_bessel_y(n, x)                       -                            bessely      yv yn
bessel_i       n x    smooth  -       x >= 0 or n == floor(n)          ?, d_bessel_i(n, x)                       -                            besseli      iv
bessel_ie      n x    kink    -       x >= 0 or n == floor(n)          ?, d_bessel_ie(n, x)                      exp(-abs(x))*bessel_i(n, x)  -            ive
bessel_k       n x    smooth  -       x > 0                            ?, d_bessel_k(n, x)                       -                            besselk      kv kn
gammainc       a x    smooth  -       a > 0 and x >= 0                 ?, gamma_density(a, x)                    -                            -            -
gammaincc      a x    smooth  -       a > 0 and x >= 0                 ?, -gamma_density(a, x)                   1 - gammainc(a, x)           -            -
betainc        a b x  smooth  -       a > 0 and b > 0 and 0 <= x <= 1  ?, ?, beta_density(a, b, x)               -                            -            -
"""

_DEFINED = """
name          of          definition                                               NumPy, SciPy, math
square        x           x*x                                                      -
reciprocal    x           1/x                                                      -
exp2          x           2**x                                                     -
log2          x           log(x)/log(2)                                            -
log10         x           log(x)/log(10)                                           -
logaddexp     x y         log(exp(x) + exp(y))                                     -
logaddexp2    x y         log(2**x + 2**y)/log(2)                                  -
expit         x           1/(1 + exp(-x))                                          -
log_expit     x           -log1p(exp(-x))                                          -
logit         p           log(p/(1 - p))                                           -
ndtr          x           erfc(-(x/sqrt(2)))/2                                     -
log_ndtr      x           log(erfc(-(x/sqrt(2)))/2)                                -
ndtri         p           sqrt(2)*erfinv(2*p - 1)                                  -
erfcx         x           exp(x*x)*erfc(x)                                         -
erfcinv       x           erfinv(1 - x)                                            -
xlogy         x y         where(x == 0, 0, x*log(y))                               -
xlog1py       x y         where(x == 0, 0, x*log1p(y))                             -
rel_entr      x y         where(x == 0, 0, x*log(x/y))                             -
kl_div        x y         where(x == 0, y, x*log(x/y) - x + y)                     -
huber         delta r     where(abs(r) <= delta, r*r/2, delta*(abs(r) - delta/2))  -
pseudo_huber  delta r     delta*delta*(sqrt(1 + (r/delta)**2) - 1)                 -
rgamma        x           1/gamma(x)                                               -
beta          a b         gamma(a)*gamma(b)/gamma(a + b)                           -
betaln        a b         lgamma(a) + lgamma(b) - lgamma(a + b)                    -
j0            x           bessel_j(0, x)                                           -
j1            x           bessel_j(1, x)                                           -
y0            x           bessel_y(0, x)                                           -
y1            x           bessel_y(1, x)                                           -
i0            x           bessel_i(0, x)                                           -
i1            x           bessel_i(1, x)                                           -
i0e           x           bessel_ie(0, x)                                          -
i1e           x           bessel_ie(1, x)                                          -
k0            x           bessel_k(0, x)                                           -
k1            x           bessel_k(1, x)                                           -
exp1          x           -expi(-x)                                                -
numpy.sinc    x           sinc(pi*x)                                               -
erfi          x           2/sqrt(pi)*exp(x*x)*dawsn(x)                             -
ellipkm1      p           ellipk(1 - p)                                            -
sign          x           where(x > 0, 1, where(x < 0, -1, 0))                     -
heaviside     x middle    where(x > 0, 1, where(x < 0, 0, middle))                 -
copysign      x y         where(y >= 0, abs(x), -abs(x))                           -
clip          x low high  minimum(maximum(x, low), high)                           -
trunc         x           where(x >= 0, floor(x), ceil(x))                         fix
remainder     x y         x - y*floor(x/y)                                         mod
fmod          x y         x - y*trunc(x/y)                                         -
floor_divide  x y         floor(x/y)                                               -
radians       x           x*pi/180                                                 deg2rad
degrees       x           x*180/pi                                                 rad2deg
"""
# fmt: on


class Primitive(NamedTuple):
    """One row of the first two tables; an empty field is "" here."""

    name: str
    operands: tuple[str, ...]
    inside: str
    parity: str
    domain: str
    partials: str
    definition: str
    sympy: str
    names: tuple[str, ...]


class Defined(NamedTuple):
    """One row of the third."""

    name: str
    operands: tuple[str, ...]
    definition: str
    names: tuple[str, ...]


def _fields(table: str) -> list[list[str]]:
    """The fields of each row, below the header line."""
    heads, *lines = ([field.strip() for field in line.split("  ") if field] for line in table.strip().splitlines())
    for fields in lines:
        assert len(fields) == len(heads), f"{fields[0]}: {len(fields)} fields, not {len(heads)}"
    return [["" if field == "-" else field for field in fields] for fields in lines]


def _primitives(table: str) -> dict[str, Primitive]:
    found = {}
    for name, operands, inside, parity, domain, partials, definition, sympy, names in _fields(table):
        facts = inside, parity, domain, partials, definition, sympy
        found[name] = Primitive(name, tuple(operands.split()), *facts, tuple(names.split()))
    return found


def _defined(table: str) -> dict[str, Defined]:
    return {
        name: Defined(name, tuple(operands.split()), definition, tuple(names.split()))
        for name, operands, definition, names in _fields(table)
    }


_elementary, _special = _primitives(_ELEMENTARY), _primitives(_SPECIAL)

PRIMITIVES: Mapping[str, Primitive] = {**_elementary, **_special}
"""What a term can apply, by name."""

DEFINED: Mapping[str, Defined] = _defined(_DEFINED)
"""Functions that are expanded by their definition as soon as they are met."""

_ROWS: tuple[Primitive | Defined, ...] = (*DEFINED.values(), *PRIMITIVES.values())

SEVERAL: Mapping[str, tuple[str, ...]] = {
    "airy": ("airy_ai", "airy_ai_prime", "airy_bi", "airy_bi_prime"),
    "sici": ("si", "ci"),
}
"""Functions of SciPy with several results: the primitive that each is."""

LEFT_OUT: Mapping[str, str] = {
    "struve": "the prover has no relations between Struve functions, whose orders are never at an end",
}
"""Functions of other libraries, and why they are not here."""

ARITY: Mapping[str, int] = {row.name: len(row.operands) for row in _ROWS}

UNARY = tuple(name for name, row in _elementary.items() if len(row.operands) == 1)
BINARY = tuple(name for name, row in _elementary.items() if len(row.operands) == 2)
SPECIAL = tuple(name for name, row in _special.items() if len(row.operands) == 1)
PARAMETRIC: Mapping[str, int] = {name: ARITY[name] for name, row in _special.items() if len(row.operands) > 1}
"""Functions whose operand comes last, after an order or parameters: how many arguments each takes.

polygamma(n, x), n = 0, 1, ...: the n-th derivative of digamma; bessel_j, y, i, k(n, x): of order n; bessel_ie:
e**-|x|·bessel_i; gammainc(a, x), gammaincc(a, x): the regularized P and Q; betainc(a, b, x): the regularized I.
"""

ENGINE = tuple(name for name in _elementary if name in vars(FLOATS))
"""The functions that the engine's rules may use from an arithmetic."""

IN_PIECES = frozenset(
    name for name, row in PRIMITIVES.items() if "where(" in row.definition and row.inside in ("smooth", "steep")
)
"""Functions that are smooth but written in pieces: code that follows branches follows those of the definition."""

PARTIAL = frozenset(name for name, row in PRIMITIVES.items() if row.domain not in ("", "-"))
"""Functions that do not have a value everywhere."""

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


def inside(*kinds: str) -> frozenset[str]:
    """The primitives that are of these kinds where they have a value."""
    return frozenset(name for name, row in PRIMITIVES.items() if row.inside in kinds)


def by_name(module: str = "") -> dict[str, str]:
    """Every name under which NumPy, SciPy or `math` has a function of these tables, and the function.

    A name on which modules disagree is listed with its module, as math.remainder; ``module``: also list that one's
    without it.
    """
    names = {name: row.name for row in _ROWS for name in (row.name, *row.names)}
    return names | {name.rpartition(".")[2]: of for name, of in names.items() if module and name.startswith(f"{module}.")}
