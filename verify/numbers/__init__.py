"""Points, the reference, units in the last place, finite differences."""
