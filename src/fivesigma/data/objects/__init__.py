"""From lists of each event (muons, jets) to objects with rules, which expressions turn into columns."""
