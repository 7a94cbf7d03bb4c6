"""Studies without a target: clusterings, their fits, scores, evidence and record."""
