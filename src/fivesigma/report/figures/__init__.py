"""The figures, one family a file: each function reads a `View` and returns a `Plot`, or ``None`` without data."""
