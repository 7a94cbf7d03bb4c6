"""What the scores are worth in an experiment that counts events."""
