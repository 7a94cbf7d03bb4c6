"""Score of signal and background."""
