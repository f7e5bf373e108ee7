"""Right: closures on a global tape, played back by a function of the module, which empties it."""

import math

TAPE = []


class Var:
    def __init__(self, value):
        self.value = value
        self.grad = 0.0

    def __add__(self, other):
        out = Var(self.value + other.value)

        def rule():
            self.grad += out.grad
            other.grad += out.grad

        TAPE.append(rule)
        return out

    def __mul__(self, other):
        out = Var(self.value * other.value)

        def rule():
            self.grad += other.value * out.grad
            other.grad += self.value * out.grad

        TAPE.append(rule)
        return out

    def tanh(self):
        t = math.tanh(self.value)
        out = Var(t)

        def rule():
            self.grad += (1 - t * t) * out.grad

        TAPE.append(rule)
        return out


def gradients(loss):
    loss.grad = 1.0
    while TAPE:
        TAPE.pop()()
