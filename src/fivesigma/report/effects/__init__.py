"""How a prediction moves with a column."""
