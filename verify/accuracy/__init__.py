"""The accuracy of a rule in floats: the worst point, sound bounds, other formats, sweeps and better forms."""
