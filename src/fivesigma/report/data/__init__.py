"""What was read."""
