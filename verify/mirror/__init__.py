"""The specification of every operation, in SymPy, written from the mathematics and never from the rules."""
