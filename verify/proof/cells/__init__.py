"""Cells of a domain, and the boundaries between them."""
