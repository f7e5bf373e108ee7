"""Functions that are not operations of the engine: right rules are proved, wrong ones refuted, at 0 too."""

from __future__ import annotations

import pytest

from backproof.verify.proof.obligation import Obligation, among_reals
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.terms.parser import condition, expression

RIGHT = [
    # definition             domain    derivative
    ("dawsn(x)",             "",       "1 - 2*x*dawsn(x)"),
    ("dawsn(-2*x)",          "",       "-2 + 8*x*dawsn(2*x)"),
    ("sinc(x)",              "",       "where(x == 0, 0, (cos(x) - sinc(x))/x)"),
    ("sinc(x)",              "",       "where(x == 0, 0, (x*cos(x) - sin(x))/x**2)"),
    ("sinc(pi*x)",           "",       "where(x == 0, 0, (cos(pi*x) - sinc(pi*x))/x)"),
    ("sinc(x)",              "x > 0",  "(cos(x) - sinc(x))/x"),
    ("x*sinc(x)",            "",       "cos(x)"),
    ("entr(x)",              "x >= 0", "-log(x) - 1"),
    ("entr(2*x)",            "x > 0",  "-2*log(2*x) - 2"),
    ("entr(x) + entr(1 - x)", "0 < x < 1", "-logit(x)"),
    ("x*entr(x)",            "x >= 0", "where(x == 0, 0, -2*x*log(x) - x)"),
    ("si(x)",                "",       "sinc(x)"),
    ("si(x)",                "",       "where(x == 0, 1, sin(x)/x)"),
    ("si(-x)",               "x > 0",  "-sin(x)/x"),
    ("ci(x)",                "x > 0",  "cos(x)/x"),
    ("ci(3*x)",              "x != 0", "cos(3*x)/x"),
    ("airy_ai(x)",           "",       "airy_ai_prime(x)"),
    ("airy_ai_prime(x)",     "",       "x*airy_ai(x)"),
    ("airy_bi(2*x)",         "",       "2*airy_bi_prime(2*x)"),
    ("airy_bi_prime(x*x)",   "",       "2*x**3*airy_bi(x**2)"),
    ("ellipk(x)",            "x < 1",  "where(x == 0, pi/8, (ellipe(x)/(1 - x) - ellipk(x))/(2*x))"),
    ("ellipe(x)",            "x < 1",  "where(x == 0, -pi/8, (ellipe(x) - ellipk(x))/(2*x))"),
    ("ellipkm1(x)",          "0 < x < 1", "(x*ellipk(1 - x) - ellipe(1 - x))/(2*x*(1 - x))"),
    ("erfi(x)",              "",       "2/sqrt(pi)*exp(x*x)"),
    ("exp1(x)",              "x > 0",  "-exp(-x)/x"),
    ("log_expit(x)",         "",       "1/(1 + exp(x))"),
    ("logit(x)",             "0 < x < 1", "1/(x*(1 - x))"),
    ("xlog1py(2, x)",        "x > -1", "2/(1 + x)"),
    ("rel_entr(x, 2)",       "x > 0",  "log(x/2) + 1"),
    ("huber(1, x)",          "",       "where(abs(x) <= 1, x, sign(x))"),
    ("pseudo_huber(2, x)",   "",       "x/sqrt(1 + x*x/4)"),
    ("log_ndtr(x)",          "",       "sqrt(2/pi)*exp(-x*x/2)/erfc(-x/sqrt(2))"),
    ("ndtri(x)",             "0 < x < 1", "sqrt(2*pi)*exp(ndtri(x)**2/2)"),
    ("erfcx(x)",             "",       "2*x*erfcx(x) - 2/sqrt(pi)"),
    ("where(x == 0, 0, x**2*log(x))", "x >= 0", "where(x == 0, 0, 2*x*log(x) + x)"),
    ("where(x == 0, 0, sqrt(x)**3*log(x))", "x >= 0", "where(x == 0, 0, sqrt(x)*(3*log(x)/2 + 1))"),
    ("where(x == 0, 0, x**3*log(abs(x))**2)", "", "where(x == 0, 0, x**2*log(abs(x))*(3*log(abs(x)) + 2))"),
    ("exp2(x) + log10(x)",   "x > 0",  "log(2)*exp2(x) + 1/(x*log(10))"),
]  # fmt: skip
WRONG = [
    ("dawsn(x)",             "",       "1 - x*dawsn(x)"),
    ("sinc(x)",              "",       "where(x == 0, 1, (cos(x) - sinc(x))/x)"),
    ("sinc(x)",              "",       "where(x == 0, 0, (cos(x) + sinc(x))/x)"),
    ("sinc(x)",              "",       "(cos(x) - sinc(x))/x"),
    ("entr(x)",              "x >= 0", "-log(x)"),
    ("x*entr(x)",            "x >= 0", "where(x == 0, 1, -2*x*log(x) - x)"),
    ("si(x)",                "",       "where(x == 0, 0, sin(x)/x)"),
    ("ci(x)",                "x > 0",  "sin(x)/x"),
    ("airy_ai_prime(x)",     "",       "-x*airy_ai(x)"),
    ("ellipk(x)",            "x < 1",  "where(x == 0, pi/4, (ellipe(x)/(1 - x) - ellipk(x))/(2*x))"),
    ("ellipe(x)",            "x < 1",  "where(x == 0, -pi/8, (ellipk(x) - ellipe(x))/(2*x))"),
    ("where(x == 0, 0, x**2*log(x))", "x >= 0", "where(x == 0, 1, 2*x*log(x) + x)"),
    ("where(x == 0, 0, x**3*log(abs(x)))", "", "where(x == 0, 1, x**2*(3*log(abs(x)) + 1))"),
    ("log_expit(x)",         "",       "1/(1 + exp(-x))"),
    ("huber(1, x)",          "",       "where(abs(x) <= 1, x/2, sign(x))"),
]  # fmt: skip


def status(definition: str, domain: str, partial: str) -> Status:
    names = ["x", "acc_x", "g"]
    forward = expression(definition, names)
    definition_, gradient = among_reals((forward, expression(f"acc_x + g*({partial})", names)))
    where = condition(domain or "0 == 0", names)
    return prove(Obligation("f", ("x",), definition_, where, definition_, (gradient,))).status


@pytest.mark.parametrize(("definition", "domain", "partial"), RIGHT)
def test_a_right_rule_is_proved(definition: str, domain: str, partial: str) -> None:
    assert status(definition, domain, partial) is Status.PROVED


@pytest.mark.parametrize(("definition", "domain", "partial"), WRONG)
def test_a_wrong_rule_is_not(definition: str, domain: str, partial: str) -> None:
    assert status(definition, domain, partial) in (Status.REJECTED, Status.RESIDUAL)
