"""Predicted against true."""
