"""What the folds' fits of one model lean on, joined: one record a method, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivesigma.study.analyses.explain.importance import joined, label, message
from fivesigma.study.analyses.explain.per_fold import joined_effects, shap_points
from fivesigma.study.analyses.explain.settings import clustered, names_of
from fivesigma.study.fit.data import Material
from fivesigma.study.plan import Entry

_RANKED_BY = ("permutation", "shap", "impurity")


def joined_methods(
    folds: Sequence[Mapping[str, Any]], entry: Entry, asked: Mapping[str, Any], material: Material
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the records by method, None for one that is not there, and the messages of these."""
    names = names_of(entry, material.meta["names"])
    groups, n_train = clustered(names, asked["groups"]), len(material.train)
    found: dict[str, Any] = {}
    messages: dict[str, str] = {}
    for method in ("permutation", "impurity", "shap"):
        if asked.get(method):
            parts = [fold.get(method, {}) for fold in folds]
            found[method] = joined(parts, groups, n_train)
            if found[method] is None:
                messages[method] = message(parts)
            elif method == "shap":
                mean = np.mean([part["mean"] for part in parts], axis=0)
                found[method]["points"] = shap_points(parts, groups, mean)
    if asked.get("effects"):
        parts = [fold.get("effects", {}) for fold in folds]
        found["effects"] = joined_effects(parts, asked["grids"], _order(found, groups, names), n_train)
        if found["effects"] is None:
            messages["effects"] = message(parts)
        elif material.meta["classes"] is not None:
            found["effects"]["of"] = material.meta["classes"][-1]
    return found, messages


def _order(found: Mapping[str, Any], groups: Sequence[Sequence[str]], names: Sequence[str]) -> Sequence[str]:
    """Return the columns by the first importance there is: those whose effect is shown first."""
    ranked = next((found[method]["names"] for method in _RANKED_BY if found.get(method)), None)
    if ranked is None:
        return names
    members = {label(group): group for group in groups}
    return [name for each in ranked for name in members[each]]
