"""How networks were trained."""
