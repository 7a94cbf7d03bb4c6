"""Declared symmetries: what an image of an event changes in an answer."""
