"""What can be verified, one adapter per file: each turns user code into operations."""
