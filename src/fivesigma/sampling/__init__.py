"""Markov-chain steps and the diagnostics that judge them."""
