"""What the folds' fits of one model lean on, joined: one record a method, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fivesigma.record.sections.explained import Effects, Importance
from fivesigma.study.analyses.explain.importance import joined, label, message
from fivesigma.study.analyses.explain.per_fold import joined_effects, shap_points
from fivesigma.study.analyses.explain.settings import clustered, names_of
from fivesigma.study.fit.data import FitData
from fivesigma.study.plan import Entry

Records = dict[str, Importance | Effects | None]
Methods = tuple[Records, dict[str, str]]
_RANKED_BY = ("permutation", "shap", "integrated_gradients", "impurity")


def joined_methods(
    folds: Sequence[Mapping[str, Any]], entry: Entry, asked: Mapping[str, Any], fit_data: FitData
) -> Methods:
    """Return the records by method, None for one that is not there, and the messages of these."""
    names = names_of(entry, fit_data.meta)
    groups, n_train = clustered(names, asked["groups"]), len(fit_data.train)
    found: Records = {}
    messages: dict[str, str] = {}
    for method in ("permutation", "impurity", "shap", "integrated_gradients"):
        if asked.get(method):
            parts = [fold.get(method, {}) for fold in folds]
            record = joined(parts, groups, n_train)
            if record is None:
                messages[method] = message(parts)
            elif method == "shap":
                mean = np.mean([part["mean"] for part in parts], axis=0)
                record = replace(record, points=shap_points(parts, groups, mean))
            found[method] = record
    if not asked.get("effects"):
        return found, messages
    parts = [fold.get("effects", {}) for fold in folds]
    effects = joined_effects(parts, asked["grids"], _order(found, groups, names), n_train)
    if effects is None:
        messages["effects"] = message(parts)
    elif fit_data.meta["classes"] is not None:
        effects = replace(effects, of=fit_data.meta["classes"][-1])
    return {**found, "effects": effects}, messages


def _order(found: Records, groups: Sequence[Sequence[str]], names: Sequence[str]) -> Sequence[str]:
    """Return the columns by the first importance there is: those whose effect is shown first."""
    every = (found.get(method) for method in _RANKED_BY)
    ranked = next((kept.names for kept in every if isinstance(kept, Importance)), None)
    if ranked is None:
        return names
    members = {label(group): group for group in groups}
    return [name for each in ranked for name in members[each]]
