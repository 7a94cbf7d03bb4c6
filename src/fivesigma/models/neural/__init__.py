"""Networks: ensembles whose members are trained in one pass."""
