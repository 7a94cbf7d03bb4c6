"""Datasets and their readers."""
