"""A scan: the same study at each point of a grid of its own settings, several times over."""
