"""The models by score."""
