"""How settings were chosen."""
