"""Runs user code on symbols: every branch followed, functions rebuilt, literals kept exact."""
