"""The linear law."""
