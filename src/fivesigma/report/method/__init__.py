"""How it was done."""
