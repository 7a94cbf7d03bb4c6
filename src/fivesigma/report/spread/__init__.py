"""Whether the spread of an ensemble is honest."""
