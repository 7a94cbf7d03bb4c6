"""Whether the chains have converged."""
