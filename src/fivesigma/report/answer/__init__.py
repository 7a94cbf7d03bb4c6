"""The question, and its answer in one sentence."""
