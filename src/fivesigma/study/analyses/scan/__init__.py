"""One study at each point."""
