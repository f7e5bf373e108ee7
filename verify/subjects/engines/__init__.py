"""Classes of nodes: the engine of this project, and user-defined engines."""
