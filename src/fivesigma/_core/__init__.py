"""Errors, checks, expressions, randomness, units and the executor: what every floor stands on."""
