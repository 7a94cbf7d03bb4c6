"""The figures, one family a file: from a `View` to a `Plot`, or to ``None`` without data."""
