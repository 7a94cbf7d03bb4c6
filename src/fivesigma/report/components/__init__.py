"""The events in their principal components."""
