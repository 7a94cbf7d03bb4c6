"""Scores against events and settings."""
