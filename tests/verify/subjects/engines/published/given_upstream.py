"""Right: the node's rule is given its gradient, and is a closure with a name that nobody expects."""

import math


class Cell:
    def __init__(self, v, args=()):
        self.v, self.args, self.adjoint = v, args, 0.0
        self.push = lambda upstream: None

    def __add__(self, other):
        out = Cell(self.v + other.v, (self, other))

        def push(upstream):
            self.adjoint += upstream
            other.adjoint += upstream

        out.push = push
        return out

    def __mul__(self, other):
        out = Cell(self.v * other.v, (self, other))

        def push(upstream):
            self.adjoint += other.v * upstream
            other.adjoint += self.v * upstream

        out.push = push
        return out

    def cos(self):
        out = Cell(math.cos(self.v), (self,))

        def push(upstream):
            self.adjoint -= math.sin(self.v) * upstream

        out.push = push
        return out


def ordered(root):
    found, seen = [], set()

    def visit(cell):
        if cell in seen:
            return
        seen.add(cell)
        for arg in cell.args:
            visit(arg)
        found.append(cell)

    visit(root)
    return found


def sweep(root):
    root.adjoint = 1.0
    for cell in reversed(ordered(root)):
        cell.push(cell.adjoint)
