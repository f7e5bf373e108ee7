"""The operations by family: each forward beside its hand-written rule."""
