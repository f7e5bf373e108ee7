"""Terms evaluated: over any registered arithmetic, as float programs, on intervals, on series."""
