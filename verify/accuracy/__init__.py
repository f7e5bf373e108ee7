"""How accurate a rule is in floats: the worst point, sound bounds, other formats, sweeps and better forms."""
