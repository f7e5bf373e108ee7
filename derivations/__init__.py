"""Printed derivations: the steps by which a gradient follows from the rules of the engine."""

if __name__ == "derivations":  # found by its short name
    from backproof.short_names import adopt

    adopt(__name__)
