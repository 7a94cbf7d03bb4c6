"""Physical systems with known truth, one a file."""
