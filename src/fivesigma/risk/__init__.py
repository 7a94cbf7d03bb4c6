"""Losses, metrics, splits, evidence and generalisation: the theory, without a single model."""
