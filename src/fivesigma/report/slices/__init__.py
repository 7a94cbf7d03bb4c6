"""How the models do in slices of the events."""
