"""How a jaxpr becomes an array program: a walk over it with real arrays, and nodes beside those of floats."""
