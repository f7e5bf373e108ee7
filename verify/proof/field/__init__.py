"""The differential field: normal forms, generators, signs and limits."""
