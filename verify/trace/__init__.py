"""A rule run on symbols: what it computes, as a term."""
