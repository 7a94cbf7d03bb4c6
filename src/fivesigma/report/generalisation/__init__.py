"""In training, out of fold and on tests."""
