"""The study: its document, its registry of names, its run."""
