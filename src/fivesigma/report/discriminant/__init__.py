"""Signal against a declared mixture of backgrounds."""
