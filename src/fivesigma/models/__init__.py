"""Estimators of scikit-learn's contract, and nothing else."""
