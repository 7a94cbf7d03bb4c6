"""A run that exists."""
