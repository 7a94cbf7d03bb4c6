"""Whether a probability comes true as often as it says."""
