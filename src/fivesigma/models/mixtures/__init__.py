"""Mixtures of Gaussians: sampled exactly, their labels aligned, and held against what theory allows."""
