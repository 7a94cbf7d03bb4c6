"""What was left of the columns."""
