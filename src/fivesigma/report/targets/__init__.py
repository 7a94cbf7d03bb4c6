"""Each of several targets."""
