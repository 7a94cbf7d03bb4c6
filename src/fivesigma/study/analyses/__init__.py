"""What is asked beside scores."""
