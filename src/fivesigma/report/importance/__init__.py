"""What the models lean on."""
