"""The logbook as a page: runs in the order of time, with what changed and whether that made a difference."""
