"""What the models saw of images."""
