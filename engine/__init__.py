"""A small autodiff engine whose every operation stands beside its hand-written derivative."""

from engine.arithmetic import Arithmetic, arithmetic, register
from engine.node import Node
from engine.value import OPS, Value

__all__ = ["OPS", "Arithmetic", "Node", "Value", "__version__", "arithmetic", "register"]

__version__ = "0.1.0"
