"""Signal efficiency and background rejection."""
