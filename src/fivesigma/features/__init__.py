"""What turns a Dataset into the matrix that a model is fitted to."""
