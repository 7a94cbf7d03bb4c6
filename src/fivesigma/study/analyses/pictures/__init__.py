"""Pictures of some events, with what is true and what was said of them."""
