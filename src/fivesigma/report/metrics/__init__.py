"""Every metric of every model, with its unit, on every part of the data."""
