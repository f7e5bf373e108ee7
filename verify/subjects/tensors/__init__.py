"""Rules of whole arrays, as authors of PyTorch, JAX and NumPy code write them: run, and traced as array programs."""
