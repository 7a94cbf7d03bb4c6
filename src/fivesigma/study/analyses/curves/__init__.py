"""Curves of a model."""
