"""Points, natural domains, reference values, finite differences."""
