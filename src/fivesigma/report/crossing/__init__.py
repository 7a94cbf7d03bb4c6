"""Where an output crosses a value in systems of several sizes."""
