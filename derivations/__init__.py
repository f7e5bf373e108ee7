"""Printed derivations: the steps by which a gradient follows from the rules of the engine."""
