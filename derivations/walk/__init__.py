"""The backward pass through a graph, node by node."""
