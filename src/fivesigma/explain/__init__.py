"""Which features matter, and what is left without them; the names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_PLACES = {
    "Effect": "effects",
    "Importance": "importance",
    "ImpurityImportance": "importance",
    "ShapleyValues": "shapley",
    "Step": "ablation",
    "cluster_columns": "importance",
    "drop_best": "ablation",
    "drop_column_importance": "importance",
    "forward_selection": "ablation",
    "impurity_importance": "importance",
    "partial_dependence": "effects",
    "permutation_importance": "importance",
    "shapley_values": "shapley",
}

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


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'fivesigma.explain' has no attribute {name!r}")
    return getattr(importlib.import_module(f"fivesigma.explain.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
