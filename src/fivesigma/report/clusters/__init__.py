"""The clusters that were found."""
