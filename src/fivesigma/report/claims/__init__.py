"""Each claim with its significance."""
