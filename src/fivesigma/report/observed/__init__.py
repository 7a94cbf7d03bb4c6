"""Observed events beside the simulation."""
