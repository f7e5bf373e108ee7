"""A small autodiff engine with the hand-written derivative of every operation next to its forward."""

from backproof.engine.arithmetic import Arithmetic, arithmetic, register
from backproof.engine.node import Node
from backproof.engine.value import OPS, Value

__all__ = ["OPS", "Arithmetic", "Node", "Value", "__version__", "arithmetic", "register"]

__version__ = "0.1.0"

if __name__ == "engine":  # found by its short name
    from backproof.short_names import adopt

    adopt(__name__)
