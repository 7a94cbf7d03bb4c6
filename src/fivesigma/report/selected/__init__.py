"""What the choice of the best model is worth."""
