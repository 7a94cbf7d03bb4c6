"""What the weights are worth, and what training makes of negative ones."""
