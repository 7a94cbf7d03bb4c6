"""What a run found as tables for a paper."""
