"""PyTorch below autograd: what each of its operations does to the entries of arrays, written down as it runs."""
