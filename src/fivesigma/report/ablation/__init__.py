"""What is left without the best columns."""
