"""Results as frozen records, and how they are kept."""
