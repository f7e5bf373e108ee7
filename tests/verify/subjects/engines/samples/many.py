"""Sixty operations in one class, all right on paper, each with its rule beside it, as a big engine has them."""

import math


def unary(method):
    """A method that returns (value, derivative) becomes an operation."""

    def operation(self):
        value, partial = method(self, self.data)
        out = Value(value, (self,), method.__name__)

        def _backward():
            self.grad += partial * out.grad

        out._backward = _backward
        return out

    operation.__name__ = method.__name__
    return operation


def binary(method):
    """A method that returns (value, derivative, derivative) becomes an operation of two operands."""

    def operation(self, other):
        other = other if isinstance(other, Value) else Value(other)
        value, left, right = method(self, self.data, other.data)
        out = Value(value, (self, other), method.__name__)

        def _backward():
            self.grad += left * out.grad
            other.grad += right * out.grad

        out._backward = _backward
        return out

    operation.__name__ = method.__name__
    return operation


def sigma(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


class Value:
    def __init__(self, data, _prev=(), _op=""):
        self.data, self._prev, self._op, self.grad = data, _prev, _op, 0.0
        self._backward = lambda: None

    __add__ = binary(lambda s, x, y: (x + y, 1, 1))
    __sub__ = binary(lambda s, x, y: (x - y, 1, -1))
    __mul__ = binary(lambda s, x, y: (x * y, y, x))
    __truediv__ = binary(lambda s, x, y: (x / y, 1 / y, -x / y / y))
    hypot = binary(lambda s, x, y: (math.hypot(x, y), x / math.hypot(x, y), y / math.hypot(x, y)))
    arctan2 = binary(lambda s, y, x: (math.atan2(y, x), x / (x * x + y * y), -y / (x * x + y * y)))
    maximum = binary(lambda s, x, y: (x, 1, 0) if x >= y else (y, 0, 1))
    minimum = binary(lambda s, x, y: (x, 1, 0) if x <= y else (y, 0, 1))
    mean_of = binary(lambda s, x, y: ((x + y) / 2, 0.5, 0.5))
    gap = binary(lambda s, x, y: ((x - y) ** 2, 2 * (x - y), 2 * (y - x)))
    __neg__ = unary(lambda s, x: (-x, -1))
    __abs__ = unary(lambda s, x: (x, 1) if x > 0 else (-x, -1))
    square = unary(lambda s, x: (x * x, 2 * x))
    reciprocal = unary(lambda s, x: (1 / x, -1 / x / x))
    sqrt = unary(lambda s, x: (math.sqrt(x), 0.5 / math.sqrt(x)))
    cbrt = unary(lambda s, x: (math.cbrt(x), 1 / (3 * math.cbrt(x) ** 2)))
    exp = unary(lambda s, x: (math.exp(x), math.exp(x)))
    expm1 = unary(lambda s, x: (math.expm1(x), math.exp(x)))
    exp2 = unary(lambda s, x: (math.exp2(x), math.log(2) * math.exp2(x)))
    log = unary(lambda s, x: (math.log(x), 1 / x))
    log1p = unary(lambda s, x: (math.log1p(x), 1 / (1 + x)))
    log2 = unary(lambda s, x: (math.log2(x), 1 / (x * math.log(2))))
    log10 = unary(lambda s, x: (math.log10(x), 1 / (x * math.log(10))))
    sin = unary(lambda s, x: (math.sin(x), math.cos(x)))
    cos = unary(lambda s, x: (math.cos(x), -math.sin(x)))
    tan = unary(lambda s, x: (math.tan(x), 1 + math.tan(x) ** 2))
    sec = unary(lambda s, x: (1 / math.cos(x), math.tan(x) / math.cos(x)))
    asin = unary(lambda s, x: (math.asin(x), 1 / math.sqrt(1 - x * x)))
    acos = unary(lambda s, x: (math.acos(x), -1 / math.sqrt(1 - x * x)))
    atan = unary(lambda s, x: (math.atan(x), 1 / (1 + x * x)))
    sinh = unary(lambda s, x: (math.sinh(x), math.cosh(x)))
    cosh = unary(lambda s, x: (math.cosh(x), math.sinh(x)))
    tanh = unary(lambda s, x: (math.tanh(x), 1 - math.tanh(x) ** 2))
    sech = unary(lambda s, x: (1 / math.cosh(x), -math.tanh(x) / math.cosh(x)))
    asinh = unary(lambda s, x: (math.asinh(x), 1 / math.sqrt(1 + x * x)))
    acosh = unary(lambda s, x: (math.acosh(x), 1 / (math.sqrt(x - 1) * math.sqrt(x + 1))))
    atanh = unary(lambda s, x: (math.atanh(x), 1 / ((1 - x) * (1 + x))))
    erf = unary(lambda s, x: (math.erf(x), 2 / math.sqrt(math.pi) * math.exp(-x * x)))
    erfc = unary(lambda s, x: (math.erfc(x), -2 / math.sqrt(math.pi) * math.exp(-x * x)))
    relu = unary(lambda s, x: (x, 1) if x > 0 else (0.0, 0.0))
    relu6 = unary(lambda s, x: (min(max(x, 0.0), 6.0), 1.0 if 0 < x < 6 else 0.0))
    hardtanh = unary(lambda s, x: (min(max(x, -1.0), 1.0), 1.0 if -1 < x < 1 else 0.0))
    softsign = unary(lambda s, x: (x / (1 + abs(x)), 1 / (1 + abs(x)) ** 2))
    sigmoid = unary(lambda s, x: (sigma(x), sigma(x) * sigma(-x)))
    logsigmoid = unary(lambda s, x: (-math.log1p(math.exp(-x)), sigma(-x)))
    softplus = unary(lambda s, x: (math.log1p(math.exp(x)), sigma(x)))
    swish = unary(lambda s, x: (x * sigma(x), sigma(x) * (1 + x * sigma(-x))))
    gelu = unary(lambda s, x: (x * phi(x), phi(x) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)))
    elu = unary(lambda s, x: (x, 1) if x > 0 else (math.expm1(x), math.exp(x)))
    leaky_relu = unary(lambda s, x: (x, 1) if x > 0 else (0.01 * x, 0.01))
    mish = unary(lambda s, x: mish_and_derivative(x))
    gaussian = unary(lambda s, x: (math.exp(-x * x), -2 * x * math.exp(-x * x)))
    bent = unary(lambda s, x: ((math.sqrt(x * x + 1) - 1) / 2 + x, x / (2 * math.sqrt(x * x + 1)) + 1))
    sinc_like = unary(lambda s, x: (math.sin(x) * math.exp(-x), (math.cos(x) - math.sin(x)) * math.exp(-x)))
    cube = unary(lambda s, x: (x**3, 3 * x**2))
    quartic = unary(lambda s, x: (x**4 - x, 4 * x**3 - 1))
    rational = unary(lambda s, x: (x / (1 + x * x), (1 - x * x) / (1 + x * x) ** 2))
    logit = unary(lambda s, x: (math.log(x / (1 - x)), 1 / (x * (1 - x))))
    entropy = unary(lambda s, x: (-x * math.log(x), -math.log(x) - 1))
    snake = unary(lambda s, x: (x + math.sin(x) ** 2, 1 + math.sin(2 * x)))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._prev:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


def phi(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def mish_and_derivative(x):
    t = math.tanh(math.log1p(math.exp(x)))
    return x * t, t + x * (1 - t * t) * sigma(x)
