"""Carry a study out."""
