"""No closures: each node remembers the name of its operation, and backward() looks the rule up by it."""

from math import cos, exp, log, sin


class Node:
    def __init__(self, value, parents=(), op=None):
        self.value = value
        self.parents = tuple(parents)
        self.op = op
        self.gradient = 0

    def _binary(self, other, op, value):
        return Node(value, (self, other), op)

    def __add__(self, other):
        return Node(self.value + other.value, (self, other), "add")

    def __sub__(self, other):
        return Node(self.value - other.value, (self, other), "sub")

    def __mul__(self, other):
        return Node(self.value * other.value, (self, other), "mul")

    def __truediv__(self, other):
        return Node(self.value / other.value, (self, other), "div")

    def sin(self):
        return Node(sin(self.value), (self,), "sin")

    def cos(self):
        return Node(cos(self.value), (self,), "cos")

    def exp(self):
        return Node(exp(self.value), (self,), "exp")

    def ln(self):
        return Node(log(self.value), (self,), "ln")

    def local(self):
        """The derivative in each operand; WRONG for div, whose second derivative lacks its sign."""
        if self.op == "add":
            return 1, 1
        if self.op == "sub":
            return 1, -1
        if self.op == "mul":
            a, b = self.parents
            return b.value, a.value
        if self.op == "div":
            a, b = self.parents
            return 1 / b.value, a.value / b.value**2
        (a,) = self.parents
        return {
            "sin": lambda: (cos(a.value),),
            "cos": lambda: (-sin(a.value),),
            "exp": lambda: (self.value,),
            "ln": lambda: (1 / a.value,),
        }[self.op]()

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            node.gradient = 0
        self.gradient = 1
        for node in reversed(order):
            if node.parents:
                for parent, partial in zip(node.parents, node.local(), strict=True):
                    parent.gradient += partial * node.gradient
