"""How to cite."""
