"""Decision regions."""
