"""How many events are left after each cut."""
