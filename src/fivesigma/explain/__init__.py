"""Which features matter, and what is left without them."""
