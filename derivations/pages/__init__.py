"""Documents, and one printer for each format."""
