"""The tests after the first, apart from it."""
