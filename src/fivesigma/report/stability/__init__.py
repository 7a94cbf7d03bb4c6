"""Whether clusters are found again."""
