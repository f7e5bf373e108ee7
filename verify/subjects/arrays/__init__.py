"""Forward and backward functions on arrays."""
