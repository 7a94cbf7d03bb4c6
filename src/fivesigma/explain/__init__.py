"""Which features matter, and what is left without them."""

from fivesigma.explain.ablation import Step, drop_best, forward_selection
from fivesigma.explain.effects import Effect, partial_dependence
from fivesigma.explain.importance import (
    Importance,
    ImpurityImportance,
    cluster_columns,
    drop_column_importance,
    impurity_importance,
    permutation_importance,
)
from fivesigma.explain.shapley import ShapleyValues, shapley_values

__all__ = [
    "Effect",
    "Importance",
    "ImpurityImportance",
    "ShapleyValues",
    "Step",
    "cluster_columns",
    "drop_best",
    "drop_column_importance",
    "forward_selection",
    "impurity_importance",
    "partial_dependence",
    "permutation_importance",
    "shapley_values",
]
