"""Engines as text, from parts: the usual rules with a pass that is at fault, or one rule that is."""

from __future__ import annotations

from textwrap import dedent, indent

NODE = '''
import math

class Value:
    def __init__(self, data, children=(), op=""):
        self.data, self.grad, self._prev = data, 0.0, {children}
        self._backward = lambda: None
        self.visited = False
'''

RULES = {
    "add": '''
def __add__(self, other):
    other = other if isinstance(other, Value) else Value(other)
    out = Value(self.data + other.data, (self, other), "+")
    def _backward():
        self.grad += out.grad
        other.grad += out.grad
    out._backward = _backward
    return out
''',
    "mul": '''
def __mul__(self, other):
    other = other if isinstance(other, Value) else Value(other)
    out = Value(self.data * other.data, (self, other), "*")
    def _backward():
        self.grad += other.data * out.grad
        other.grad += self.data * out.grad
    out._backward = _backward
    return out
''',
    "tanh": '''
def tanh(self):
    t = math.tanh(self.data)
    out = Value(t, (self,), "tanh")
    def _backward():
        self.grad += (1 - t * t) * out.grad
    out._backward = _backward
    return out
''',
}

SORTED = '''
def backward(self):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)
    visit(self)
    self.grad = 1.0
    for v in reversed(order):
        v._backward()
'''


def engine(own_pass: str = SORTED, children: str = "children", outside: str = "", **rules: str) -> str:
    """The text of an engine: its pass, how it holds operands, functions of its module, other rules than the usual."""
    methods = {**RULES, **rules}
    parts = [dedent(text) for text in (*methods.values(), own_pass) if text]
    return NODE.replace("{children}", children) + indent("\n".join(parts), "    ") + "\n" + dedent(outside)


WRONG_PASSES = {
    "preorder": '''
def backward(self):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            order.append(v)
            for child in v._prev:
                visit(child)
    visit(self)
    self.grad = 1.0
    for v in order:
        v._backward()
''',
    "breadth first, each node once": '''
def backward(self):
    self.grad, queue = 1.0, [self]
    for v in queue:
        v._backward()
        queue += [child for child in v._prev if child not in queue]
''',
    "recursion that passes on what is there": '''
def backward(self, first=True):
    if first:
        self.grad = 1.0
    self._backward()
    for child in self._prev:
        child.backward(False)
''',
    "recursion that stops at nodes it knows": '''
def backward(self, seen=None):
    if seen is None:
        seen, self.grad = set(), 1.0
    if self in seen:
        return
    seen.add(self)
    self._backward()
    for child in self._prev:
        child.backward(seen)
''',
    "a flag that is never cleared": '''
def backward(self):
    order = []
    def visit(v):
        if not v.visited:
            v.visited = True
            for child in v._prev:
                visit(child)
            order.append(v)
    visit(self)
    self.grad = 1.0
    for v in reversed(order):
        v._backward()
''',
    "a default that keeps what it has seen": '''
def backward(self, seen=set()):
    order = []
    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)
    visit(self)
    self.grad = 1.0
    for v in reversed(order):
        v._backward()
''',
    "a default that keeps the order": '''
def backward(self, order=[]):
    seen = set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)
    visit(self)
    self.grad = 1.0
    for v in reversed(order):
        v._backward()
''',
    "sorted by its number, the wrong way round": '''
def backward(self):
    nodes, stack = {}, [self]
    while stack:
        v = stack.pop()
        nodes[id(v)] = v
        stack.extend(v._prev)
    self.grad = 1.0
    self._backward()
    for v in sorted(nodes.values(), key=lambda v: v.data):
        if v is not self:
            v._backward()
''',
    "the first level only": '''
def backward(self):
    self.grad = 1.0
    self._backward()
    for child in self._prev:
        child._backward()
''',
    "it is not reversed": '''
def backward(self):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)
    visit(self)
    self.grad = 1.0
    for v in order:
        v._backward()
''',
    "no seed": SORTED.replace("self.grad = 1.0", "pass"),
    "it never ends on a diamond": '''
def backward(self):
    self.grad, queue = 1.0, [self]
    while queue:
        v = queue.pop(0)
        v._backward()
        queue += list(v._prev)
        while v in queue:
            queue.append(v)
''',
}
"""The pass at fault, by what is wrong with it."""

RIGHT_PASSES = {
    "sorted": SORTED,
    "gradients set to 0 first": SORTED.replace(
        "    self.grad = 1.0", "    for v in order:\n        v.grad = 0.0\n    self.grad = 1.0"
    ),
    "a flag that is cleared": WRONG_PASSES["a flag that is never cleared"].replace(
        "        v._backward()", "        v._backward()\n        v.visited = False"
    ),
    "a stack of nodes and whether they are done": '''
def backprop(self):
    order, seen, stack = [], set(), [(self, False)]
    while stack:
        v, done = stack.pop()
        if done:
            order.append(v)
        elif v not in seen:
            seen.add(v)
            stack.append((v, True))
            stack += [(child, False) for child in v._prev]
    self.grad = 1.0
    for v in reversed(order):
        v._backward()
''',
    "by depth": '''
def backward(self, grad=None):
    depth = {}
    def visit(v, d):
        if depth.get(v, -1) < d:
            depth[v] = d
            for child in v._prev:
                visit(child, d + 1)
    visit(self, 0)
    self.grad = 1.0 if grad is None else grad
    for v in sorted(depth, key=depth.get):
        v._backward()
''',
    "it forgets the graph, and notes that": SORTED.replace(
        "        v._backward()",
        "        v._backward()\n        v._backward, v._prev, v.visited = (lambda: None), (), True",
    ),
    "it forgets the graph": SORTED.replace(
        "        v._backward()", "        v._backward()\n        v._backward, v._prev = (lambda: None), ()"
    ),
}
"""Passes that are right, by what they do."""
